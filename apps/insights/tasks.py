"""The job that keeps the rollups of the cost pages."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.insights import rolling_up

# So much is caught up with in one go; the next one goes on.
SLICES_MAX = 60


@shared_task(queue="default", expires=240)
def roll_up_costs(**later: Any) -> None:
    """Bring the costs of customers up to date."""
    rolling_up.roll_up(now=timezone.now(), slices_max=SLICES_MAX)
