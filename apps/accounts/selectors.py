"""Reading who belongs where."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Membership, User, Workspace
from apps.core.errors import DomainError


class WorkspaceNotFoundError(DomainError):
    """There is no such workspace, or it is not this user's: the two are not told apart."""

    code = "not_found"
    status = 404
    sentence = _("There is nothing at this address.")


def get_membership(*, user: User, workspace_id: UUID) -> Membership:
    """Return a user's membership in one workspace. Raises WorkspaceNotFoundError."""
    membership = list_memberships(user).filter(workspace_id=workspace_id).first()
    if membership is None:
        raise WorkspaceNotFoundError
    return membership


def find_default_membership(user: User) -> Membership | None:
    """Return the membership a user acts under unless an address says otherwise: the personal workspace first."""
    return list_memberships_by_preference(user).first()


def find_personal_workspace(user: User) -> Workspace | None:
    """Return the workspace that is the user's own."""
    return Workspace.objects.filter(kind=Workspace.Kind.PERSONAL, memberships__user=user).first()


def list_memberships(user: User) -> QuerySet[Membership]:
    """Return a user's memberships with their workspaces."""
    return Membership.objects.filter(user=user).select_related("workspace")


def list_memberships_by_preference(user: User) -> QuerySet[Membership]:
    """Return a user's memberships, the one to act under first: the personal workspace, then the team joined first."""
    # "personal" sorts before "team".
    return list_memberships(user).order_by("workspace__kind", "created_at", "pk")
