"""Steps 2 and 3 of a payment: an event is written down once, then processed until its handler has succeeded.

Processing is claimed by a conditional UPDATE and fenced by the number of the attempt. A worker that dies leaves its
claim to run out; handlers are idempotent, so whoever comes next does what is still to be done.
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db.models import F, QuerySet
from django.utils import timezone

from apps.billing import payments, stripe_client, subscriptions
from apps.billing.handlers import HANDLERS
from apps.billing.models import WebhookEvent
from apps.billing.stripe_client import Event
from apps.core import audit
from apps.core.db import system_scope
from apps.core.errors import DomainError

logger = structlog.get_logger(__name__)

WAITING = [WebhookEvent.Status.RECEIVED, WebhookEvent.Status.PROCESSING]
ATTEMPTS_MAX = 15
# A claimed event is due again after this long, should its worker die.
CLAIM = timedelta(seconds=60)
# What will be refused tomorrow too: staff must look.
FINAL = (payments.PaymentMismatchError, subscriptions.UnknownPlanError)
FIRST_DELAY = timedelta(seconds=5)
DELAY_MAX = timedelta(hours=6)


class Recorded(NamedTuple):
    """A stored event, and whether it is still to be processed."""

    event_id: UUID
    is_waiting: bool


def record_event(event: Event) -> Recorded:
    """Store an event and commit; one that was delivered before is left as it is."""
    row = WebhookEvent(stripe_id=event.stripe_id, type=event.type, payload=event.payload)
    with system_scope():
        WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
        event_id, status = WebhookEvent.objects.values_list("pk", "status").get(stripe_id=event.stripe_id)
    return Recorded(event_id, is_waiting=status in WAITING)


def process_event(event_id: UUID | str) -> None:
    """Run the handler of an event that is due. A failure stays on the row and is tried again, ATTEMPTS_MAX times."""
    event = _claim(event_id)
    if event is None:
        return
    try:
        status = _handle(event)
    except Exception as error:  # whatever it was: the event stays, with its reason
        _record_failure(event, error)
    else:
        _end(event, status=status)


def list_due_event_ids(*, limit: int = 100) -> list[str]:
    """Return the ids of events whose next attempt is due: lost rings, failures, and those whose worker has died."""
    due = WebhookEvent.objects.filter(status__in=WAITING, next_attempt_at__lte=timezone.now())
    return [str(pk) for pk in due.order_by("next_attempt_at").values_list("pk", flat=True)[:limit]]


def replay(event: WebhookEvent, *, actor: str) -> None:
    """Make an event due once more, with all its attempts, whatever became of it. The caller rings."""
    with system_scope():
        WebhookEvent.objects.filter(pk=event.pk).exclude(status=WebhookEvent.Status.PROCESSING).update(
            status=WebhookEvent.Status.RECEIVED, attempts=0, error="", next_attempt_at=timezone.now()
        )
        audit.record(actor=actor, action="event_replayed", subject=f"event:{event.stripe_id}")


def _claim(event_id: UUID | str) -> WebhookEvent | None:
    now = timezone.now()
    with system_scope():
        due = WebhookEvent.objects.filter(pk=event_id, status__in=WAITING, next_attempt_at__lte=now)
        claimed = due.update(
            status=WebhookEvent.Status.PROCESSING, attempts=F("attempts") + 1, next_attempt_at=now + CLAIM
        )
        return WebhookEvent.objects.get(pk=event_id) if claimed else None


def _handle(event: WebhookEvent) -> str:
    """Return how the event ended: processed, or ignored with the reason in the log."""
    handler = HANDLERS.get(event.type)
    told = (event.payload.get("data") or {}).get("object")
    if handler is None or not isinstance(told, dict):
        return WebhookEvent.Status.IGNORED
    if event.payload.get("livemode", False) is not stripe_client.is_live():
        logger.warning("event_of_the_other_mode", stripe_id=event.stripe_id)
        return WebhookEvent.Status.IGNORED
    try:
        handler(told)
    except (subscriptions.NotOursError, stripe_client.ObjectNotFoundError) as error:
        logger.info("event_concerns_nothing_here", stripe_id=event.stripe_id, type=event.type, reason=str(error))
        return WebhookEvent.Status.IGNORED
    return WebhookEvent.Status.PROCESSED


def _end(event: WebhookEvent, *, status: str) -> None:
    processed_at = timezone.now() if status == WebhookEvent.Status.PROCESSED else None
    with system_scope():
        _mine(event).update(status=status, processed_at=processed_at, error="")


def _record_failure(event: WebhookEvent, error: Exception) -> None:
    last = isinstance(error, FINAL) or event.attempts >= ATTEMPTS_MAX
    delay = min(FIRST_DELAY * 2 ** (event.attempts - 1), DELAY_MAX)
    with system_scope():
        _mine(event).update(
            status=WebhookEvent.Status.FAILED if last else WebhookEvent.Status.RECEIVED,
            error=f"{type(error).__name__}: {error}"[:250],
            next_attempt_at=timezone.now() + delay,
        )
    logger.error(
        "event_failed" if last else "event_delayed",
        stripe_id=event.stripe_id,
        type=event.type,
        error=str(error),
        exc_info=not isinstance(error, DomainError),
    )


def _mine(event: WebhookEvent) -> QuerySet[WebhookEvent]:
    """Return the row as long as this attempt is the latest one."""
    return WebhookEvent.objects.filter(pk=event.pk, status=WebhookEvent.Status.PROCESSING, attempts=event.attempts)
