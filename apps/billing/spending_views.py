"""What customers allow: the page of the spending rules."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.billing import spending, tasks
from apps.billing.buyers import require_buyer
from apps.billing.spending_forms import SpendingForm
from apps.core.db import workspace_scope
from apps.core.htmx import render_page
from apps.core.ringing import ring_on_commit


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
def spending_rules(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show what the workspace allows to be spent, and save it. Raises NotABuyerError."""
    require_buyer(request.membership, permission=Permission.SET_SPENDING_RULES)
    sent = request.POST if request.method == "POST" else None
    with workspace_scope(request.workspace.pk):
        situation = spending.look_up(request.workspace.pk, at=timezone.now())
        form = SpendingForm(sent, situation=situation)
        is_saved = form.is_valid()
        if is_saved:
            spending.save_rules(workspace_id=request.workspace.pk, actor=f"user:{request.user.pk}", **form.rules())
            # Stripe is asked to meter overage before any of it is used.
            ring_on_commit(tasks.report_overage)
    if is_saved:
        messages.success(request, _("Your spending rules are saved."))
        return redirect("billing:spending")
    status = 200 if sent is None else 422
    return render_page(request, "billing/spending.html", {"form": form, "situation": situation}, status=status)
