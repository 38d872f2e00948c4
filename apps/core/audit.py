"""Writing the audit log."""

from typing import Any

from apps.core.models import AuditEntry
from apps.core.request_id import current_request_id


def record(*, actor: str, action: str, subject: str, **details: Any) -> AuditEntry:
    """Write one audit entry, in the transaction of the act itself, so that both happen or neither."""
    return AuditEntry.objects.create(
        actor=actor, action=action, subject=subject, details=details, request_id=current_request_id()
    )
