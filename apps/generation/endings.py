"""What PostgreSQL knows about generations that are watched, told to the hub without keeping a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.template.loader import render_to_string

from apps.billing import selectors as billing
from apps.core.db import system_scope
from apps.generation.models import Generation


@dataclass(frozen=True)
class Ending:
    """A generation's stage; once it has ended, its whole text and the fragments that show the outcome."""

    generation_id: UUID
    status: str
    text: str = ""
    html: str = ""


def read(generation_ids: Sequence[UUID]) -> list[Ending]:
    """Return the stage of each generation, in one query, and release the connection."""
    try:
        with system_scope():
            found = Generation.objects.filter(pk__in=generation_ids).select_related("template_version", "workspace")
            return [_ending(generation) for generation in found]
    finally:
        connection.close()


def _ending(generation: Generation) -> Ending:
    if not generation.is_terminal:
        return Ending(generation.pk, generation.status)
    balance = billing.get_balance(generation.workspace_id)
    context = {"generation": generation, "available": balance.available, "held": balance.held}
    html = render_to_string("generation/detail.html#generation-ending", context)
    return Ending(generation.pk, generation.status, generation.output, html)
