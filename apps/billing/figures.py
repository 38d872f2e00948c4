"""Figures over all customers, for staff: each is one query that reads an index, never a whole table."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Min, Q, Sum
from django.db.models.functions import Coalesce, Least, TruncDate

from apps.billing.models import Hold, Invoice, LedgerEntry, Payment, Reconciliation, Subscription, WebhookEvent
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


class Revenue(NamedTuple):
    """Payments in one currency: how many, and their minor units less what was refunded and what is disputed or lost."""

    currency: str
    today: int
    today_count: int
    all: int
    all_count: int


class Subscriptions(NamedTuple):
    """Subscriptions that began since some moment and were paid or tried, and all whose payment is overdue now."""

    new: int
    overdue: int


class Uncollected(NamedTuple):
    """Invoices whose payment failed and that are still open, and payments in dispute."""

    invoices: int
    disputes: int


class Waiting(NamedTuple):
    """Events that failed for good, and those that wait, with the oldest of them."""

    failed: int
    waiting: int
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


def sum_revenue(*, start: datetime, today: datetime) -> list[Revenue]:
    """Return the revenue since a moment, and of it today's, the largest currency first."""
    paid = Payment.objects.filter(since(start, field="paid_at")).values("currency")
    stays = F("amount") - F("amount_refunded") - Least(F("amount_disputed"), F("amount") - F("amount_refunded"))
    of_today = Q(paid_at__gte=today)
    sums: Any = paid.annotate(
        today=Coalesce(Sum(stays, filter=of_today), 0),
        today_count=Count("pk", filter=of_today),
        all=Coalesce(Sum(stays), 0),
        all_count=Count("pk"),
    )
    return [Revenue(**{**row, "today": int(row["today"]), "all": int(row["all"])}) for row in sums.order_by("-all")]


def count_subscriptions(*, start: datetime) -> Subscriptions:
    """Return how many subscriptions began since a moment, and how many are overdue, whenever they began."""
    never_paid = [Subscription.Status.INCOMPLETE, Subscription.Status.INCOMPLETE_EXPIRED]
    new = Q(since(start, field="started_at")) & ~Q(status__in=never_paid)
    overdue = Q(status=Subscription.Status.PAST_DUE)
    found = Subscription.objects.filter(new | overdue).aggregate(
        new=Count("pk", filter=new), overdue=Count("pk", filter=overdue)
    )
    return Subscriptions(**found)


def count_uncollected(*, start: datetime, disputable: datetime) -> Uncollected:
    """Return the invoices since a moment whose payment failed, and the open disputes of what can still be disputed."""
    failed = Q(status=Invoice.Status.OPEN, attempt_count__gt=0)
    disputed = Q(dispute_status=Payment.DisputeStatus.OPEN)
    return Uncollected(
        Invoice.objects.filter(since(start, field="issued_at"), failed).count(),
        Payment.objects.filter(since(disputable, field="paid_at"), disputed).count(),
    )


def get_waiting_events(*, start: datetime) -> Waiting:
    """Return which of Stripe's events since then are not processed."""
    failed = Q(status=WebhookEvent.Status.FAILED)
    events = WebhookEvent.objects.filter(since(start, field="received_at"), status__in=UNPROCESSED)
    found = events.aggregate(
        failed=Count("pk", filter=failed),
        waiting=Count("pk", filter=~failed),
        oldest_at=Min("received_at", filter=~failed),
    )
    return Waiting(**found)


def find_latest_differences() -> int | None:
    """Return how many differences the latest reconciliation found; None before the first."""
    latest = Reconciliation.objects.order_by("-pk").values_list("differences", flat=True).first()
    return None if latest is None else len(latest)
