"""What people think of answers: one verdict per person and generation, changed and taken back as they like."""

from uuid import UUID

from apps.core.db import workspace_scope
from apps.generation.models import Feedback, Generation

REASON_CHARACTERS = 500


def give(*, generation: Generation, user_id: int, verdict: str, reason: str) -> Feedback:
    """Keep a person's verdict in the place of the one before."""
    with workspace_scope(generation.workspace_id):
        kept, _is_new = Feedback.objects.update_or_create(
            generation_id=generation.pk, user_id=user_id, defaults={"verdict": verdict, "reason": reason}
        )
    return kept


def take_back(*, generation: Generation, user_id: int) -> None:
    """Forget a person's verdict, if there is one."""
    with workspace_scope(generation.workspace_id):
        Feedback.objects.filter(generation_id=generation.pk, user_id=user_id).delete()


def find(*, generation_id: UUID, user_id: int) -> Feedback | None:
    """Return a person's verdict on a generation. Within a scope."""
    return Feedback.objects.filter(generation_id=generation_id, user_id=user_id).first()
