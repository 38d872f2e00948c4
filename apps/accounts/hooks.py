"""What the floors above tell accounts about a workspace, without accounts knowing them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class WorkspaceHooks(NamedTuple):
    """What one app knows and does about a workspace as a whole.

    `require_deletable` raises a DomainError that says what to do first, within the scope of the deletion. `stop_work`
    ends what runs, after a deletion is committed. `count_used` returns the credits that each person (by id) has used
    of a workspace in the month (UTC) of a moment. `tell_end` returns sentences about what else ends with a workspace,
    for people. `erase` empties what the app knows of one whose people are gone, outside of a transaction; it is called
    again after it was cut off.
    """

    require_deletable: Callable[[UUID], None] | None = None
    stop_work: Callable[[UUID], None] | None = None
    count_used: Callable[[UUID, datetime], Mapping[int, int]] | None = None
    tell_end: Callable[[UUID], Sequence[str]] | None = None
    erase: Callable[[UUID], None] | None = None


_registry: dict[str, WorkspaceHooks] = {}


def register(app_label: str, hooks: WorkspaceHooks) -> None:
    """Register an app's hooks; called once from its AppConfig.ready()."""
    _registry[app_label] = hooks


def require_deletable(workspace_id: UUID) -> None:
    """Raise the first refusal of anybody above, if there is one."""
    for hooks in _registry.values():
        if hooks.require_deletable is not None:
            hooks.require_deletable(workspace_id)


def stop_work(workspace_id: UUID) -> None:
    """Let everybody above end what runs for a workspace; call it outside of a transaction."""
    for hooks in _registry.values():
        if hooks.stop_work is not None:
            hooks.stop_work(workspace_id)


def count_used(workspace_id: UUID, *, at: datetime) -> dict[int, int]:
    """Return the credits that each person has used of a workspace in the month (UTC) of a moment."""
    used: dict[int, int] = {}
    for hooks in _registry.values():
        if hooks.count_used is not None:
            for user_id, credits in hooks.count_used(workspace_id, at).items():
                used[user_id] = used.get(user_id, 0) + credits
    return used


def tell_end(workspace_id: UUID) -> list[str]:
    """Return sentences about what else ends with a workspace. Within its scope."""
    tellers = [hooks.tell_end for hooks in _registry.values() if hooks.tell_end is not None]
    return [sentence for tell in tellers for sentence in tell(workspace_id)]


def erase(workspace_id: UUID) -> None:
    """Let everybody above empty what they know of a workspace; call it outside of a transaction."""
    for hooks in _registry.values():
        if hooks.erase is not None:
            hooks.erase(workspace_id)
