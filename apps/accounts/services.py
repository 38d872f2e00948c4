"""Writing users, what they prefer and their workspaces, and erasing people."""

from allauth.account.models import EmailAddress
from django.utils import timezone

from apps.accounts import login_ways, selectors, sessions, workspaces
from apps.accounts.activity import record
from apps.accounts.models import ApiKey, Invitation, Membership, User, Workspace
from apps.accounts.permissions import Permission
from apps.accounts.time_zones import UTC
from apps.core import audit, mail
from apps.core.db import system_scope


def create_personal_workspace(*, user: User) -> Workspace:
    """Create a user's own workspace with the user as its owner; in the transaction that creates the user."""
    name = user.name or user.email.partition("@")[0]
    workspace = Workspace.objects.create(name=name[:100], kind=Workspace.Kind.PERSONAL, made_for=user)
    Membership.objects.create(workspace=workspace, user=user, role=Membership.Role.OWNER)
    return workspace


def ensure_personal_workspace(*, user: User) -> Workspace:
    """Return a user's own workspace; make it for those who came by another door than sign-up."""
    with system_scope():
        # The user's row is locked: two first requests at once would otherwise make two workspaces.
        User.objects.select_for_update().get(pk=user.pk)
        return selectors.find_personal_workspace(user) or create_personal_workspace(user=user)


def rename_workspace(*, membership: Membership, name: str) -> None:
    """Give a workspace another name. Raises NotPermittedError."""
    membership.require(Permission.RENAME)
    Workspace.objects.filter(pk=membership.workspace_id).update(name=name)
    record(actor=membership.user, action="workspace_renamed", workspace_id=membership.workspace_id, name=name)


def save_preferences(*, user: User, **chosen: str | bool) -> None:
    """Save what a person chose (their name, time zone, mails), and nothing else of their row."""
    User.objects.filter(pk=user.pk).update(**chosen)


def erase_account(*, user: User) -> None:
    """Make a user anonymous and end every session; the personal workspace stays, nameless, for its money rows.

    Their teams go on without them. Raises OwnsTeamsError for the last owner of a team with others in it.
    """
    workspaces.leave_all_teams(user=user)
    addresses = {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}
    mail.erase_recipients(addresses)
    _erase_invitations(addresses, user=user)
    EmailAddress.objects.filter(user=user).delete()
    login_ways.erase_login_ways(user)
    personal = Workspace.objects.filter(memberships__user=user, kind=Workspace.Kind.PERSONAL)
    personal.update(name="erased")
    sessions.end_all_sessions(user=user)
    ApiKey.objects.filter(user=user).delete()
    user.email, user.name, user.is_active = f"erased-{user.pk}@erased.invalid", "", False
    # Nobody lets an erased account in again.
    user.suspended_at = None
    user.time_zone, user.wants_low_balance_mail = UTC, False
    # A new password hash also ends sessions that are not on the list.
    user.set_unusable_password()
    user.save(
        update_fields=["email", "name", "is_active", "suspended_at", "time_zone", "wants_low_balance_mail", "password"]
    )
    audit.record(actor=f"user:{user.pk}", action="account_erased", subject=f"user:{user.pk}")


def _erase_invitations(addresses: set[str], *, user: User) -> None:
    sent = Invitation.objects.filter(email__in=addresses)
    sent.filter(accepted_at=None, revoked_at=None).update(revoked_at=timezone.now())
    sent.update(email=f"erased-{user.pk}@erased.invalid")
