"""Writing users, what they prefer and their workspaces, and erasing people."""

from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.utils import timezone

from apps.accounts import login_ways, selectors, sessions, workspaces
from apps.accounts.activity import record
from apps.accounts.models import (
    ApiKey,
    DataExport,
    Invitation,
    Membership,
    ProviderConsent,
    User,
    WaitlistEntry,
    Workspace,
)
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
    record(actor=membership.user, action="workspace_renamed", workspace_id=membership.workspace_id)


def save_preferences(*, user: User, **chosen: str | bool) -> None:
    """Save what a person chose (their name, time zone, mails), and nothing else of their row."""
    User.objects.filter(pk=user.pk).update(**chosen)


def erase_account(*, user: User) -> None:
    """Make a user anonymous, and empty what ends with them; they leave their other teams. Outside of a transaction.

    Whoever was cut off calls it again. Raises OwnsTeamsError for the last owner of a team with others in it.
    """
    with system_scope():
        workspaces.require_owners_left(user)
        ending = list(workspaces.list_ending_with(user).values_list("pk", flat=True))
    for workspace_id in ending:
        workspaces.erase(workspace_id)
    with system_scope():
        workspaces.leave_all_teams(user=user)
        _forget(user)
        audit.record(actor=f"user:{user.pk}", action="account_erased", subject=f"user:{user.pk}")


def addresses_of(user: User) -> set[str]:
    """Return the e-mail addresses of a person: those that they have confirmed, so that they are nobody else's."""
    return {user.email, *EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)}


def _forget(user: User) -> None:
    addresses = addresses_of(user)
    mail.erase_recipients(addresses)
    typed = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    mail.erase_mentions({*addresses, *typed, user.name} - {""})
    _erase_invitations(addresses, user=user)
    _erase_admin_log(addresses, user=user)
    WaitlistEntry.objects.filter(email__in=addresses).delete()
    EmailAddress.objects.filter(user=user).delete()
    login_ways.erase_login_ways(user)
    sessions.end_all_sessions(user=user)
    ApiKey.objects.filter(user=user).delete()
    DataExport.objects.filter(user=user).delete()
    # Which words were agreed to, and when, proves what was done with the person's text; it names a number.
    ProviderConsent.objects.filter(user=user, withdrawn_at=None).update(withdrawn_at=timezone.now())
    # Nobody lets an erased account in again.
    User.objects.filter(pk=user.pk).update(
        email=f"erased-{user.pk}@erased.invalid",
        name="",
        is_active=False,
        suspended_at=None,
        time_zone=UTC,
        wants_low_balance_mail=False,
        wants_usage_summary_mail=False,
        consent_version=0,
        deletion_due_at=None,
        erased_at=timezone.now(),
        # A new password hash also ends sessions that are not on the list.
        password=make_password(None),
    )
    user.refresh_from_db()


def _erase_invitations(addresses: set[str], *, user: User) -> None:
    sent = Invitation.objects.filter(email__in=addresses)
    sent.filter(accepted_at=None, revoked_at=None).update(revoked_at=timezone.now())
    sent.update(email=f"erased-{user.pk}@erased.invalid")


def _erase_admin_log(addresses: set[str], *, user: User) -> None:
    """Take the names out of what the admin wrote about rows of a person: of users, memberships, messages and others."""
    named = Q(*[Q(object_repr__icontains=text) for text in {*addresses, user.name} - {""}], _connector=Q.OR)
    LogEntry.objects.filter(named).update(object_repr="erased")
    for address in addresses:
        LogEntry.objects.filter(change_message__icontains=address).update(change_message="")
