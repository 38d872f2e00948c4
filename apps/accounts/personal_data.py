"""What accounts knows about a person."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.base_user import AbstractBaseUser

from apps.accounts import login_ways, selectors, services
from apps.accounts.models import ApiKey, Invitation, User
from apps.core.models import AuditEntry


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return a user's profile and preferences, addresses, workspaces, invitations, sessions, ways in, keys and acts."""
    assert isinstance(user, User)
    addresses = {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}
    return {
        "email": user.email,
        "name": user.name,
        "joined_at": user.date_joined.isoformat(),
        "time_zone": user.time_zone,
        "wants_low_balance_mail": user.wants_low_balance_mail,
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "workspaces": [
            {
                "name": membership.workspace.name,
                "role": membership.role,
                "joined_at": membership.created_at.isoformat(),
                "allowance_credits": membership.allowance_credits,
            }
            for membership in selectors.list_memberships(user)
        ],
        "invitations": [
            {"workspace": invitation.workspace.name, "role": invitation.role, "sent_at": invitation.sent_at.isoformat()}
            for invitation in Invitation.objects.filter(email__in=addresses).select_related("workspace")
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
        "api_keys": [
            {
                "name": key.name,
                "prefix": key.prefix,
                "scopes": key.scopes,
                "created_at": key.created_at.isoformat(),
                "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
                "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
            }
            for key in ApiKey.objects.filter(user=user).order_by("id")
        ],
        "acts": [
            {"at": entry.at.isoformat(), "action": entry.action, "subject": entry.subject, "address": entry.address}
            for entry in AuditEntry.objects.filter(actor=f"user:{user.pk}", impersonator="").order_by("id")
        ],
    } | login_ways.export_login_ways(user)


def erase(user: AbstractBaseUser) -> None:
    """Make the user anonymous; see services.erase_account."""
    assert isinstance(user, User)
    services.erase_account(user=user)
