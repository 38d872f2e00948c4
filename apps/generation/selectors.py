"""Reading generations, always within a workspace."""

from uuid import UUID

from django.db.models import QuerySet

from apps.generation.models import Generation

PAGE_SIZE = 25


def find_generation(*, workspace_id: UUID, generation_id: UUID) -> Generation | None:
    """Return a generation of this workspace, or None."""
    return _of(workspace_id).filter(pk=generation_id).first()


def list_generations(*, workspace_id: UUID, before: UUID | None = None) -> QuerySet[Generation]:
    """Return a page of generations, newest first, that follow the one named `before`."""
    listed = _of(workspace_id).defer("output", "inputs").order_by("-id")
    if before is not None:
        listed = listed.filter(pk__lt=before)
    return listed[:PAGE_SIZE]


def _of(workspace_id: UUID) -> QuerySet[Generation]:
    related = Generation.objects.select_related("template_version", "conversation", "hold")
    return related.filter(workspace_id=workspace_id, deleted_at=None)
