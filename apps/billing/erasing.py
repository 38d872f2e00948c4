"""What Stripe knows of a customer, and what it told us of them: erased when the workspace is; the money rows stay."""

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.billing import stripe_client
from apps.billing.customers import find_customer_id
from apps.billing.models import CheckoutSession, Customer, Invoice, Payment, WebhookEvent
from apps.core.db import system_scope
from apps.core.ids import uuid7_floor

# Stripe tells of a deleted customer for a while: what ended with it, and disputes of what was paid.
LATE = timedelta(days=180)
# How far back each hour looks: as long as the worker may have been away.
LOOKED_BACK = timedelta(days=7)
BATCH = 500
# Of an event stays what it is about, by Stripe's ids: a handler asks Stripe for the rest, and is told it is gone.
STRIP = """
    UPDATE billing_webhookevent
       SET payload = jsonb_build_object(
               'id', stripe_id, 'object', 'event', 'type', type, 'erased', true,
               'livemode', coalesce(payload->'livemode', 'false'), 'created', payload->'created',
               'data', jsonb_build_object('object', jsonb_build_object(
                   'id', payload#>'{data,object,id}', 'object', payload#>'{data,object,object}',
                   'customer', payload#>'{data,object,customer}'))),
           error = ''
     WHERE id = ANY(%s) AND NOT payload ? 'erased' AND payload::text ILIKE ANY(%s)
"""


def erase_customer(workspace_id: UUID) -> None:
    """Delete a workspace's customer at Stripe, with whatever would still be charged, and forget what tells of them.

    Outside of a transaction; safe to repeat. Raises StripeUnavailableError or StripeRefusedError.
    """
    with system_scope():
        customer_id = find_customer_id(workspace_id)
    if customer_id is None:
        return
    # Not found: it was deleted before, by us or by hand.
    with contextlib.suppress(stripe_client.ObjectNotFoundError):
        stripe_client.ask(lambda v1: v1.customers.delete(customer_id))
    with system_scope():
        Customer.objects.filter(pk=workspace_id).update(erased_at=Coalesce("erased_at", timezone.now()))
    _forget_pages([workspace_id])
    strip_events([customer_id])


def erase_late_events(*, now: datetime) -> None:
    """Erase what has come of deleted customers since they were."""
    with system_scope():
        gone = list(Customer.objects.filter(erased_at__gte=now - LATE))
    if gone:
        _forget_pages([customer.pk for customer in gone])
        strip_events([customer.stripe_id for customer in gone], since=now - LOOKED_BACK)


def strip_events(mentioned: Iterable[str], *, since: datetime | None = None) -> None:
    """Take everything but ids out of events that mention one of these texts; batch by batch, each in its scope."""
    patterns = [f"%{_escaped(text)}%" for text in mentioned]
    after = uuid7_floor(since) if since else UUID(int=0)
    while True:
        with system_scope():
            rows = WebhookEvent.objects.filter(pk__gt=after).order_by("pk")
            ids = list(rows.values_list("pk", flat=True)[:BATCH])
            with connection.cursor() as cursor:
                cursor.execute(STRIP, [ids, patterns])
        if len(ids) < BATCH:
            return
        after = ids[-1]


def _forget_pages(workspace_ids: list[UUID]) -> None:
    """Drop the addresses of pages at Stripe: whoever has one can read there what was paid by whom."""
    with system_scope():
        Invoice.objects.filter(workspace__in=workspace_ids).exclude(hosted_url="").update(hosted_url="", pdf_url="")
        Payment.objects.filter(workspace__in=workspace_ids).exclude(receipt_url="").update(receipt_url="")
        CheckoutSession.objects.filter(workspace__in=workspace_ids).exclude(url="").update(url="", return_path="")


def _escaped(text: str) -> str:
    """Return a text as it stands for itself in a pattern."""
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
