"""The page of a workspace's retention policy."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.core.db import workspace_scope
from apps.core.htmx import render_page
from apps.generation import retention
from apps.generation.retention_forms import RetentionForm


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
def retention_policy(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show for how long the workspace keeps its texts, and let an owner change it. Raises NotPermittedError."""
    if request.method == "POST":
        request.membership.require(Permission.SET_RETENTION)
    with workspace_scope(request.workspace.pk):
        policy = retention.find_policy(request.workspace.pk)
        known = {"action": policy.action, "days": policy.days}
        form = RetentionForm(request.POST if request.method == "POST" else None, initial=known)
        is_saved = form.is_valid()
        if is_saved:
            retention.save_policy(
                workspace_id=request.workspace.pk,
                actor=f"user:{request.user.pk}",
                wanted=form.cleaned_data["action"],
                days=form.cleaned_data["days"],
            )
    if is_saved:
        messages.success(request, _("It is saved. Older texts follow within a few hours."))
        return redirect("retention:policy")
    context = {"form": form, "policy": policy, "may_change": request.membership.may(Permission.SET_RETENTION)}
    return render_page(request, "settings/retention.html", context, status=422 if form.is_bound else 200)
