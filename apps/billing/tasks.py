"""What time ends: the sweeps of holds and grants. Safe to run twice, and at the same time."""

from typing import Any

from celery import shared_task

from apps.billing import ledger
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
