"""Figures of the outbox, for staff: each is one query that reads an index."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min

from apps.core.ids import since
from apps.core.models import OutgoingMail


class Outbox(NamedTuple):
    """Mails that wait to be sent, and since when the oldest has been due."""

    waiting: int
    due_since: datetime | None


def get_outbox() -> Outbox:
    """Return what waits in the outbox."""
    queued = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED)
    found = queued.aggregate(waiting=Count("pk"), due=Min("next_attempt_at"))
    return Outbox(found["waiting"], found["due"])


def count_failed_mails(*, start: datetime) -> int:
    """Return how many mails written since then could not be sent."""
    return OutgoingMail.objects.filter(since(start), status=OutgoingMail.Status.FAILED).count()
