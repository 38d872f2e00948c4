"""Acting as a customer, to see what they see: for staff with the permission, with a reason, for half an hour.

The session stays the staff member's own; it only names whom they act as, so nothing of the customer's login is touched.
It gets another key at the beginning and at the end: who knew it before does not come along.
"""

import time
from datetime import UTC, datetime
from typing import NamedTuple

from django.contrib.sessions.backends.base import SessionBase
from django.utils.translation import gettext_lazy as _

from apps.accounts import sessions
from apps.accounts.models import User
from apps.core import audit
from apps.core.db import system_scope
from apps.core.errors import DomainError

SECONDS = 30 * 60
PERMISSION = "accounts.impersonate_user"
SESSION_KEY = "impersonation"


class NotImpersonatedError(DomainError):
    """Nobody may act as this person: they are staff, or their account is closed."""

    code = "not_impersonated"
    status = 403
    sentence = _("Nobody can act as this person: they are staff, or their account is closed.")


class NotWhileImpersonatingError(DomainError):
    """Something that only the person may do: pay, change their login, write, delete."""

    code = "not_while_impersonating"
    status = 403
    sentence = _("You act as a customer: you can look around, but only they can do this.")


class ImpersonationOverError(DomainError):
    """The half hour was over before this was sent."""

    code = "impersonation_over"
    status = 403
    sentence = _("Your time as this customer is over. Nothing was done; you are yourself again.")


class Impersonation(NamedTuple):
    """Who acts as whom, and until when."""

    staff: User
    user: User
    ends_at: datetime


def start(*, session: SessionBase, staff: User, user: User, reason: str) -> None:
    """Let staff act as a customer in this session. The caller checks PERMISSION. Raises NotImpersonatedError."""
    if not _is_customer(user):
        raise NotImpersonatedError
    _end(session, why="another")
    with system_scope():
        audit.record(actor=f"user:{staff.pk}", action="impersonation_started", subject=f"user:{user.pk}", reason=reason)
    session[SESSION_KEY] = {"staff": staff.pk, "user": user.pk, "ends_at": time.time() + SECONDS}
    sessions.renew_key(session)


def stop(session: SessionBase) -> int | None:
    """Be oneself again; return the id of whom staff acted as, or None if they did not."""
    return _end(session, why="stopped")


def find(session: SessionBase, *, staff: User) -> Impersonation | None:
    """Return whom a session's user acts as; None if nobody, or not any more.

    It is over when the time is, when staff have lost the permission, or when the customer's account was closed.
    """
    noted = session.get(SESSION_KEY)
    if noted is None or noted["staff"] != staff.pk or time.time() >= noted["ends_at"]:
        return None
    with system_scope():
        user = User.objects.filter(pk=noted["user"]).first()
    if user is None or not _is_customer(user) or not staff.is_staff or not staff.has_perm(PERMISSION):
        return None
    return Impersonation(staff, user, datetime.fromtimestamp(noted["ends_at"], tz=UTC))


def end_if_over(session: SessionBase) -> bool:
    """Forget whom a session acted as, where `find` finds nobody; return whether there was somebody."""
    return _end(session, why="over") is not None


def _is_customer(user: User) -> bool:
    is_there = user.is_active and user.deletion_due_at is None
    return is_there and not user.is_staff and not user.is_superuser


def _end(session: SessionBase, *, why: str) -> int | None:
    noted = session.pop(SESSION_KEY, None)
    if noted is None:
        return None
    with system_scope():
        audit.record(
            actor=f"user:{noted['staff']}", action="impersonation_ended", subject=f"user:{noted['user']}", why=why
        )
    sessions.renew_key(session)
    return int(noted["user"])
