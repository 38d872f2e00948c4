"""Closing an account, or stopping a workspace, for a while: by staff, with a reason, and undone the same way.

Nobody tells the workers: they read these rows whenever they claim work and renew their leases
(apps/generation/leases.py), so whatever runs ends within a second and what waits is not begun.
"""

from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import sessions
from apps.accounts.models import User, Workspace
from apps.core import audit
from apps.core.db import system_scope
from apps.core.errors import DomainError


class WorkspaceSuspendedError(DomainError):
    """Staff have stopped this workspace: nothing that costs may begin."""

    code = "workspace_suspended"
    status = 403
    sentence = _("This workspace is suspended: nothing new can be started or bought. Write to us to sort it out.")


class StaffNotSuspendedError(DomainError):
    """A member of staff was to be suspended through the door for customers."""

    code = "staff_not_suspended"
    status = 403
    sentence = _("Staff cannot be suspended here. A superuser takes their rights away first.")


def suspend_user(*, user: User, actor: str, reason: str) -> bool:
    """Close every way in and end every session; return False if it is closed already. Raises StaffNotSuspendedError."""
    if user.is_staff or user.is_superuser:
        raise StaffNotSuspendedError
    with system_scope():
        # Who is not active for another reason (an erased account) is not suspended: nobody could undo the other.
        active = User.objects.filter(pk=user.pk, is_active=True, is_staff=False, is_superuser=False)
        if not active.update(is_active=False, suspended_at=timezone.now()):
            return False
        sessions.end_all_sessions(user=user)
        audit.record(actor=actor, action="user_suspended", subject=f"user:{user.pk}", reason=reason)
    return True


def restore_user(*, user: User, actor: str, reason: str) -> bool:
    """Let a suspended person in again; return False if they are not suspended."""
    with system_scope():
        suspended = User.objects.filter(pk=user.pk, suspended_at__isnull=False)
        if not suspended.update(is_active=True, suspended_at=None):
            return False
        audit.record(actor=actor, action="user_restored", subject=f"user:{user.pk}", reason=reason)
    return True


def suspend_workspace(*, workspace_id: UUID, actor: str, reason: str) -> bool:
    """Stop whatever costs in a workspace; return False if it is stopped already."""
    with system_scope():
        if not Workspace.objects.filter(pk=workspace_id, suspended_at=None).update(suspended_at=timezone.now()):
            return False
        audit.record(actor=actor, action="workspace_suspended", subject=f"workspace:{workspace_id}", reason=reason)
    return True


def restore_workspace(*, workspace_id: UUID, actor: str, reason: str) -> bool:
    """Let a workspace work again; return False if it is not suspended."""
    with system_scope():
        suspended = Workspace.objects.filter(pk=workspace_id, suspended_at__isnull=False)
        if not suspended.update(suspended_at=None):
            return False
        audit.record(actor=actor, action="workspace_restored", subject=f"workspace:{workspace_id}", reason=reason)
    return True


def require_not_suspended(workspace_id: UUID) -> None:
    """Raise WorkspaceSuspendedError if a workspace is suspended. One query, within a scope."""
    if Workspace.objects.filter(pk=workspace_id, suspended_at__isnull=False).exists():
        raise WorkspaceSuspendedError
