"""What people do with a whole conversation: rename, tag, pin, archive and delete it. Its messages are the library's."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from apps.core.db import workspace_scope
from apps.generation import library
from apps.generation.models import Conversation, Generation

TAGS_MAX, TAG_CHARACTERS = 8, 32
# What the history shows above its list, and offers as filters.
PINNED_SHOWN, TAGS_OFFERED = 12, 50


def label(*, workspace_id: UUID, conversation_id: UUID, title: str, tags: Sequence[str]) -> bool:
    """Give a conversation a title and tags; an unchanged title stays ours. Return False when it is not there."""
    with workspace_scope(workspace_id):
        found = _of(workspace_id).filter(pk=conversation_id).select_for_update().first()
        if found is None:
            return False
        if title != found.title:
            found.title, found.renamed_at = title, timezone.now()
        found.tags = list(tags)
        found.save(update_fields=["title", "renamed_at", "tags"])
    return True


def pin(*, workspace_id: UUID, conversation_id: UUID, is_pinned: bool) -> bool:
    """Keep a conversation above the list, or let it go; return False when it is not there."""
    with workspace_scope(workspace_id):
        found = _of(workspace_id).filter(pk=conversation_id)
        return bool(found.update(pinned_at=timezone.now() if is_pinned else None))


def archive(*, workspace_id: UUID, conversation_id: UUID, is_archived: bool) -> bool:
    """Take a conversation out of the list without deleting it, or bring it back; what is archived is not pinned."""
    with workspace_scope(workspace_id):
        found = _of(workspace_id).filter(pk=conversation_id)
        if not is_archived:
            return bool(found.update(archived_at=None))
        return bool(found.update(archived_at=timezone.now(), pinned_at=None))


def delete(*, workspace_id: UUID, conversation_id: UUID) -> list[UUID]:
    """Delete all messages of a conversation, as the history deletes; return their ids, the newest first."""
    with workspace_scope(workspace_id):
        present = Generation.objects.filter(
            workspace_id=workspace_id, conversation_id=conversation_id, deleted_at=None
        ).order_by("-pk")
        ids = list(present.values_list("pk", flat=True))
    library.delete(workspace_id=workspace_id, generation_ids=ids)
    return ids


def parse_tags(text: str) -> list[str]:
    """Return what was typed between commas as tags: lower case, each once, in order."""
    return list(dict.fromkeys(filter(None, (" ".join(tag.split()).lower() for tag in text.split(",")))))


def list_pinned(workspace_id: UUID) -> list[Conversation]:
    """Return the pinned conversations, the last pinned first, each with `messages` and `last_at`. Within a scope."""
    pinned = _of(workspace_id).filter(pinned_at__isnull=False).order_by("-pinned_at")
    present = Q(generations__deleted_at=None)
    counted = pinned.annotate(
        messages=Count("generations", filter=present), last_at=Max("generations__created_at", filter=present)
    )
    return list(counted.filter(messages__gt=0)[:PINNED_SHOWN])


def list_tags(workspace_id: UUID) -> list[str]:
    """Return the tags of a workspace in the order of the alphabet. Within a scope."""
    tagged = _of(workspace_id).filter(~Q(tags=[])).values_list("tags", flat=True)
    return sorted({tag for tags in tagged for tag in tags})[:TAGS_OFFERED]


def with_tag(workspace_id: UUID, tag: str) -> QuerySet[Conversation]:
    """Return the conversations that carry a tag."""
    return _of(workspace_id).filter(~Q(tags=[]), tags__contains=[tag])


def archived(workspace_id: UUID) -> QuerySet[Conversation]:
    """Return the conversations that are archived."""
    return _of(workspace_id).filter(archived_at__isnull=False)


def count_messages(conversation_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many messages are in each conversation. Within a scope."""
    present = Generation.objects.filter(conversation_id__in=conversation_ids, deleted_at=None)
    return dict(present.order_by().values_list("conversation_id").annotate(count=Count("pk")))


def _of(workspace_id: UUID) -> QuerySet[Conversation]:
    return Conversation.objects.filter(workspace_id=workspace_id, deleted_at=None)
