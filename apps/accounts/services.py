"""Writing users' workspaces, and erasing people."""

from allauth.account.models import EmailAddress

from apps.accounts import selectors
from apps.accounts.models import Membership, User, Workspace
from apps.core import mail
from apps.core.db import system_scope


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


def erase_account(*, user: User) -> None:
    """Make a user anonymous and end every session; the personal workspace stays, nameless, for its money rows."""
    addresses = {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}
    mail.erase_recipients(addresses)
    EmailAddress.objects.filter(user=user).delete()
    personal = Workspace.objects.filter(memberships__user=user, kind=Workspace.Kind.PERSONAL)
    personal.update(name="erased")
    user.email, user.name, user.is_active = f"erased-{user.pk}@erased.invalid", "", False
    # A new password hash also ends every session of the user.
    user.set_unusable_password()
    user.save(update_fields=["email", "name", "is_active", "password"])
