"""The billing page: what a workspace has, and where every credit came from and went to."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.billing import selectors
from apps.billing.explanations import explain, find_subject_url
from apps.core.db import workspace_scope
from apps.core.htmx import render_page

ENTRIES_PER_PAGE = 50


@require_safe
@workspace_required
def overview(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show balance, open holds, grants and one page of the ledger; `?before=` is the position to continue below."""
    with workspace_scope(request.workspace.pk):
        context = _overview(request)
    return render_page(request, "billing/overview.html", context)


def _overview(request: WorkspaceHttpRequest) -> dict[str, object]:
    workspace_id = request.workspace.pk
    entries = selectors.list_entries(workspace_id).select_related("grant")
    before = request.GET.get("before", "")
    # At most 18 digits: anything longer is no position, and more than the column could be compared with.
    if before.isascii() and before.isdigit() and len(before) <= 18:
        entries = entries.filter(position__lt=int(before))
    page = list(entries[: ENTRIES_PER_PAGE + 1])
    shown = page[:ENTRIES_PER_PAGE]
    here = request.path
    return {
        "balance": selectors.get_balance(workspace_id),
        "holds": [(hold, find_subject_url(hold.idempotency_key)) for hold in selectors.list_open_holds(workspace_id)],
        "grants": list(selectors.list_grants(workspace_id)),
        "lines": [(entry, explain(entry)) for entry in shown],
        "older_url": f"{here}?before={shown[-1].position}" if len(page) > len(shown) else "",
        "newest_url": here if before else "",
        "is_first_page": not before,
    }
