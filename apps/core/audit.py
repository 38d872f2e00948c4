"""Writing the audit log: who did what, on whom, from where and in which request."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from apps.core.models import AuditEntry
from apps.core.origin import current_origin
from apps.core.request_id import current_request_id

Key = TypeVar("Key")


def record(
    *, actor: str, action: str, subject: str, workspace_id: Any = None, user_id: Any = None, **details: Any
) -> AuditEntry:
    """Write one audit entry, in the transaction of the act itself, so that both happen or neither.

    `actor` is "user:<id>", or the name of a program. The ids of workspace and user are read from a `subject` such as
    "workspace:<id>"; name them where the subject is something else of theirs. Address, request id and who really acts
    come from the request.
    """
    origin = current_origin()
    return AuditEntry.objects.create(
        actor=actor,
        action=action,
        subject=subject,
        workspace_id=workspace_id or _key_in(subject, kind="workspace", of=UUID),
        user_id=user_id or _key_in(subject, kind="user", of=int),
        address=origin.address,
        impersonator=origin.impersonator,
        details=details,
        request_id=current_request_id(),
    )


def _key_in(subject: str, *, kind: str, of: Callable[[str], Key]) -> Key | None:
    named, _colon, key = subject.partition(":")
    try:
        return of(key) if named == kind else None
    except ValueError:
        return None
