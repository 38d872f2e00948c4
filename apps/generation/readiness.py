"""Whether work is taken up: the age of the oldest queued generation."""

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from apps.core.db import system_scope
from apps.generation.models import Generation


def queue_is_short() -> str | None:
    """Return a reason when the oldest queued generation has waited for half of the queue deadline."""
    queued = Generation.objects.filter(status=Generation.Status.QUEUED)
    with system_scope():
        oldest = queued.aggregate(oldest=Min("created_at"))["oldest"]
    if oldest is None:
        return None
    waited = (timezone.now() - oldest).total_seconds()
    return f"{waited:.0f} s" if waited > settings.GENERATION_DEADLINES["queue"] / 2 else None
