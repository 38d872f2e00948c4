"""API keys: how a program comes into a workspace, in the name of the person who made its key.

A key is `keel_<prefix>_<secret>`. The prefix finds the row and may be shown; of the secret only a hash is kept. It is
SHA-256 and no slow password hash on purpose: the secret has 192 random bits, so nobody can try them all however fast a
try is, and a hash that takes a tenth of a second would be paid by every request.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiKey, User
from apps.accounts.scopes import REQUESTS_PER_MINUTE_DEFAULT
from apps.core import audit
from apps.core.db import system_scope, workspace_scope
from apps.core.errors import DomainError

BRAND = "keel"
PREFIX_BYTES = 6
SECRET_BYTES = 24
WELL_FORMED = re.compile(rf"{BRAND}_([0-9a-f]{{{2 * PREFIX_BYTES}}})_([0-9a-f]{{{2 * SECRET_BYTES}}})")
# "Last used" is this exact, so that a busy key is not a row that is written all the time.
NOTED_EVERY = timedelta(minutes=1)
# Of keys that work; more are a sign of keys that nobody takes back.
KEYS_MAX = 50


class ApiKeyNotFoundError(DomainError):
    """There is no such key, or it is another workspace's: the two are not told apart."""

    code = "not_found"
    status = 404
    sentence = _("There is no such API key.")


class TooManyApiKeysError(DomainError):
    """The workspace has as many working keys as it may."""

    code = "too_many_api_keys"
    status = 409
    sentence = _("This workspace has as many API keys as it can have. Revoke one that nobody uses, then try again.")


class NewApiKey(NamedTuple):
    """A key, and its token the one time that it is known: `token` is empty if the same form came before."""

    key: ApiKey
    token: str


def create_key(
    *,
    user: User,
    workspace_id: UUID,
    name: str,
    scopes: Collection[str],
    idempotency_key: str,
    actor: str,
    expires_at: datetime | None = None,
    requests_per_minute: int = REQUESTS_PER_MINUTE_DEFAULT,
    budget_credits: int | None = None,
    needs_plan: bool = True,
) -> NewApiKey:
    """Make a key and return its token, which is known this once; the same idempotency key makes none again.

    `budget_credits` is what its runs may use in a month (UTC), None for as much as there is.
    Call it for who may manage keys. Raises TooManyApiKeysError.
    """
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_hex(SECRET_BYTES)
    key = ApiKey(
        workspace_id=workspace_id,
        user=user,
        name=name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=sorted(scopes),
        requests_per_minute=requests_per_minute,
        budget_credits=budget_credits,
        needs_plan=needs_plan,
        idempotency_key=idempotency_key,
        expires_at=expires_at,
    )
    try:
        repeated = _insert(key, actor=actor)
    except IntegrityError:
        # Two sends of one form at once: the other was first.
        with workspace_scope(workspace_id):
            repeated = ApiKey.objects.get(workspace_id=workspace_id, idempotency_key=idempotency_key)
    return NewApiKey(repeated, "") if repeated else NewApiKey(key, f"{BRAND}_{prefix}_{secret}")


def revoke_key(*, workspace_id: UUID, key_id: UUID, actor: str) -> None:
    """End a key at once; one that was revoked before stays as it is. Raises ApiKeyNotFoundError."""
    with workspace_scope(workspace_id):
        key = ApiKey.objects.filter(workspace_id=workspace_id, pk=key_id).first()
        if key is None:
            raise ApiKeyNotFoundError
        if ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=timezone.now()):
            _record(key, actor=actor, action="api_key_revoked")


def list_keys(workspace_id: UUID) -> QuerySet[ApiKey]:
    """Return the keys that are not revoked, the newest first; those that have expired, too. Within a scope."""
    return ApiKey.objects.filter(workspace_id=workspace_id, revoked_at=None).select_related("user").order_by("-id")


def is_well_formed(token: str) -> bool:
    """Tell whether a text could be a key of ours at all."""
    return WELL_FORMED.fullmatch(token) is not None


def authenticate(token: str) -> ApiKey | None:
    """Return the key with its user and workspace if it lets somebody in now, else None.

    It ends with its time, when it is revoked, and when the person who made it is suspended, leaving, erased or no
    member of the workspace any more, or the workspace deleted. Whose it is, is not known before: so the scope is the
    system's.
    """
    parts = WELL_FORMED.fullmatch(token)
    if parts is None:
        return None
    now = timezone.now()
    with system_scope():
        key = _list_working(now).filter(prefix=parts[1]).select_related("user", "workspace").first()
        if key is None or not constant_time_compare(key.secret_hash, _hash(parts[2])):
            return None
        if key.last_used_at is None or key.last_used_at < now - NOTED_EVERY:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _insert(key: ApiKey, *, actor: str) -> ApiKey | None:
    """Write a new key and return None, or return the one that the same form has made before."""
    with workspace_scope(key.workspace_id):
        mine = ApiKey.objects.filter(workspace_id=key.workspace_id)
        repeated = mine.filter(idempotency_key=key.idempotency_key).first()
        if repeated is not None:
            return repeated
        if _list_working(timezone.now()).filter(workspace_id=key.workspace_id).count() >= KEYS_MAX:
            raise TooManyApiKeysError
        key.save(force_insert=True)
        _record(key, actor=actor, action="api_key_created", scopes=key.scopes)
    return None


def _list_working(now: datetime) -> QuerySet[ApiKey]:
    in_time = Q(expires_at=None) | Q(expires_at__gt=now)
    standing = ApiKey.objects.filter(in_time, revoked_at=None, user__is_active=True, user__deletion_due_at=None)
    # The workspace must still be there, and the person belong to this very one.
    return standing.filter(workspace__deleted_at=None, workspace__memberships__user_id=F("user_id"))


def _record(key: ApiKey, *, actor: str, action: str, **details: object) -> None:
    subject = f"api_key:{key.pk}"
    audit.record(
        actor=actor,
        action=action,
        subject=subject,
        workspace_id=key.workspace_id,
        user_id=key.user_id,
        prefix=key.prefix,
        **details,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
