"""Stripe's records against our books: what was paid, returned and disputed, who is subscribed, what was metered.

Stripe is asked first and our rows are read afterwards, so that ours are at least as new. Nothing is changed; a repair
calls the functions that the events would have called.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from apps.billing import checkout, invoices, payments, stripe_client, subscriptions
from apps.billing.models import Reconciliation
from apps.billing.reconciliation.comparisons import compare
from apps.billing.reconciliation.told import ask_stripe
from apps.core.db import system_scope
from apps.core.errors import DomainError

logger = structlog.get_logger(__name__)

DAYS = 35
# What is younger may still be on its way to us.
SETTLED = timedelta(minutes=10)

SYNC_BY_PREFIX: dict[str, Callable[[str], None]] = {
    "cs": checkout.sync_session,
    "in": invoices.sync_invoice,
    "pi": payments.sync_payment,
    "sub": subscriptions.sync_subscription,
}


def reconcile(*, since: datetime, until: datetime | None = None) -> Reconciliation:
    """Compare everything within a span (without an end: until now and beyond), store the comparison and return it.

    Raises what `stripe_client.ask` does.
    """
    # A meter counts by whole minutes.
    since = since.replace(second=0, microsecond=0)
    until = until and until.replace(second=0, microsecond=0)
    told = ask_stripe(since=since, until=until)
    with system_scope():
        reconciliation = Reconciliation.objects.create(
            since=since,
            until=until or timezone.now(),
            checked=len(told.paid),
            differences=[difference._asdict() for difference in compare(told, since=since, until=until)],
        )
    if reconciliation.differences:
        logger.error("books_differ", reconciliation=str(reconciliation.pk), number=len(reconciliation.differences))
    return reconciliation


def repair(reconciliation: Reconciliation) -> int:
    """Fetch each thing that differs again, as its events would have; return how many were fetched.

    What cannot be repaired so (a movement of credits, a meter) is left to staff. Raises StripeUnavailableError.
    """
    ids = dict.fromkeys(line["stripe_id"] for line in reconciliation.differences)
    return sum(_fetch_again(stripe_id) for stripe_id in ids)


def _fetch_again(stripe_id: str) -> bool:
    sync = SYNC_BY_PREFIX.get(stripe_id.partition("_")[0])
    if sync is None:
        return False
    try:
        sync(stripe_id)
    except stripe_client.StripeUnavailableError:
        raise
    except DomainError as error:
        logger.error("not_repaired", stripe_id=stripe_id, error=str(error))
        return False
    return True
