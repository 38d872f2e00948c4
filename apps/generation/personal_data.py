"""What the workshop knows about a person: what they asked for and what they got."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from apps.generation.models import Conversation, Generation


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return every generation that a user started."""
    generations = Generation.objects.filter(user_id=user.pk).select_related("template_version").order_by("id")
    return {
        "generations": [
            {
                "id": str(generation.pk),
                "created_at": generation.created_at.isoformat(),
                "template": generation.template_version.slug,
                "inputs": generation.inputs,
                "output": generation.output,
                "status": generation.status,
            }
            for generation in generations
        ]
    }


def erase(user: AbstractBaseUser) -> None:
    """Empty what a user wrote and got; that a run took place, and what it cost, stays for the ledger."""
    mine = Generation.objects.filter(user_id=user.pk)
    Conversation.objects.filter(generations__in=mine).update(title="")
    mine.update(inputs={}, output="")
