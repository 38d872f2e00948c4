"""Figures over all customers, for staff: each is one query that reads an index, never a whole table."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Min, Q, Sum
from django.db.models.functions import TruncDate

from apps.billing.models import Hold, LedgerEntry, WebhookEvent
from apps.core.ids import since

# What staff and customers would call "given": not what came back through a refund or a reversal.
GRANTED = Q(kind__in=[LedgerEntry.Kind.GRANT, LedgerEntry.Kind.PURCHASE]) | Q(
    kind=LedgerEntry.Kind.ADJUSTMENT, amount__gt=0
)
SPENT = Q(kind=LedgerEntry.Kind.CAPTURE)
UNPROCESSED = [WebhookEvent.Status.RECEIVED, WebhookEvent.Status.PROCESSING, WebhookEvent.Status.FAILED]


class CreditsOfDay(NamedTuple):
    """Credits that came in, and that were captured, on a day (UTC)."""

    granted: int
    spent: int


class OpenHolds(NamedTuple):
    """Holds that reserve credits now; `overdue` ones should have been expired already."""

    number: int
    amount_credits: int
    overdue: int
    oldest_at: datetime | None


def sum_credits_by_day(*, start: datetime) -> dict[date, CreditsOfDay]:
    """Return what was granted and spent on each day (UTC) since then that saw either."""
    entries = LedgerEntry.objects.filter(since(start)).filter(GRANTED | SPENT)
    days = entries.annotate(day=TruncDate("created_at", tzinfo=UTC)).values("day")
    sums: Any = days.annotate(granted=Sum("amount", filter=GRANTED), spent=Sum("amount", filter=SPENT))
    return {row["day"]: CreditsOfDay(int(row["granted"] or 0), -int(row["spent"] or 0)) for row in sums}


def get_open_holds(*, now: datetime) -> OpenHolds:
    """Return how much is reserved for work in progress."""
    found = Hold.objects.filter(status=Hold.Status.OPEN).aggregate(
        count=Count("pk"),
        amount=Sum("amount"),
        overdue=Count("pk", filter=Q(expires_at__lt=now)),
        oldest=Min("placed_at"),
    )
    return OpenHolds(found["count"], int(found["amount"] or 0), found["overdue"], found["oldest"])


def count_unprocessed_events(*, start: datetime) -> dict[str, int]:
    """Return how many of Stripe's events since then are not processed, by status."""
    events = WebhookEvent.objects.filter(since(start, field="received_at"), status__in=UNPROCESSED)
    return dict(events.values_list("status").annotate(count=Count("pk")).order_by(F("status")))
