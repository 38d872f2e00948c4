"""Deleting generations, and taking that back."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from apps.core.db import workspace_scope
from apps.generation import services
from apps.generation.models import Generation


def delete(*, workspace_id: UUID, generation_ids: Sequence[UUID]) -> list[UUID]:
    """Delete generations of a workspace; return the ids of those that are deleted now, also if they were before.

    What is queued or runs is stopped first, and settles as a stopped one does. Unknown and purged ids are left out.
    """
    with workspace_scope(workspace_id):
        present = list(_not_purged(workspace_id, generation_ids))
    for generation in present:
        if not generation.is_terminal:
            services.cancel_generation(generation)
    with workspace_scope(workspace_id):
        _not_purged(workspace_id, generation_ids).filter(deleted_at=None).update(deleted_at=timezone.now())
    return [generation.pk for generation in present]


def restore(*, workspace_id: UUID, generation_ids: Sequence[UUID]) -> list[UUID]:
    """Take a deletion back; return the ids of those that are there now, also if they were never deleted.

    What was purged has no texts left and is not restored.
    """
    with workspace_scope(workspace_id):
        _not_purged(workspace_id, generation_ids).filter(deleted_at__isnull=False).update(deleted_at=None)
        present = _not_purged(workspace_id, generation_ids).filter(deleted_at=None)
        return list(present.values_list("pk", flat=True))


def _not_purged(workspace_id: UUID, generation_ids: Sequence[UUID]) -> QuerySet[Generation]:
    return Generation.objects.filter(workspace_id=workspace_id, pk__in=generation_ids, purged_at=None)
