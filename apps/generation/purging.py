"""Erasing the texts of what stayed deleted. Rows stay: money and usage point at them."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.core.db import system_scope
from apps.generation.models import (
    Attempt,
    BatchRow,
    CachedAnswer,
    Conversation,
    Feedback,
    Generation,
    ShareLink,
    Step,
)
from apps.generation.titles import make_title

logger = structlog.get_logger(__name__)

# For so long a deleted generation can be restored.
RESTORABLE_DAYS = 30
BATCH = 200
# What one ring of the job does at most; the next one goes on.
BATCHES_MAX = 50


def purge_all(*, now: datetime) -> int:
    """Purge what is due, batch by batch, each in a transaction of its own; return how many there were."""
    purged = 0
    for _batch in range(BATCHES_MAX):
        count = purge_batch(now=now)
        purged += count
        if count < BATCH:
            break
    return purged


def purge_batch(*, now: datetime, limit: int = BATCH) -> int:
    """Erase the texts of some generations that were deleted long ago, oldest first; return how many.

    Safe beside another one, and beside somebody who restores at this moment: one of them locks a row first.
    """
    with system_scope():
        due = Generation.objects.filter(
            deleted_at__lte=now - timedelta(days=RESTORABLE_DAYS), purged_at=None, status__in=Generation.TERMINAL
        )
        oldest = due.order_by("deleted_at").select_for_update(skip_locked=True)
        ids = list(oldest.values_list("pk", flat=True)[:limit])
        purged = Generation.objects.filter(pk__in=ids)
        empty_texts(purged)
        purged.update(purged_at=now)
        over = Conversation.objects.filter(generations__in=ids).exclude(generations__purged_at=None)
        over.update(title="", tags=[], deleted_at=now)
        retitle(Conversation.objects.filter(generations__in=ids, deleted_at=None, renamed_at=None))
    if ids:
        logger.info("generations_purged", count=len(ids))
    return len(ids)


def retitle(conversations: QuerySet[Conversation]) -> None:
    """Make the titles of conversations anew of what is left of them: they were made of words that may be gone."""
    for conversation in conversations.distinct():
        left = conversation.generations.filter(purged_at=None).order_by("pk").first()
        conversation.title = make_title(left.inputs) if left else ""
        conversation.save(update_fields=["title"])


def empty_all(generations: QuerySet[Generation]) -> None:
    """Erase the texts of however many generations, and the titles made of them; batch by batch, safe to repeat."""
    after = UUID(int=0)
    while True:
        with system_scope():
            ids = list(generations.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])
            empty_texts(Generation.objects.filter(pk__in=ids))
            of_them = Conversation.objects.filter(Q(generations__in=ids), ~Q(title="", tags=[]))
            of_them.update(title="", tags=[])
        if len(ids) < BATCH:
            return
        after = ids[-1]


def empty_texts(generations: QuerySet[Generation]) -> None:
    """Erase what was asked, what was answered, and what a provider said about it; within the caller's scope."""
    Attempt.objects.filter(generation__in=generations).exclude(error_detail="").update(error_detail="")
    CachedAnswer.objects.filter(generation__in=generations).delete()
    Step.objects.filter(generation__in=generations).delete()
    Feedback.objects.filter(generation__in=generations).exclude(reason="").update(reason="")
    ShareLink.objects.filter(generation__in=generations, revoked_at=None).update(revoked_at=timezone.now())
    BatchRow.objects.filter(generation__in=generations).update(cells=[])
    generations.update(inputs={}, output="")
