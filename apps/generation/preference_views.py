"""The page of how a person likes to be written for."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.core.db import workspace_scope
from apps.core.htmx import render_page
from apps.generation import preferences
from apps.generation.preference_forms import PreferenceForm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
def writing(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show tone, language and first template, and save them. They are the person's own, in every workspace."""
    with workspace_scope(request.workspace.pk):
        if request.method == "POST":
            form = PreferenceForm(request.POST, user=request.user)
            if form.is_valid():
                preferences.save(user_id=request.user.pk, **form.cleaned_data)
                messages.success(request, _("Saved. Your next text is written so."))
                return redirect("writing")
        else:
            kept = preferences.of_user(request.user.pk)
            initial = {"tone": kept.tone, "language": kept.language, "template": kept.template}
            form = PreferenceForm(initial=initial, user=request.user)
    return render_page(request, "settings/writing.html", {"form": form}, status=422 if form.errors else 200)
