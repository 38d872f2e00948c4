"""The mail that says when credits run low: found in the ledger afterwards, so that no payment ever waits for it.

An account's balance goes below LOW_BALANCE_CREDITS with one entry and stays there until another brings it back. That
entry names the mail, so however often, and by however many at once, it is found: one mail to each person who wants it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from apps.accounts.models import Membership
from apps.accounts.selectors import STAYING
from apps.billing.buyers import BUYERS
from apps.billing.models import LedgerEntry
from apps.core import mailing
from apps.core.db import system_scope
from apps.core.mail_rendering import absolute_url

# Entries get their id before they are committed: what is this young may still appear behind what was read.
OVERLAP = timedelta(minutes=5)
# A scan reads no more than this at once: after a long standstill several of them catch up.
STRIDE = timedelta(hours=1)
READ_UNTIL = "billing.low_balance.read_until"


def notify_low_balances(*, now: datetime | None = None) -> int:
    """Queue the mails for what went below the threshold since the last call, and return how many people were meant.

    Where the last call ended is kept in Redis. If that is lost, entries of the last hour are read once more.
    """
    now = now or timezone.now()
    if not settings.LOW_BALANCE_CREDITS:
        return 0
    since = cache.get(READ_UNTIL) or now - STRIDE
    until = min(now, since + STRIDE)
    with system_scope():
        meant = sum(_notify(entry) for entry in list_falls(since=since - OVERLAP, until=until + OVERLAP))
    cache.set(READ_UNTIL, until, timeout=None)
    return meant


def list_falls(*, since: datetime, until: datetime) -> QuerySet[LedgerEntry]:
    """Return the entries made in a span of time that took an account below the threshold, where it has been since.

    What a refund takes back is no news to whom it is paid. What is held counts as there: most holds are captured in
    part. Ids are in the order of time, so the primary key finds the span, and a later entry is found by its position.
    """
    threshold = settings.LOW_BALANCE_CREDITS
    recovered = LedgerEntry.objects.filter(
        account_id=OuterRef("account_id"), position__gt=OuterRef("position"), balance_after__gte=threshold
    )
    return (
        LedgerEntry.objects.filter(pk__gte=_first_id_at(since), pk__lt=_first_id_at(until))
        .exclude(kind=LedgerEntry.Kind.REFUND)
        .filter(balance_after__lt=threshold, amount__lte=F("balance_after") - threshold)
        .filter(~Exists(recovered))
        .select_related("account__workspace")
    )


def _notify(entry: LedgerEntry) -> int:
    account, workspace = entry.account, entry.account.workspace
    members = list(_list_told(workspace.pk))
    for member in members:
        mailing.send(
            key=f"low-balance:{entry.pk}:{member.user_id}",
            to=member.user.email,
            template="mail/low_balance.html",
            workspace_name=workspace.name,
            available=account.available,
            threshold=settings.LOW_BALANCE_CREDITS,
            billing_url=absolute_url("billing:overview"),
        )
    return len(members)


def _list_told(workspace_id: UUID) -> QuerySet[Membership]:
    wanted = Membership.objects.filter(STAYING, user__wants_low_balance_mail=True)
    return wanted.filter(workspace_id=workspace_id, role__in=BUYERS).select_related("user").order_by("pk")


def _first_id_at(moment: datetime) -> UUID:
    return UUID(int=int(moment.timestamp() * 1000) << 80)
