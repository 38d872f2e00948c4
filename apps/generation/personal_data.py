"""What the workshop knows about a person: what they asked for and what they got."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from apps.generation import purging
from apps.generation.models import Conversation, Generation


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return every generation that a user started, also those that are deleted and not purged yet."""
    generations = Generation.objects.filter(user_id=user.pk).order_by("id")
    generations = generations.select_related("template_version", "conversation")
    return {
        "generations": [
            {
                "id": str(generation.pk),
                "created_at": generation.created_at.isoformat(),
                "deleted_at": generation.deleted_at.isoformat() if generation.deleted_at else None,
                "template": generation.template_version.slug,
                "title": generation.conversation.title,
                "inputs": generation.inputs,
                "output": generation.output,
                "status": generation.status,
            }
            for generation in generations
        ]
    }


def erase(user: AbstractBaseUser) -> None:
    """Empty what a user wrote and got, deleted or not; that a run took place, and its cost, stay for the ledger."""
    mine = Generation.objects.filter(user_id=user.pk)
    Conversation.objects.filter(generations__in=mine).update(title="")
    purging.empty_texts(mine)
