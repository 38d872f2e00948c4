"""Leaving: an account is closed at once, can be opened again for a while, and is then really erased.

In between nothing of it is reachable, its keys are refused, what runs is stopped (apps/generation/leases.py), and a
plan of its own is canceled (apps/billing/workspace_end.py). What is erased, each app says in its personal_data.py.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import hooks, sessions, workspaces
from apps.accounts.models import User, Workspace
from apps.core import audit, mailing
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.core.mail_rendering import absolute_url
from apps.core.personal_data import erase_user, require_erasable

logger = structlog.get_logger(__name__)


class AddressMismatchError(DomainError):
    """The address that was typed to confirm a deletion is not the account's."""

    code = "address_mismatch"
    status = 422
    sentence = _("That is not the address of this account. Type it exactly as it is shown.")


class StaffNotDeletedError(DomainError):
    """A member of staff was to be deleted through the door for customers."""

    code = "staff_not_deleted"
    status = 403
    sentence = _("Accounts of staff are not deleted here. A superuser takes their rights away first.")


class AccountEndingError(DomainError):
    """The person has asked to be deleted, and has not taken it back."""

    code = "account_ending"
    status = 403
    sentence = _("This account is going to be deleted. Log in and keep it to go on.")


def grace() -> timedelta:
    """Return for how long a deletion can be taken back."""
    return timedelta(days=settings.ACCOUNT_DELETION_GRACE_DAYS)


def request_deletion(*, user: User, typed_address: str, at: datetime | None = None) -> datetime:
    """Close an account and end its sessions; return when it will be erased. Asked again, the first date stays.

    Raises AddressMismatchError, StaffNotDeletedError, or the refusal of an app: OwnsTeamsError.
    """
    if user.is_staff or user.is_superuser:
        raise StaffNotDeletedError
    if typed_address.strip().lower() != user.email:
        raise AddressMismatchError
    due_at = (at or timezone.now()) + grace()
    with system_scope():
        require_erasable(user)
        if User.objects.filter(pk=user.pk, is_active=True, deletion_due_at=None).update(deletion_due_at=due_at):
            sessions.end_all_sessions(user=user)
            audit.record(actor=f"user:{user.pk}", action="deletion_requested", subject=f"user:{user.pk}")
            _write(user, due_at=due_at)
    user.refresh_from_db(fields=["deletion_due_at"])
    assert user.deletion_due_at is not None
    return user.deletion_due_at


def keep(*, user: User) -> bool:
    """Take a deletion back: all is as before. Return False if there is none, or if it has begun."""
    with system_scope():
        pending = User.objects.filter(pk=user.pk, is_active=True, deletion_due_at__isnull=False)
        if not pending.update(deletion_due_at=None):
            return False
        audit.record(actor=f"user:{user.pk}", action="deletion_taken_back", subject=f"user:{user.pk}")
    return True


def tell_end(user: User) -> tuple[list[Workspace], list[str]]:
    """Return the workspaces that end with a person, and what else ends with these. Within the system's scope."""
    ending = list(workspaces.list_ending_with(user).order_by("kind", "name"))
    return ending, [sentence for workspace in ending for sentence in hooks.tell_end(workspace.pk)]


def erase_due(*, now: datetime) -> int:
    """Erase the accounts and deleted teams whose time has come; return how many. What fails is tried again later."""
    with system_scope():
        due = User.objects.filter(deletion_due_at__lte=now, erased_at=None).order_by("deletion_due_at")
        people = list(due.values_list("pk", flat=True))
        teams = workspaces.list_erasable_ids(at=now)
    work = {f"user:{key}": partial(_erase, key, now=now) for key in people}
    work |= {f"workspace:{key}": partial(workspaces.erase, key) for key in teams}
    return sum(_is_done(erase, subject=subject) for subject, erase in work.items())


def _is_done(erase: Callable[[], None], *, subject: str) -> bool:
    try:
        erase()
    except Exception:
        # Stripe is away, or a team has lost its other owner meanwhile: the others do not wait for it.
        logger.exception("erasure_failed", subject=subject)
        return False
    return True


def _erase(user_id: int, *, now: datetime) -> None:
    with system_scope():
        # From here on there is no way back: whoever takes the deletion back at this moment was first, or is too late.
        due = User.objects.filter(pk=user_id, deletion_due_at__lte=now, erased_at=None)
        if not due.update(is_active=False, suspended_at=None):
            return
        user = User.objects.get(pk=user_id)
    erase_user(user)


def _write(user: User, *, due_at: datetime) -> None:
    mailing.send(
        key=f"deletion:{user.pk}:{int(due_at.timestamp())}",
        to=user.email,
        template="mail/account_deletion.html",
        due_at=due_at,
        login_url=absolute_url("account_login"),
    )
