"""Where a person is logged in: one row per browser, kept beside Django's session, which it names by key."""

import time
from datetime import datetime
from typing import Any, NamedTuple

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from apps.accounts.devices import Device, read_device
from apps.accounts.models import User
from apps.core import audit
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.core.http import client_address
from apps.core.text import storable

# "Last seen" is this exact: each process notes a session once per so many seconds, and writes nothing in between.
NOTED_EVERY_SECONDS = 300
NOTED_MAX = 10_000
# Nobody looks through more; ending all others ends those that are not shown, too.
LISTED_MAX = 100
USER_AGENT_LENGTH_MAX = UserSession._meta.get_field("user_agent").max_length

_noted: dict[str, float] = {}


class LoginSessionNotFoundError(DomainError):
    """There is no such session, or it is somebody else's: the two are not told apart."""

    code = "not_found"
    status = 404
    sentence = _("This session has ended already.")


class LoginSession(NamedTuple):
    """A browser in which a person is logged in."""

    id: int
    device: Device
    address: str
    started_at: datetime
    last_seen_at: datetime
    is_current: bool


def note_session(*, request: HttpRequest, user: User) -> None:
    """Write down that a session is in use, from where and by what; at most once per NOTED_EVERY_SECONDS."""
    key = request.session.session_key
    if key is None or time.monotonic() < _noted.get(key, 0):
        return
    if len(_noted) >= NOTED_MAX:
        _noted.clear()
    _noted[key] = time.monotonic() + NOTED_EVERY_SECONDS
    seen = {
        "user_id": user.pk,
        "ip": client_address(request),
        "user_agent": storable(request.META.get("HTTP_USER_AGENT", ""))[:USER_AGENT_LENGTH_MAX],
        "last_seen_at": timezone.now(),
    }
    with system_scope():
        UserSession.objects.update_or_create(session_key=key, defaults=seen)


def renew_key(session: SessionBase) -> None:
    """Go on in a session under another key; the key before it lets nobody in any more."""
    before = session.session_key
    session.cycle_key()
    with system_scope():
        UserSession.objects.filter(session_key=before).update(session_key=session.session_key)


def forget_session(session_key: str | None) -> None:
    """Drop the row of a session that ends by logging out."""
    UserSession.objects.filter(session_key=session_key).delete()


def list_sessions(*, user: User, current_key: str | None) -> list[LoginSession]:
    """Return the sessions that still let somebody in as this user: this one first, then the latest seen."""
    current_first = Case(When(session_key=current_key, then=0), default=1)
    ordered = UserSession.objects.filter(user=user).order_by(current_first, "-last_seen_at", "-pk")
    rows = list(ordered[:LISTED_MAX])
    alive = {
        session.session_key: session.get_decoded()
        for session in Session.objects.filter(
            session_key__in=[row.session_key for row in rows], expire_date__gt=timezone.now()
        )
    }
    return [
        LoginSession(
            id=row.pk,
            device=read_device(row.user_agent),
            address=row.ip,
            started_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_current=row.session_key == current_key,
        )
        for row in rows
        if _lets_in(alive.get(row.session_key, {}), user=user)
    ]


def end_session(*, user: User, session_id: int) -> None:
    """End one session of this user. Raises LoginSessionNotFoundError."""
    with system_scope():
        if _end(UserSession.objects.filter(user=user, pk=session_id)) == 0:
            raise LoginSessionNotFoundError
        audit.record(actor=f"user:{user.pk}", action="session_ended", subject=f"user:{user.pk}")


def end_other_sessions(*, user: User, current_key: str | None) -> int:
    """End every session of this user but the current one; return how many there were."""
    with system_scope():
        count = _end(UserSession.objects.filter(user=user).exclude(session_key=current_key))
        if count:
            audit.record(actor=f"user:{user.pk}", action="other_sessions_ended", subject=f"user:{user.pk}", count=count)
    return count


def end_all_sessions(*, user: User) -> None:
    """End every session of this user, and forget from where they came."""
    _end(UserSession.objects.filter(user=user))


def forget_dead_sessions() -> None:
    """Delete expired sessions, and the rows of sessions that are gone: they tell where people were."""
    with system_scope():
        Session.objects.filter(expire_date__lte=timezone.now()).delete()
        UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def _end(sessions: QuerySet[UserSession]) -> int:
    with system_scope():
        keys = list(sessions.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)


def _lets_in(content: dict[str, Any], *, user: User) -> bool:
    """Tell whether a session is of this user and of the password of today."""
    given = content.get("_auth_user_hash", "")
    accepted = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return content.get("_auth_user_id") == str(user.pk) and any(constant_time_compare(given, one) for one in accepted)
