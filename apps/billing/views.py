"""The billing page: what a workspace has, and where every credit came from and went to."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.billing import selectors
from apps.billing.explanations import explain
from apps.core.db import workspace_scope

ENTRIES_PER_PAGE = 50


@require_safe
@workspace_required
def overview(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show balance, open holds, grants and one page of the ledger; `?before=` is the position to continue below."""
    with workspace_scope(request.workspace.pk):
        context = _overview(request)
    return render(request, "billing/overview.html", context)


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Show what a credit is and how many are free."""
    return render(request, "billing/pricing.html", {"free_credits": settings.SIGN_UP_GRANT_CREDITS})


def _overview(request: WorkspaceHttpRequest) -> dict[str, object]:
    workspace_id = request.workspace.pk
    entries = selectors.list_entries(workspace_id).select_related("grant")
    before = request.GET.get("before", "")
    # At most 18 digits: anything longer is no position, and more than the column could be compared with.
    if before.isascii() and before.isdigit() and len(before) <= 18:
        entries = entries.filter(position__lt=int(before))
    page = list(entries[: ENTRIES_PER_PAGE + 1])
    shown = page[:ENTRIES_PER_PAGE]
    return {
        "balance": selectors.get_balance(workspace_id),
        "holds": list(selectors.list_open_holds(workspace_id)),
        "grants": list(selectors.list_grants(workspace_id)),
        "lines": [(entry, explain(entry)) for entry in shown],
        "next_before": shown[-1].position if len(page) > len(shown) else None,
        "is_first_page": not before,
    }
