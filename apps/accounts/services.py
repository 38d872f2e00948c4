"""Writing users, what they prefer and their workspaces, and erasing people."""

from allauth.account.models import EmailAddress
from django.utils.translation import gettext_lazy as _

from apps.accounts import selectors, sessions
from apps.accounts.models import Membership, User, Workspace
from apps.accounts.time_zones import UTC
from apps.core import mail
from apps.core.db import system_scope
from apps.core.errors import DomainError


class NotOwnerError(DomainError):
    """Only an owner of a workspace may do this."""

    code = "not_owner"
    status = 403
    sentence = _("Only an owner of this workspace can change its name.")


def create_personal_workspace(*, user: User) -> Workspace:
    """Create a user's own workspace with the user as its owner; in the transaction that creates the user."""
    name = user.name or user.email.partition("@")[0]
    workspace = Workspace.objects.create(name=name[:100], kind=Workspace.Kind.PERSONAL)
    Membership.objects.create(workspace=workspace, user=user, role=Membership.Role.OWNER)
    return workspace


def ensure_personal_workspace(*, user: User) -> Workspace:
    """Return a user's own workspace; make it for those who came by another door than sign-up."""
    with system_scope():
        # The user's row is locked: two first requests at once would otherwise make two workspaces.
        User.objects.select_for_update().get(pk=user.pk)
        return selectors.find_personal_workspace(user) or create_personal_workspace(user=user)


def rename_workspace(*, membership: Membership, name: str) -> None:
    """Give a workspace another name. Raises NotOwnerError."""
    if membership.role != Membership.Role.OWNER:
        raise NotOwnerError
    Workspace.objects.filter(pk=membership.workspace_id).update(name=name)


def save_preferences(*, user: User, **chosen: str | bool) -> None:
    """Save what a person chose (their name, time zone, mails), and nothing else of their row."""
    User.objects.filter(pk=user.pk).update(**chosen)


def erase_account(*, user: User) -> None:
    """Make a user anonymous and end every session; the personal workspace stays, nameless, for its money rows."""
    addresses = {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}
    mail.erase_recipients(addresses)
    EmailAddress.objects.filter(user=user).delete()
    personal = Workspace.objects.filter(memberships__user=user, kind=Workspace.Kind.PERSONAL)
    personal.update(name="erased")
    sessions.end_all_sessions(user=user)
    user.email, user.name, user.is_active = f"erased-{user.pk}@erased.invalid", "", False
    user.time_zone, user.wants_low_balance_mail = UTC, False
    # A new password hash also ends sessions that are not on the list.
    user.set_unusable_password()
    user.save(update_fields=["email", "name", "is_active", "time_zone", "wants_low_balance_mail", "password"])
