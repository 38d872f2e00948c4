"""What tests see: everything. What is tested sees the scopes that it opens, and nothing without one."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import connections
from django.db.backends.signals import connection_created


def see_everything() -> None:
    """Let this process see every row from now on: for tests, and for what they start to act for people."""
    connection_created.connect(_open_everything)


@contextmanager
def seeing_nothing() -> Iterator[None]:
    """Take that back within, for a request of a test's browser."""
    # Past Django, which would count these among a page's queries.
    opened = connections["default"].connection
    if opened is None:
        yield
        return
    opened.execute("SELECT set_config('keel.scope', '', false)")
    try:
        yield
    finally:
        # A test may have cut it on purpose.
        with suppress(psycopg.Error):
            opened.execute("SELECT set_config('keel.scope', 'system', false)")


def _open_everything(connection: Any, **more: Any) -> None:
    if connection.alias == "default":
        connection.connection.execute("SELECT set_config('keel.scope', 'system', false)")
