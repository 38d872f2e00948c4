"""What accounts knows about a person."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.base_user import AbstractBaseUser

from apps.accounts import login_ways, selectors, services, workspaces
from apps.accounts.models import ApiKey, Invitation, ProviderConsent, User, WaitlistEntry
from apps.core.models import AuditEntry
from apps.core.personal_data import in_batches


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return a user's profile and preferences, addresses, workspaces, invitations, sessions, ways in, keys and acts."""
    assert isinstance(user, User)
    addresses = services.addresses_of(user)
    return {
        "email": user.email,
        "name": user.name,
        "joined_at": user.date_joined.isoformat(),
        "time_zone": user.time_zone,
        "wants_low_balance_mail": user.wants_low_balance_mail,
        "wants_usage_summary_mail": user.wants_usage_summary_mail,
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "workspaces": [
            {
                "name": membership.workspace.name,
                "role": membership.role,
                "joined_at": membership.created_at.isoformat(),
                "allowance_credits": membership.allowance_credits,
                "daily_allowance_credits": membership.daily_allowance_credits,
            }
            for membership in selectors.list_memberships(user)
        ],
        "invitations": [
            {"workspace": invitation.workspace.name, "role": invitation.role, "sent_at": invitation.sent_at.isoformat()}
            for invitation in Invitation.objects.filter(email__in=addresses).select_related("workspace")
        ],
        "waitlist": _export_waitlist(addresses),
        "sessions": _export_sessions(user),
        "api_keys": _export_api_keys(user),
        "consents_to_the_ai_provider": [
            {
                "version": consent.version,
                "given_at": consent.given_at.isoformat(),
                "withdrawn_at": consent.withdrawn_at.isoformat() if consent.withdrawn_at else None,
            }
            for consent in ProviderConsent.objects.filter(user=user).order_by("given_at")
        ],
        "acts": _acts(user),
    } | login_ways.export_login_ways(user)


def require_erasable(user: AbstractBaseUser) -> None:
    """Raise OwnsTeamsError while a team with others in it would lose its last owner."""
    assert isinstance(user, User)
    workspaces.require_owners_left(user)


def erase(user: AbstractBaseUser) -> None:
    """Make the user anonymous; see services.erase_account."""
    assert isinstance(user, User)
    services.erase_account(user=user)


def _export_waitlist(addresses: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "email": entry.email,
            "asked_at": entry.created_at.isoformat(),
            "confirmed_at": entry.confirmed_at.isoformat() if entry.confirmed_at else None,
            "invited_at": entry.invited_at.isoformat() if entry.invited_at else None,
        }
        for entry in WaitlistEntry.objects.filter(email__in=addresses)
    ]


def _export_sessions(user: User) -> list[dict[str, Any]]:
    return [
        {
            "address": session.ip,
            "browser": session.user_agent,
            "started_at": session.created_at.isoformat(),
            "last_seen_at": session.last_seen_at.isoformat(),
        }
        for session in UserSession.objects.filter(user=user).order_by("created_at")
    ]


def _export_api_keys(user: User) -> list[dict[str, Any]]:
    return [
        {
            "name": key.name,
            "prefix": key.prefix,
            "scopes": key.scopes,
            "budget_credits": key.budget_credits,
            "created_at": key.created_at.isoformat(),
            "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
            "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        }
        for key in ApiKey.objects.filter(user=user).order_by("id")
    ]


def _acts(user: User) -> Iterator[dict[str, Any]]:
    """Yield what a person did themselves."""
    entries = AuditEntry.objects.filter(actor=f"user:{user.pk}", impersonator="")
    for entry in in_batches(entries):
        yield {"at": entry.at.isoformat(), "action": entry.action, "subject": entry.subject, "address": entry.address}
