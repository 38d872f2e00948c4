"""The page of what a plan allows; the usage page loads its main part."""

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.core.db import workspace_scope
from apps.core.htmx import render_page
from apps.generation import quotas


@never_cache
@workspace_required
@require_safe
def quotas_page(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show what the plan allows, and how much of it is used now."""
    with workspace_scope(request.workspace.pk):
        rights, listed = quotas.list_quotas(request.workspace.pk)
    context = {"rights": rights, "quotas": listed}
    return render_page(request, "generation/quotas.html", context, partials=["quotas"])
