"""What accounts does by itself, rung by beat."""

from typing import Any

from celery import shared_task

from apps.accounts import sessions


@shared_task(queue="default")
def forget_dead_sessions(**later: Any) -> None:
    """Forget sessions that have expired, and where they came from."""
    sessions.forget_dead_sessions()
