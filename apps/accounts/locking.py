"""The lock under which people come to a workspace and leave it: its row, taken before any membership.

It does not stop who only points at the workspace, as a generation that starts does.
"""

from uuid import UUID

from apps.accounts.models import Membership, User, Workspace
from apps.accounts.permissions import Permission
from apps.accounts.selectors import WorkspaceNotFoundError


def lock_workspace(workspace_id: UUID) -> Workspace:
    """Lock a workspace until the transaction ends. Raises WorkspaceNotFoundError for one that is deleted."""
    rows = Workspace.objects.select_for_update(no_key=True)
    workspace = rows.filter(pk=workspace_id, deleted_at=None).first()
    if workspace is None:
        raise WorkspaceNotFoundError
    return workspace


def lock_as(actor: Membership, permission: Permission) -> tuple[Workspace, Membership]:
    """Lock the workspace of a person who may do something in it, also now: roles change while pages are open.

    Raises WorkspaceNotFoundError or NotPermittedError.
    """
    workspace = lock_workspace(actor.workspace_id)
    membership = Membership.objects.select_related("user").filter(pk=actor.pk).first()
    if membership is None:
        raise WorkspaceNotFoundError
    membership.require(permission)
    return workspace, membership


def lock_member(*, user_id: int, workspace_id: UUID) -> Membership:
    """Lock a person's own membership until the transaction ends: what they may use is counted under it.

    Whoever is removed, and a workspace that is deleted, waits for it, and it sees both. Raises WorkspaceNotFoundError.
    """
    rows = Membership.objects.select_for_update(no_key=True).filter(user_id=user_id, workspace_id=workspace_id)
    membership = rows.first()
    # In a statement of its own: it sees a deletion for which the lock has waited.
    if membership is None or not Workspace.objects.filter(pk=workspace_id, deleted_at=None).exists():
        raise WorkspaceNotFoundError
    return membership


def lock_person(user_id: int) -> None:
    """Lock a person's row until the transaction ends: what they may use in all workspaces together is counted under it.

    After their membership. It does not stop who only points at the person.
    """
    User.objects.select_for_update(no_key=True).filter(pk=user_id).values_list("pk").first()
