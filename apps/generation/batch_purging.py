"""Erasing what was uploaded: on demand, and what was never started after a while."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from apps.core.db import system_scope
from apps.generation.models import Batch, BatchRow

# What was uploaded and never started is deleted after so long.
UNSTARTED_DAYS = 7
BATCHES_PER_ROUND = 200


def purge_unstarted(*, now: datetime) -> int:
    """Delete what was uploaded long ago and never started; return how many batches that were."""
    due = Batch.objects.filter(status=Batch.Status.READY, created_at__lt=now - timedelta(days=UNSTARTED_DAYS))
    with system_scope():
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCHES_PER_ROUND])
        delete_with_rows(ids)
    return len(ids)


def delete_with_rows(batch_ids: Collection[UUID]) -> None:
    """Delete batches and their rows, within the caller's scope: two statements, however many rows there are."""
    BatchRow.objects.filter(batch_id__in=batch_ids).delete()
    Batch.objects.filter(pk__in=batch_ids).delete()
