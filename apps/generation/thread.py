"""The shape of a conversation: each generation follows a parent, so that it is a tree, read as one path at a time.

Reads only, within a scope.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from apps.generation.models import Conversation, Generation

# The most turns before a message that are looked at for its context, and that a page shows.
TURNS_MAX = 60


class Node(NamedTuple):
    """A generation's place: what it follows, and the first run of the same inputs there."""

    id: UUID
    parent_id: UUID | None
    variant_of_id: UUID | None
    is_deleted: bool

    @property
    def group(self) -> UUID:
        """What it shares with its variants."""
        return self.variant_of_id or self.id


@dataclass(frozen=True)
class Turn:
    """One place of a path: the generation that is shown, and all runs of its inputs there, oldest first."""

    generation: Generation
    variant_ids: tuple[UUID, ...]

    @property
    def number(self) -> int:
        """Which of the variants this is, from 1."""
        return self.variant_ids.index(self.generation.pk) + 1

    @property
    def previous_id(self) -> UUID | None:
        """The variant before this one."""
        return self.variant_ids[self.number - 2] if self.number > 1 else None

    @property
    def next_id(self) -> UUID | None:
        """The variant after this one."""
        return self.variant_ids[self.number] if self.number < len(self.variant_ids) else None


@dataclass(frozen=True)
class Thread:
    """A conversation along one path; and all runs at its end, oldest first, of which the last turn is one."""

    conversation: Conversation
    turns: tuple[Turn, ...]
    variants: tuple[Generation, ...]
    # Older turns of the path, which are not shown.
    hidden: int

    @property
    def last(self) -> Generation:
        """What a follow-up goes on from."""
        return self.turns[-1].generation


def read_thread(
    *, workspace_id: UUID, conversation_id: UUID, at: UUID | None = None, ends_there: bool = False
) -> Thread | None:
    """Return a conversation along the path to `at`, or to its newest message; None when nothing of it is there.

    Where others follow on `at`, the path goes on to the newest of them, unless it `ends_there`. Three queries.
    """
    nodes = read_nodes(workspace_id=workspace_id, conversation_id=conversation_id)
    present = [node for node in nodes.values() if not node.is_deleted]
    if not present:
        return None
    leaf = present[-1].id
    if at is not None and at in nodes and not nodes[at].is_deleted:
        leaf = at if ends_there else _newest_below(nodes, at)
    path = [one for one in path_to(nodes, leaf) if not nodes[one].is_deleted]
    groups = {one: tuple(node.id for node in present if node.group == nodes[one].group) for one in path}
    shown, beside = path[-TURNS_MAX:], groups[leaf]
    loaded = _load(workspace_id, {*shown, *beside})
    if leaf not in loaded:
        return None
    return Thread(
        conversation=loaded[leaf].conversation,
        turns=tuple(Turn(loaded[one], groups[one]) for one in shown if one in loaded),
        variants=tuple(loaded[one] for one in beside if one in loaded),
        hidden=len(path) - len(shown),
    )


def list_up_to(generation: Generation) -> list[Generation]:
    """Return the path to a generation, itself included, oldest first: its newest part, without what was deleted."""
    nodes = read_nodes(workspace_id=generation.workspace_id, conversation_id=generation.conversation_id)
    path = [one for one in path_to(nodes, generation.pk) if not nodes[one].is_deleted][-TURNS_MAX:]
    found = Generation.objects.filter(pk__in=path).select_related("template_version")
    return sorted(found, key=lambda one: path.index(one.pk))


def read_nodes(*, workspace_id: UUID, conversation_id: UUID) -> dict[UUID, Node]:
    """Return the shape of a conversation, oldest first. One query that reads no text."""
    found = Generation.objects.filter(workspace_id=workspace_id, conversation_id=conversation_id).order_by("pk")
    rows = found.values_list("pk", "parent_id", "variant_of_id", "deleted_at")
    return {
        pk: Node(pk, parent_id, variant_of_id, deleted_at is not None)
        for pk, parent_id, variant_of_id, deleted_at in rows
    }


def path_to(nodes: Mapping[UUID, Node], leaf: UUID) -> list[UUID]:
    """Return the ids from the beginning to a message."""
    path: list[UUID] = []
    one: UUID | None = leaf
    while one is not None and one in nodes:
        path.append(one)
        one = nodes[one].parent_id
    return path[::-1]


def _newest_below(nodes: Mapping[UUID, Node], start: UUID) -> UUID:
    """Return the newest message that goes on from `start`; itself where none does."""
    below = {start}
    newest = start
    # Oldest first, so that each comes after its parent.
    for node in nodes.values():
        if node.parent_id in below:
            below.add(node.id)
            newest = newest if node.is_deleted else node.id
    return newest


def _load(workspace_id: UUID, ids: set[UUID]) -> dict[UUID, Generation]:
    found = Generation.objects.filter(workspace_id=workspace_id, pk__in=ids, deleted_at=None)
    found = found.select_related("template_version", "conversation", "hold", "user").prefetch_related("attempts")
    return {one.pk: one for one in found}
