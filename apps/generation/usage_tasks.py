"""The worker's part of the usage page."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.generation import usage_mail

SLICES_MAX = 20


@shared_task(name="generation.send_usage_summaries", queue="default", expires=600)
def send_usage_summaries(**later: Any) -> None:
    """Tell those who run a workspace what it used last month; what is left comes the next time."""
    now = timezone.now()
    for _slice in range(SLICES_MAX):
        if not usage_mail.send_slice(now=now):
            return
