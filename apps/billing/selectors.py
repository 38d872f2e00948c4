"""Reads of the counting house: every one belongs to one workspace."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, QuerySet

from apps.billing.models import CreditAccount, CreditGrant, Hold, LedgerEntry


class Balance(NamedTuple):
    """What a workspace has, in credits."""

    balance: int
    held: int
    available: int
    debt: int


def get_balance(workspace_id: UUID) -> Balance:
    """Return the balances of a workspace, zeros before its first grant. One query."""
    account = CreditAccount.objects.filter(pk=workspace_id).values_list("balance", "held", "debt").first()
    balance, held, debt = account or (0, 0, 0)
    return Balance(balance=balance, held=held, available=balance - held, debt=debt)


def list_entries(workspace_id: UUID) -> QuerySet[LedgerEntry]:
    """Return the ledger of a workspace, newest first. `position` is the cursor: ids may be out of order by a moment."""
    return LedgerEntry.objects.filter(account_id=workspace_id).order_by("-position")


def list_captures(workspace_id: UUID, *, day: date) -> QuerySet[LedgerEntry]:
    """Return what was charged for on one day (UTC), newest first."""
    begin = datetime.combine(day, time(), tzinfo=UTC)
    captured = list_entries(workspace_id).filter(kind=LedgerEntry.Kind.CAPTURE)
    return captured.filter(created_at__gte=begin, created_at__lt=begin + timedelta(days=1))


def list_open_holds(workspace_id: UUID) -> QuerySet[Hold]:
    """Return the holds that reserve credits now, oldest first."""
    return Hold.objects.filter(account_id=workspace_id, status=Hold.Status.OPEN).order_by("placed_at", "id")


def list_grants(workspace_id: UUID) -> QuerySet[CreditGrant]:
    """Return the grants that have credits left, in the order in which they are spent."""
    grants = CreditGrant.objects.filter(account_id=workspace_id, remaining__gt=0)
    return grants.order_by(F("expires_at").asc(nulls_last=True), "id")
