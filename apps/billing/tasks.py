"""The worker's part of billing: events, and what time brings. Safe to run twice, and at the same time."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.signals import beat_init
from django.utils import timezone

from apps.billing import (
    allowances,
    dunning,
    erasing,
    events,
    ledger,
    low_balance,
    overage,
    reconciliation,
    seats,
    spending,
    stripe_client,
    top_ups,
    workspace_end,
)
from apps.billing import catch_up as catching_up
from apps.billing.models import Reconciliation
from apps.core.db import system_scope
from apps.core.ringing import ring

SWEEP_LIMIT = 500
ALLOWANCE_SLICES = 30


@shared_task(queue="default")
def process_event(*, event_id: str, **later: Any) -> None:
    """Step 3 of a payment: run the handler of one event."""
    events.process_event(event_id)


@shared_task(queue="default", expires=10)
def sweep_events(**later: Any) -> None:
    """Ring for every event that is due: lost rings, failures, and those whose worker has died."""
    with system_scope():
        due = events.list_due_event_ids()
    for event_id in due:
        ring(process_event, expires_seconds=60, event_id=event_id)


# A first walk reaches a month back.
@shared_task(queue="default", expires=600, soft_time_limit=840, time_limit=870)
def catch_up(**later: Any) -> None:
    """Ask Stripe for what its webhooks did not bring, and ring for it."""
    if stripe_client.is_configured():
        catching_up.catch_up(now=timezone.now())
        sweep_events()


@beat_init.connect
def catch_up_after_start(**later: Any) -> None:
    """Ask at once after a deploy or an outage of our own."""
    ring(catch_up, expires_seconds=600)


@shared_task(queue="default", expires=3600, soft_time_limit=840, time_limit=870)
def reconcile(*, reconciliation_id: str = "", **later: Any) -> None:
    """Compare Stripe's records of the last weeks with our books; fetch again what differed in an earlier comparison."""
    if not stripe_client.is_configured():
        return
    if reconciliation_id:
        with system_scope():
            found = Reconciliation.objects.get(pk=reconciliation_id)
        reconciliation.repair(found)
    until = timezone.now() - reconciliation.SETTLED
    reconciliation.reconcile(since=until - timedelta(days=reconciliation.DAYS), until=until)


@shared_task(queue="default", expires=30)
def expire_holds(**later: Any) -> None:
    """End the holds whose time ran out."""
    with system_scope():
        ledger.expire_holds(limit=SWEEP_LIMIT)


@shared_task(queue="default", expires=30)
def expire_grants(**later: Any) -> None:
    """Expire the credits whose time ran out."""
    with system_scope():
        ledger.expire_grants(limit=SWEEP_LIMIT)


@shared_task(queue="default", expires=50)
def notify_low_balances(**later: Any) -> None:
    """Tell those who want to know that credits run low."""
    low_balance.notify_low_balances()


@shared_task(queue="default", expires=50, soft_time_limit=540, time_limit=570)
def buy_top_ups(**later: Any) -> None:
    """Buy credits where customers want that, and find out about those whose answer was lost."""
    if stripe_client.is_configured():
        top_ups.settle_pending()
        top_ups.start_due()


@shared_task(queue="default", expires=25, soft_time_limit=540, time_limit=570)
def report_overage(**later: Any) -> None:
    """Have Stripe meter what customers allow beyond their balance, and tell it what they used."""
    if stripe_client.is_configured():
        overage.meter_subscriptions()
        overage.report_due()
        overage.stop_metering()


@shared_task(queue="default", expires=540, soft_time_limit=540, time_limit=570)
def give_allowances(**later: Any) -> None:
    """Fill up the balances of the free plan, slice by slice."""
    for _slice in range(ALLOWANCE_SLICES):
        if not allowances.fill_up():
            break


@shared_task(queue="default", expires=300)
def notify_about_plans(**later: Any) -> None:
    """Tell of caps that are near, trials that end and graces that have ended."""
    spending.notify_caps()
    dunning.notify_plans()


@shared_task(queue="default", expires=300)
def write_seats(**later: Any) -> None:
    """Write the seats of workspaces whose plan has changed by the clock or with the catalogue."""
    seats.write_all_seats()


@shared_task(queue="default", expires=50, soft_time_limit=540, time_limit=570)
def follow_people(**later: Any) -> None:
    """Let plans end whose people leave, and go on where somebody stays."""
    if stripe_client.is_configured():
        workspace_end.follow_people()


@shared_task(queue="default", expires=3000, soft_time_limit=540, time_limit=570)
def erase_late_events(**later: Any) -> None:
    """Erase what Stripe still tells about customers who are gone."""
    erasing.erase_late_events(now=timezone.now())
