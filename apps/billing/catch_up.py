"""What webhooks missed: Stripe is asked for its events, and for what was paid, since the last time.

Both walks go forward in slices and note how far they came after each, so one that is cut off goes on from there. They
overlap with the walk before, since records may appear late; what is known already is left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

import structlog
from django.db import connection

from apps.billing import events, stripe_client, stripe_records
from apps.billing.handlers import HANDLERS
from apps.billing.models import Payment, Watermark, WebhookEvent
from apps.billing.stripe_records import Paid
from apps.core.db import system_scope
from apps.core.errors import DomainError

Item = TypeVar("Item")

logger = structlog.get_logger(__name__)

# Stripe keeps events for this long.
REACH = timedelta(days=30)
SLICE = timedelta(days=3)
OVERLAPS = {
    Watermark.Name.EVENTS: timedelta(hours=1),
    # A checkout session can be paid until a day after it was made.
    Watermark.Name.PAYMENTS: timedelta(hours=25),
}
# Stripe's own limit for a list of types.
TYPES_MAX = 20
BATCH = 100


@dataclass(frozen=True)
class CaughtUp:
    """What was missing, and was brought in: events recorded, and payments synced."""

    events: int
    payments: int


def catch_up(*, now: datetime) -> CaughtUp:
    """Bring in what webhooks missed. Recorded events are due at once; the caller rings.

    Raises StripeUnavailableError or StripeRefusedError; what was found until then is kept.
    """
    caught = CaughtUp(events=record_missed_events(now=now), payments=sync_missed_payments(now=now))
    if caught.events or caught.payments:
        logger.warning("caught_up", events=caught.events, payments=caught.payments)
    return caught


def record_missed_events(*, now: datetime) -> int:
    """Record the events that were never delivered, and return how many."""
    recorded = 0
    types = sorted(HANDLERS)
    for since, until in _slices(Watermark.Name.EVENTS, now=now):
        created = stripe_records.within(since=since, until=until)
        for first in range(0, len(types), TYPES_MAX):
            some = types[first : first + TYPES_MAX]
            found = stripe_records.walk_all(
                lambda v1, page, more=created | {"types": some}: v1.events.list(page | more)
            )
            recorded += sum(_record_missing(batch) for batch in _batches(found))
        _advance(Watermark.Name.EVENTS, until=until or now)
    return recorded


def sync_missed_payments(*, now: datetime) -> int:
    """Bring in what was paid without our knowing, and return how much; the rest is left to the reconciliation."""
    synced = 0
    for since, until in _slices(Watermark.Name.PAYMENTS, now=now):
        for batch in _batches(stripe_records.list_paid(since=since, until=until)):
            synced += sum(_sync(paid) for paid in _list_missing(batch))
        _advance(Watermark.Name.PAYMENTS, until=until or now)
    return synced


def _slices(name: Watermark.Name, *, now: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield the spans to walk, oldest first; the last one is open, whatever Stripe's clock says."""
    with system_scope():
        mark = Watermark.objects.filter(pk=name).first()
    since = max(mark.read_until - OVERLAPS[name], now - REACH) if mark else now - REACH
    while since + SLICE < now:
        yield since, since + SLICE
        since += SLICE
    yield since, None


def _advance(name: Watermark.Name, *, until: datetime) -> None:
    """Note how far a walk has come; of two at once, the further one stands."""
    with system_scope():
        Watermark.objects.bulk_create([Watermark(name=name, read_until=until)], ignore_conflicts=True)
        Watermark.objects.filter(pk=name, read_until__lt=until).update(read_until=until)


def _batches(found: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(found, BATCH)):
        yield batch
        # The next page is waited for without a connection.
        if not connection.in_atomic_block:
            connection.close()


def _record_missing(batch: list[dict[str, Any]]) -> int:
    ids = [told["id"] for told in batch]
    with system_scope():
        known = set(WebhookEvent.objects.filter(stripe_id__in=ids).values_list("stripe_id", flat=True))
    missing = [told for told in batch if told["id"] not in known]
    for told in missing:
        events.record_event(stripe_client.event_of(told))
    return len(missing)


def _list_missing(batch: list[Paid]) -> list[Paid]:
    """Return what is ours and has no Payment."""
    ours = stripe_records.find_workspaces(batch)
    with system_scope():
        known = set(Payment.objects.filter(source_key__in=list(ours)).values_list("source_key", flat=True))
    return [paid for paid in batch if paid.source_key in ours.keys() - known]


def _sync(paid: Paid) -> bool:
    try:
        paid.sync()
    except stripe_client.StripeUnavailableError:
        raise
    except DomainError as error:
        # One that cannot be brought in must not hold up the others; the reconciliation shows it to staff.
        logger.error("payment_not_caught_up", stripe_id=paid.stripe_id, error=str(error))
        return False
    return True
