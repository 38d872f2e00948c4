"""The billing page: the plan, what a workspace has, what it paid, and where every credit came from and went to."""

from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.access import permission_required, workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.billing import news, offers, receipts, selectors, stripe_client
from apps.billing.buyers import can_buy
from apps.billing.catalogue import load_catalogue
from apps.billing.explanations import explain, find_subject_url
from apps.billing.selectors import Balance
from apps.billing.summary import summarize
from apps.core.db import workspace_scope
from apps.core.htmx import render_page

ENTRIES_PER_PAGE = 50


@require_safe
@workspace_required
def overview(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show plan, balance, what can be bought, what was paid, and the ledger; `?before=` is its position to go on at.

    `?day=` shows what was charged for on one day (UTC) alone, which a line of the usage page adds up.
    """
    with workspace_scope(request.workspace.pk):
        balance = selectors.get_balance(request.workspace.pk)
        # The frame shows the balance, too, under this name.
        context = _ledger(request) | {"credits": balance}
        if context["is_first_page"]:
            context |= _shop(request, balance=balance)
    return render_page(request, "billing/overview.html", context)


@require_safe
@permission_required(Permission.SEE_MONEY)
def receipt(request: WorkspaceHttpRequest, payment_id: UUID) -> HttpResponse:
    """Show one payment: what was bought, the credits that it brought, and what was taken back of both."""
    with workspace_scope(request.workspace.pk):
        found = receipts.find_receipt(workspace_id=request.workspace.pk, payment_id=payment_id)
        if found is None:
            raise Http404
    return render_page(request, "billing/receipt.html", {"receipt": found})


def _ledger(request: WorkspaceHttpRequest) -> dict[str, object]:
    workspace_id = request.workspace.pk
    day = _day(request.GET.get("day", ""))
    entries = selectors.list_captures(workspace_id, day=day) if day else selectors.list_entries(workspace_id)
    entries = entries.select_related("grant", "payment")
    before = request.GET.get("before", "")
    # At most 18 digits: anything longer is no position, and more than the column could be compared with.
    if before.isascii() and before.isdigit() and len(before) <= 18:
        entries = entries.filter(position__lt=int(before))
    page = list(entries[: ENTRIES_PER_PAGE + 1])
    shown = page[:ENTRIES_PER_PAGE]
    here = request.path
    older = {"before": shown[-1].position} if len(page) > len(shown) else {}
    return {
        "day": day,
        "lines": [(entry, explain(entry)) for entry in shown],
        "older_url": f"{here}?{urlencode(older | ({'day': day} if day else {}))}" if older else "",
        "newest_url": (f"{here}?day={day}" if day else here) if before else "",
        "is_first_page": not before and not day,
    }


def _day(text: str) -> date | None:
    """Return a day as addresses write it; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(2000, 1, 1) <= day <= date(2199, 12, 31) else None


def _shop(request: WorkspaceHttpRequest, *, balance: Balance) -> dict[str, object]:
    workspace_id, now = request.workspace.pk, timezone.now()
    catalogue, summary = load_catalogue(), summarize(workspace_id, at=now)
    is_buyer = can_buy(request.membership.role)
    sees_money = request.membership.may(Permission.SEE_MONEY)
    # The frame shows the news, too, and would ask for the plan once more.
    return {
        "billing_news": news.describe(summary.held, debt=balance.debt, due=summary.due, at=now) if is_buyer else [],
        "summary": summary,
        "packs": offers.list_pack_offers(catalogue),
        "pack_credits_days": catalogue.rules.pack_credits_days,
        "can_buy": is_buyer,
        "is_selling": stripe_client.is_configured(),
        "holds": [(hold, find_subject_url(hold.idempotency_key)) for hold in selectors.list_open_holds(workspace_id)],
        "grants": list(selectors.list_grants(workspace_id)),
        "invoices": list(receipts.list_invoices(workspace_id)) if sees_money else [],
        "receipts": receipts.list_receipts(workspace_id) if sees_money else [],
    }
