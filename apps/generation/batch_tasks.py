"""The doorbell of batches: it says nothing, the database says which rows come next."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.generation import batch_feeding, batch_purging


@shared_task(name="generation.feed_batches", queue="default", expires=batch_feeding.PERIOD_SECONDS)
def feed_batches(**later: Any) -> None:
    """Start the next rows of all batches that run."""
    batch_feeding.feed()


@shared_task(name="generation.purge_batches", queue="default", expires=3600)
def purge_batches(**later: Any) -> None:
    """Delete what was uploaded and never started."""
    batch_purging.purge_unstarted(now=timezone.now())
