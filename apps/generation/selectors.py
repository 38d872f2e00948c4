"""Reading generations, always within a workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from apps.accounts.models import ApiKey, Membership
from apps.core.db import system_scope
from apps.generation import conversations, history, search
from apps.generation.history import Filters
from apps.generation.models import Generation
from apps.generation.search import Matches

PAGE_SIZE = 25
# Beyond so many it does not matter how long the queue is.
QUEUE_COUNTED_MAX = 100
# What is read of an output to show a part of it.
BEGINNING_CHARACTERS, SEARCHED_CHARACTERS = 400, 20_000


@dataclass(frozen=True)
class HistoryPage:
    """A page of the history, newest first, and the ids from which its neighbours are counted."""

    generations: list[Generation]
    newer_than: UUID | None
    older_than: UUID | None


def find_generation(*, workspace_id: UUID, generation_id: UUID) -> Generation | None:
    """Return a generation of this workspace, or None; one that was deleted is not there."""
    return _of(workspace_id).filter(deleted_at=None, pk=generation_id).first()


def find_deleted(*, workspace_id: UUID, generation_id: UUID) -> Generation | None:
    """Return a deleted generation of this workspace; once it is purged its row is there and its texts are not."""
    return _of(workspace_id).filter(deleted_at__isnull=False, pk=generation_id).first()


def list_generations(*, workspace_id: UUID, before: UUID | None = None) -> QuerySet[Generation]:
    """Return a page of generations, newest first, that follow the one named `before`."""
    listed = _of(workspace_id).filter(deleted_at=None).defer("output", "inputs").order_by("-id")
    if before is not None:
        listed = listed.filter(pk__lt=before)
    return listed[:PAGE_SIZE]


def count_before(generation: Generation) -> int:
    """Return how many queued generations, of whomever, came before this one.

    At most one more than QUEUE_COUNTED_MAX are counted. Reads the index of what is queued, and nothing of the others.
    """
    with system_scope():
        earlier = Generation.objects.filter(status=Generation.Status.QUEUED, created_at__lt=generation.created_at)
        return earlier.order_by("created_at").values("created_at")[: QUEUE_COUNTED_MAX + 1].count()


def has_generations(workspace_id: UUID) -> bool:
    """Tell whether a workspace has ever started a generation, deleted or not."""
    return Generation.objects.filter(workspace_id=workspace_id).exists()


def get_history_page(
    *, workspace_id: UUID, filters: Filters, before: UUID | None = None, after: UUID | None = None
) -> HistoryPage:
    """Return the page older than `before`, or the one newer than `after`, or the newest one.

    Where too few are newer, or none is older, that is the newest page.
    """
    found = find_ids(workspace_id=workspace_id, filters=filters)
    if after is not None:
        newer = _read(found.filter(pk__gt=after).order_by("id"), filters)
        if len(newer) > PAGE_SIZE:
            page = newer[-PAGE_SIZE:]
            return HistoryPage(page, newer_than=page[0].pk, older_than=page[-1].pk)
        before = None
    if before is not None:
        found = found.filter(pk__lt=before)
    page = _read(found.order_by("-id"), filters)
    if before is not None and not page:
        return get_history_page(workspace_id=workspace_id, filters=filters)
    return HistoryPage(
        page[:PAGE_SIZE],
        newer_than=page[0].pk if page and before else None,
        older_than=page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else None,
    )


def find_ids(*, workspace_id: UUID, filters: Filters) -> QuerySet[Generation, UUID]:
    """Return the ids of all generations that the filters mean, in no order."""
    found = Generation.objects.filter(workspace_id=workspace_id)
    if filters.is_deleted:
        found = found.filter(deleted_at__isnull=False, purged_at=None)
    else:
        found = found.filter(deleted_at=None)
        # What is put away is a short list: read once, and not looked up for each generation. Most have none.
        archived = conversations.archived(workspace_id).values("pk")
        if filters.is_archived:
            found = found.filter(conversation_id__in=archived)
        elif archived.exists():
            found = found.exclude(conversation_id__in=archived)
    if filters.tag:
        found = found.filter(conversation_id__in=conversations.with_tag(workspace_id, filters.tag).values("pk"))
    if filters.q:
        is_under_way = filters.status in {Generation.Status.QUEUED, Generation.Status.RUNNING}
        matches = Matches.words if is_under_way else search.among_ended
        found = found.filter(matches(filters.q, workspace_id=workspace_id))
    if filters.source:
        found = found.filter(batch_row__isnull=filters.source == "single")
    wanted = {
        "status": filters.status,
        "template_version__slug": filters.template,
        "request_model": filters.model,
        "created_at__gte": filters.starts_at(),
        "created_at__lt": filters.ends_at(),
        "user_id": filters.member,
        "api_key_id": None if filters.key == history.OF_PAGES else filters.key,
    }
    if filters.key == history.OF_PAGES:
        found = found.filter(api_key_id=None)
    return found.filter(**{lookup: value for lookup, value in wanted.items() if value}).values_list("pk", flat=True)


def name_filters(*, workspace_id: UUID, filters: Filters) -> dict[str, str]:
    """Return how the member and the key of filters are called. A query for each that is there, within a scope."""
    names = {}
    if filters.member:
        membership = Membership.objects.filter(workspace_id=workspace_id, user_id=filters.member)
        found = membership.select_related("user").first()
        names["member"] = found.user.display_name if found else _("Former member")
    if filters.key:
        names["key"] = _("None") if filters.key == history.OF_PAGES else _name_key(workspace_id, filters.key)
    return names


def list_deleted_ids(*, workspace_id: UUID, generation_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of the generations that are deleted and can be restored."""
    deleted = Generation.objects.filter(workspace_id=workspace_id, deleted_at__isnull=False, purged_at=None)
    return list(deleted.filter(pk__in=generation_ids).values_list("pk", flat=True))


def _name_key(workspace_id: UUID, key_id: UUID | str) -> str:
    key = ApiKey.objects.filter(workspace_id=workspace_id, pk=key_id).first()
    return key.name if key else _("Erased key")


def _of(workspace_id: UUID) -> QuerySet[Generation]:
    related = Generation.objects.select_related("template_version", "conversation", "hold", "user")
    return related.filter(workspace_id=workspace_id)


def _read(ids: QuerySet[Generation, UUID], filters: Filters) -> list[Generation]:
    """Read a page and one more, newest first. Ids come first: texts are read of what is shown, not of all found."""
    characters = SEARCHED_CHARACTERS if filters.q else BEGINNING_CHARACTERS
    page = Generation.objects.filter(pk__in=ids[: PAGE_SIZE + 1])
    page = page.select_related("template_version", "conversation", "user", "batch_row").defer(
        "output", "batch_row__cells"
    )
    return list(page.annotate(beginning=Left("output", characters)).order_by("-id"))
