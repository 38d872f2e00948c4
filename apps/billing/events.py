"""Step 2 of a payment: an event is written down once. Nothing processes events yet: all of them stay `received`."""

from apps.billing.models import WebhookEvent
from apps.billing.stripe_client import Event
from apps.core.db import system_scope


def record_event(event: Event) -> None:
    """Store an event and commit; one that was delivered before is left as it is, also when both come at once."""
    row = WebhookEvent(stripe_id=event.stripe_id, type=event.type, payload=event.payload)
    with system_scope():
        WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
