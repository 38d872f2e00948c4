"""What becomes of running work when its workspace is deleted: it is stopped, and settles as a stopped run does."""

from uuid import UUID

from apps.core.db import workspace_scope
from apps.generation import services
from apps.generation.models import Generation

UNDER_WAY = [Generation.Status.QUEUED, Generation.Status.RUNNING]


def stop_all(workspace_id: UUID) -> None:
    """Stop everything that runs or waits for a workspace."""
    with workspace_scope(workspace_id):
        under_way = list(Generation.objects.filter(workspace_id=workspace_id, status__in=UNDER_WAY))
    for generation in under_way:
        services.cancel_generation(generation)
