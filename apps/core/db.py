"""Database scopes: every door opens one of them, and nothing else in the product starts a transaction of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction


@contextmanager
def workspace_scope(workspace_id: UUID) -> Iterator[None]:
    """Run one transaction on behalf of one workspace, with statement and lock timeouts.

    It sees the rows of this workspace and no others (apps/core/row_security.py). Everything is local to the
    transaction, so it works through PgBouncer in transaction mode. Within another scope, that one is in force again
    afterwards.
    """
    with _scope(str(workspace_id)):
        yield


@contextmanager
def system_scope() -> Iterator[None]:
    """Run one transaction across workspaces: for staff, workers, sweepers and reports. Named, so that grep finds it."""
    with _scope("system"):
        yield


@contextmanager
def _scope(name: str) -> Iterator[None]:
    is_inner = connection.in_atomic_block
    with transaction.atomic():
        outer = _enter(name)
        yield
        # What fails is rolled back, and this setting with it.
        if is_inner and outer != name:
            _enter(outer)


def _enter(name: str) -> str:
    """Set the scope of the transaction, and its timeouts; return the scope before."""
    timeouts = map(str, (settings.STATEMENT_TIMEOUT_MS, settings.LOCK_TIMEOUT_MS, settings.IDLE_TIMEOUT_MS))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('keel.scope', true), ''), set_config('keel.scope', %s, true),"
            " set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true),"
            " set_config('idle_in_transaction_session_timeout', %s, true)",
            [name, *timeouts],
        )
        outer: str = cursor.fetchone()[0]
        return outer


class OwnerRouter:
    """The "owner" alias is for migrations only; queries never go there."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        return "default"

    def db_for_write(self, model: type, **hints: Any) -> str:
        return "default"

    def allow_relation(self, obj1: object, obj2: object, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "owner"
