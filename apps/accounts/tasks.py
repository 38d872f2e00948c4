"""What accounts does by itself, rung by beat."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.accounts import data_export_making, deletion, sessions, waitlist
from apps.core.ringing import ring


@shared_task(queue="default")
def forget_dead_sessions(**later: Any) -> None:
    """Forget sessions that have expired, and where they came from."""
    sessions.forget_dead_sessions()


@shared_task(queue="default", expires=3000, soft_time_limit=840, time_limit=870)
def erase_due(**later: Any) -> None:
    """Erase the people and deleted teams whose time has come."""
    deletion.erase_due(now=timezone.now())


@shared_task(queue="default", soft_time_limit=840, time_limit=870)
def make_data_export(*, export_id: str, **later: Any) -> None:
    """Make one file of somebody's data."""
    data_export_making.make(export_id)


@shared_task(queue="default", expires=50)
def sweep_data_exports(**later: Any) -> None:
    """Ring for every file whose ring was lost or whose worker has died, and forget those whose week is over."""
    now = timezone.now()
    for export_id in data_export_making.list_due_ids(at=now):
        ring(make_data_export, expires_seconds=60, export_id=export_id)
    data_export_making.forget_expired(at=now)


@shared_task(queue="default")
def purge_waitlist(**later: Any) -> None:
    """Forget addresses that nobody has confirmed."""
    waitlist.purge()
