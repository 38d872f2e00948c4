"""What accounts knows about a person."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.base_user import AbstractBaseUser

from apps.accounts import selectors, services
from apps.accounts.models import User


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return a user's profile, addresses and workspaces."""
    assert isinstance(user, User)
    return {
        "email": user.email,
        "name": user.name,
        "joined_at": user.date_joined.isoformat(),
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "workspaces": [
            {"name": membership.workspace.name, "role": membership.role}
            for membership in selectors.list_memberships(user)
        ],
    }


def erase(user: AbstractBaseUser) -> None:
    """Make the user anonymous; see services.erase_account."""
    assert isinstance(user, User)
    services.erase_account(user=user)
