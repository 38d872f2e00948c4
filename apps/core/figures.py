"""Figures of the outbox, for staff: each is one query that reads an index."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min, Q

from apps.core.ids import since
from apps.core.models import OutgoingMail


class Outbox(NamedTuple):
    """Mails that wait to be sent, since when the oldest has been due, and how many could not be sent."""

    waiting: int
    due_since: datetime | None
    failed: int


def get_outbox(*, failed_since: datetime) -> Outbox:
    """Return what waits in the outbox, whenever it was written, and what was written since then and failed."""
    queued = Q(status=OutgoingMail.Status.QUEUED)
    failed = Q(since(failed_since), status=OutgoingMail.Status.FAILED)
    found = OutgoingMail.objects.filter(queued | failed).aggregate(
        waiting=Count("pk", filter=queued),
        due=Min("next_attempt_at", filter=queued),
        failed=Count("pk", filter=failed),
    )
    return Outbox(found["waiting"], found["due"], found["failed"])
