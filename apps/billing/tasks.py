"""What time brings: the sweeps of holds and grants, and of low balances. Safe to run twice, and at the same time."""

from typing import Any

from celery import shared_task

from apps.billing import ledger, low_balance
from apps.core.db import system_scope

SWEEP_LIMIT = 500


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
