"""Reading who belongs where."""

from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Membership, User, Workspace
from apps.core.db import system_scope
from apps.core.errors import DomainError

# Of memberships: people who are there and have not asked to be deleted.
STAYING = Q(user__is_active=True, user__deletion_due_at=None)


class WorkspaceNotFoundError(DomainError):
    """There is no such workspace, or it is not this user's: the two are not told apart."""

    code = "not_found"
    status = 404
    sentence = _("There is nothing at this address.")


def get_membership(*, user: User, workspace_id: UUID) -> Membership:
    """Return a user's membership in one workspace. Raises WorkspaceNotFoundError."""
    # Before it is known who may enter, there is no scope of a workspace.
    with system_scope():
        membership = list_memberships(user).filter(workspace_id=workspace_id).first()
    if membership is None:
        raise WorkspaceNotFoundError
    return membership


def find_personal_workspace(user: User) -> Workspace | None:
    """Return the workspace that is the user's own."""
    with system_scope():
        return Workspace.objects.filter(kind=Workspace.Kind.PERSONAL, memberships__user=user).first()


def has_had_another(user: User, *, workspace: Workspace) -> bool:
    """Tell whether a workspace is not the first that was made as a user's own."""
    return Workspace.objects.filter(made_for=user).exclude(pk=workspace.pk).exists()


def list_memberships(user: User) -> QuerySet[Membership]:
    """Return a user's memberships with their workspaces; of those that are deleted none."""
    return Membership.objects.filter(user=user, workspace__deleted_at=None).select_related("workspace")


def list_memberships_by_preference(user: User) -> QuerySet[Membership]:
    """Return a user's memberships, the one to act under first.

    That is the workspace that was last switched to, then the personal one, then the team joined first.
    """
    # "personal" sorts before "team".
    latest = F("chosen_at").desc(nulls_last=True)
    return list_memberships(user).order_by(latest, "workspace__kind", "created_at", "pk")


def list_ending() -> QuerySet[Workspace]:
    """Return the workspaces all of whose people have asked to be deleted, and can still take it back."""
    people = Membership.objects.filter(workspace=OuterRef("pk"))
    leaving = people.filter(user__is_active=True, user__deletion_due_at__isnull=False)
    return Workspace.objects.filter(Exists(leaving), ~Exists(people.filter(STAYING)), deleted_at=None)
