"""The job that adds up all customers' usage."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.core.db import system_scope
from apps.usage import rollups


@shared_task(queue="default", expires=300)
def roll_up_totals(**later: Any) -> None:
    """Bring the totals over all customers up to date."""
    with system_scope():
        rollups.recompute_totals(today=timezone.now().date())
