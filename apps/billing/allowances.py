"""The free plan's allowance: what a balance was short of it when the month (UTC) began is given, once in the month.

It is counted from the balance at that moment, so it does not matter when, how often, or by how many this is done.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from apps.accounts.models import Membership, Workspace
from apps.accounts.selectors import STAYING
from apps.billing import ledger
from apps.billing.catalogue import load_catalogue
from apps.billing.entitlements import Standing, entitlements
from apps.billing.models import CreditAccount, CreditGrant, LedgerEntry
from apps.billing.spending import month_start
from apps.core.db import system_scope

logger = structlog.get_logger(__name__)

SLICE = 1_000
# Where the last slice ended. If it is lost, everybody is looked at again, and nobody gets more.
READ_UNTIL = "billing.allowances.read_until"
FIRST = UUID(int=0)
UNPAID = {Standing.FREE, Standing.OVERDUE}


def fill_up(*, now: datetime | None = None, slice_size: int = SLICE) -> bool:
    """Give the allowance to the next slice of workspaces; return whether more of them follow.

    Whoever came in this month has had their welcome. Who owes credits, or has a plan, gets nothing for now.
    """
    now = now or timezone.now()
    allowance = load_catalogue().get_free_plan().monthly_allowance_credits
    if not allowance:
        return False
    read_until = cache.get(READ_UNTIL) or FIRST
    with system_scope():
        accounts = list(_list_accounts(now).filter(pk__gt=read_until)[:slice_size])
    for account in accounts:
        if account.opening is not None and account.opening < allowance and not account.debt:
            _give(account.pk, amount_credits=allowance - account.opening, now=now)
    is_full = len(accounts) == slice_size
    cache.set(READ_UNTIL, accounts[-1].pk if is_full else None, timeout=None)
    return is_full


def _list_accounts(now: datetime) -> QuerySet[Any]:
    """Return the credit accounts of people who are still there, each with its balance when the month began."""
    before = LedgerEntry.objects.filter(account_id=OuterRef("pk"), created_at__lt=month_start(now))
    opening = before.order_by("-position").values("balance_after")[:1]
    given = LedgerEntry.objects.filter(account_id=OuterRef("pk"), idempotency_key=_key(now))
    people = Membership.objects.filter(STAYING, workspace_id=OuterRef("pk"))
    accounts = CreditAccount.objects.filter(~Exists(given), Exists(people), created_at__lt=month_start(now))
    # A person has one allowance, however many teams they make.
    accounts = accounts.exclude(workspace__kind=Workspace.Kind.TEAM, workspace__made_for=None)
    return accounts.annotate(opening=Subquery(opening)).order_by("pk")


def _give(workspace_id: UUID, *, amount_credits: int, now: datetime) -> None:
    with system_scope():
        if entitlements(workspace_id, at=now).standing not in UNPAID:
            return
        try:
            ledger.grant(
                workspace_id=workspace_id,
                amount_credits=amount_credits,
                source=CreditGrant.Source.PLAN,
                idempotency_key=_key(now),
            )
        except ledger.IdempotencyConflictError:
            # The catalogue has changed between two who did this at once.
            logger.info("allowance_given_before", workspace_id=str(workspace_id))


def _key(now: datetime) -> str:
    return f"allowance:{month_start(now):%Y-%m}"
