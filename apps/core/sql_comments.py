"""Every SQL statement says which request it serves, so that a slow query in the database's log leads to its request."""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from apps.core.request_id import current_request_id


def comment_statements(*, connection: BaseDatabaseWrapper, **later: Any) -> None:
    """Install the comment on a connection, once (listens to connection_created, which fires at every reconnect)."""
    if _with_request_id not in connection.execute_wrappers:
        connection.execute_wrappers.append(_with_request_id)


def _with_request_id(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    request_id = current_request_id()
    # Ids hold letters, digits and dashes only (see request_id.py): nothing in them can end a comment.
    if request_id and isinstance(sql, str):
        sql = f"{sql} /* request_id={request_id} */"
    return execute(sql, params, many, context)
