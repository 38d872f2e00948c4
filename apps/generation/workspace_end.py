"""What becomes of generations when their workspace is deleted: what runs is stopped, later the texts are erased."""

from uuid import UUID

from apps.core.db import workspace_scope
from apps.generation import batches, purging, services
from apps.generation.models import Batch, Generation

UNDER_WAY = [Generation.Status.QUEUED, Generation.Status.RUNNING]


def stop_all(workspace_id: UUID) -> None:
    """Stop everything that runs or waits for a workspace."""
    batches.end_all(workspace_id)
    with workspace_scope(workspace_id):
        under_way = list(Generation.objects.filter(workspace_id=workspace_id, status__in=UNDER_WAY))
    for generation in under_way:
        services.cancel_generation(generation)


def erase(workspace_id: UUID) -> None:
    """Erase every text of a workspace; that runs took place, and their cost, stay for the ledger."""
    stop_all(workspace_id)
    batches.erase(Batch.objects.filter(workspace_id=workspace_id))
    purging.empty_all(Generation.objects.filter(workspace_id=workspace_id))
