"""The ways in which a person can log in, as the page of their security shows them; and their export and erasure."""

from datetime import datetime
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.http import HttpRequest

from apps.accounts.models import User


class Passkey(NamedTuple):
    """A passkey of a person; `used_at` is None until it has logged somebody in."""

    id: int
    name: str
    added_at: datetime
    used_at: datetime | None


class Connection(NamedTuple):
    """An account elsewhere that logs a person in: `label` is what it is called there."""

    id: int
    provider: str
    provider_name: str
    label: str


class Provider(NamedTuple):
    """Somebody who can vouch for a person; `id` is also the name of the icon."""

    id: str
    name: str

    @property
    def url_name(self) -> str:
        """The URL name of the way to them."""
        return f"{self.id}_login"


class LoginWays(NamedTuple):
    """All ways of one person. `codes_left` is None without recovery codes."""

    has_password: bool
    app_added_at: datetime | None
    passkeys: list[Passkey]
    codes_left: int | None
    connections: list[Connection]
    connectable: list[Provider]

    @property
    def has_second_factor(self) -> bool:
        """Whether a password alone does not let anybody in."""
        return self.app_added_at is not None or bool(self.passkeys)


def list_login_ways(request: HttpRequest, *, user: User) -> LoginWays:
    """Return how a person can log in, and which providers they could connect."""
    by_type: dict[str, list[Authenticator]] = {}
    for authenticator in Authenticator.objects.filter(user=user).order_by("created_at"):
        by_type.setdefault(authenticator.type, []).append(authenticator)
    apps = by_type.get(Authenticator.Type.TOTP, [])
    codes = by_type.get(Authenticator.Type.RECOVERY_CODES, [])
    connections = _connections(user)
    connected = {connection.provider for connection in connections}
    return LoginWays(
        has_password=user.has_usable_password(),
        app_added_at=apps[0].created_at if apps else None,
        passkeys=[
            Passkey(one.pk, one.wrap().name, one.created_at, one.last_used_at)
            for one in by_type.get(Authenticator.Type.WEBAUTHN, [])
        ],
        codes_left=len(codes[0].wrap().get_unused_codes()) if codes else None,
        connections=connections,
        connectable=[one for one in list_providers(request) if one.id not in connected],
    )


def list_providers(request: HttpRequest | None) -> list[Provider]:
    """Return the providers that are configured, by name."""
    providers = [Provider(one.id, str(one.name)) for one in get_adapter().list_providers(request)]
    return sorted(providers, key=lambda one: one.name)


def export_login_ways(user: User) -> dict[str, Any]:
    """Return a person's factors and connections, without the secrets that would let somebody in."""
    return {
        "second_factors": [
            {
                "kind": factor.type,
                "name": str(factor),
                "added_at": factor.created_at.isoformat(),
                "last_used_at": factor.last_used_at.isoformat() if factor.last_used_at else None,
            }
            for factor in Authenticator.objects.filter(user=user).order_by("created_at")
        ],
        "connections": [
            {
                "provider": account.provider,
                "id": account.uid,
                "told_us": account.extra_data,
                "connected_at": account.date_joined.isoformat(),
                "last_used_at": account.last_login.isoformat(),
            }
            for account in SocialAccount.objects.filter(user=user).order_by("date_joined")
        ],
    }


def erase_login_ways(user: User) -> None:
    """Forget a person's factors and connections."""
    Authenticator.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()


def _connections(user: User) -> list[Connection]:
    names = {"google": "Google", "github": "GitHub"}
    return [
        Connection(
            id=account.pk,
            provider=account.provider,
            provider_name=names.get(account.provider, account.provider),
            label=str(account.extra_data.get("email") or account.extra_data.get("login") or account.uid),
        )
        for account in SocialAccount.objects.filter(user=user).order_by("provider", "pk")
    ]
