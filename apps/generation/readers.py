"""Who reads streams in this process, and who may no longer: asked again every few seconds, in one query for all."""

import asyncio
import contextvars
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import Q

from apps.accounts import permissions
from apps.accounts.permissions import Permission
from apps.core.db import system_scope
from apps.core.errors import is_outage
from apps.generation.models import Generation

logger = structlog.get_logger(__name__)

# Somebody who was removed reads on for so long at most.
CHECK_SECONDS = 3.0


class Reader(NamedTuple):
    """One person at one generation, in however many tabs."""

    user_id: int
    generation_id: UUID


_open: dict[asyncio.Event, Reader] = {}
_checking: asyncio.Task[None] | None = None


@contextmanager
def admit(*, user_id: int, generation_id: UUID) -> Iterator[asyncio.Event]:
    """Count a reader in for the length of a block; the event is set once they may read no longer."""
    global _checking
    dismissed = asyncio.Event()
    _open[dismissed] = Reader(user_id, generation_id)
    if _checking is None or _checking.done():
        # Not in the context of the request that happens to come first. Ends with the last reader.
        _checking = asyncio.create_task(_check_while_read(), context=contextvars.Context())
    try:
        yield dismissed
    finally:
        del _open[dismissed]


def readable_by(user_ids: Collection[int]) -> Q:
    """Return the condition that one of these people may read a generation: by a role in its workspace."""
    return Q(
        workspace__deleted_at=None,
        workspace__memberships__user_id__in=user_ids,
        workspace__memberships__user__is_active=True,
        workspace__memberships__user__deletion_due_at=None,
        workspace__memberships__role__in=permissions.roles_with(Permission.SEE_GENERATIONS),
    )


def list_allowed(readers: Iterable[Reader]) -> set[Reader]:
    """Return those who may still read, in one query, and release the connection."""
    asked = set(readers)
    try:
        with system_scope():
            by_them = readable_by({reader.user_id for reader in asked})
            found = Generation.objects.filter(by_them, pk__in={reader.generation_id for reader in asked})
            rows = found.values_list("workspace__memberships__user_id", "pk")
            return {Reader(*row) for row in rows} & asked
    finally:
        connection.close()


async def _check_while_read() -> None:
    while _open:
        await asyncio.sleep(CHECK_SECONDS)
        await _check()


async def _check() -> None:
    """Dismiss who may read no longer. While the database is away everybody stays."""
    asked = list(_open.items())
    try:
        allowed = await sync_to_async(list_allowed, thread_sensitive=False)(reader for _event, reader in asked)
    except Exception as error:
        if not is_outage(error):
            logger.exception("readers_check_broke")
        return
    for dismissed, reader in asked:
        if reader not in allowed:
            dismissed.set()
