"""What accounts knows about a person."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.base_user import AbstractBaseUser

from apps.accounts import selectors, services
from apps.accounts.models import User


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return a user's profile, what they prefer, their addresses, workspaces and sessions."""
    assert isinstance(user, User)
    return {
        "email": user.email,
        "name": user.name,
        "joined_at": user.date_joined.isoformat(),
        "time_zone": user.time_zone,
        "wants_low_balance_mail": user.wants_low_balance_mail,
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "workspaces": [
            {"name": membership.workspace.name, "role": membership.role}
            for membership in selectors.list_memberships(user)
        ],
        "sessions": [
            {
                "address": session.ip,
                "browser": session.user_agent,
                "started_at": session.created_at.isoformat(),
                "last_seen_at": session.last_seen_at.isoformat(),
            }
            for session in UserSession.objects.filter(user=user).order_by("created_at")
        ],
    }


def erase(user: AbstractBaseUser) -> None:
    """Make the user anonymous; see services.erase_account."""
    assert isinstance(user, User)
    services.erase_account(user=user)
