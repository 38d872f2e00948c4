"""What becomes of a workspace as a whole: made, turned into a team, chosen, handed over, deleted and restored.

All of it belongs into a scope; who may do it is asked again under the workspace's lock.
"""

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.accounts import hooks
from apps.accounts.activity import record
from apps.accounts.locking import lock_as
from apps.accounts.members import MemberNotFoundError
from apps.accounts.models import Membership, User, Workspace
from apps.accounts.permissions import Permission, Role
from apps.accounts.selectors import WorkspaceNotFoundError
from apps.core.errors import DomainError

# A person who owns more has a reason to write to us.
TEAMS_OWNED_MAX = 20
RESTORABLE = timedelta(days=30)


class TooManyTeamsError(DomainError):
    """The person owns as many teams as one may."""

    code = "too_many_teams"
    status = 409
    sentence = format_lazy(
        _("You own {number} teams, and more are not possible. Delete one first, or write to us."),
        number=TEAMS_OWNED_MAX,
    )


class NotATeamError(DomainError):
    """A personal workspace has one person and stays with them."""

    code = "not_a_team"
    status = 409
    sentence = _("This is a personal workspace. Turn it into a team first.")


class NameMismatchError(DomainError):
    """The name that was typed to confirm a deletion is not the workspace's."""

    code = "name_mismatch"
    status = 422
    sentence = _("That is not the name of this workspace. Type it exactly as it is shown.")


class NotRestorableError(DomainError):
    """The workspace was deleted too long ago."""

    code = "not_restorable"
    status = 409
    sentence: str | Promise = _("This workspace was deleted too long ago to be restored. Write to us.")


class OwnsTeamsError(DomainError):
    """The person is the last owner of teams that have other people in them."""

    code = "owns_teams"
    status = 409

    def __init__(self, names: list[str]) -> None:
        sentence = _("You are the only owner of %(teams)s. Hand it over to somebody, or delete it, first.")
        super().__init__(sentence % {"teams": ", ".join(names)})


def create_team(*, user: User, name: str) -> Workspace:
    """Make a team with its own credits and its own plan, owned by a person. Raises TooManyTeamsError."""
    # The person's row is locked, so that two at once are counted one after the other.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    owned = Membership.objects.filter(user=user, role=Role.OWNER, workspace__kind=Workspace.Kind.TEAM)
    if owned.filter(workspace__deleted_at=None).count() >= TEAMS_OWNED_MAX:
        raise TooManyTeamsError
    workspace = Workspace.objects.create(name=name, kind=Workspace.Kind.TEAM)
    Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    record(actor=user, action="workspace_created", workspace_id=workspace.pk, name=name)
    return workspace


def become_team(*, actor: Membership) -> None:
    """Turn a personal workspace into a team; all it has stays where it is. Doing it again changes nothing.

    Raises NotPermittedError.
    """
    workspace, actor = lock_as(actor, Permission.TRANSFER)
    if not workspace.is_team:
        Workspace.objects.filter(pk=workspace.pk).update(kind=Workspace.Kind.TEAM)
        record(actor=actor.user, action="workspace_became_team", workspace_id=workspace.pk)


def choose(*, membership: Membership) -> None:
    """Note where a person works now: their next log-in begins there."""
    Membership.objects.filter(pk=membership.pk).update(chosen_at=timezone.now())


def transfer(*, actor: Membership, membership_id: int) -> Membership:
    """Make another member an owner and the present one an admin; return the new owner's membership.

    Raises NotPermittedError, NotATeamError or MemberNotFoundError.
    """
    workspace, actor = lock_as(actor, Permission.TRANSFER)
    if not workspace.is_team:
        raise NotATeamError
    others = Membership.objects.filter(workspace=workspace).exclude(pk=actor.pk).select_related("user")
    heir = others.filter(pk=membership_id, user__is_active=True).first()
    if heir is None:
        raise MemberNotFoundError
    Membership.objects.filter(pk=heir.pk).update(role=Role.OWNER, allowance_credits=None)
    Membership.objects.filter(pk=actor.pk).update(role=Role.ADMIN)
    record(actor=actor.user, action="workspace_transferred", workspace_id=workspace.pk, to=heir.user.email)
    return heir


def delete(*, actor: Membership, typed_name: str) -> None:
    """Delete a team: nobody finds it any more, and an owner or staff can restore it for a while.

    Call `hooks.stop_work` once it is committed. Raises NotPermittedError, NotATeamError, NameMismatchError, or the
    refusal of an app above, for example because its plan would be paid on.
    """
    workspace, actor = lock_as(actor, Permission.DELETE)
    if not workspace.is_team:
        raise NotATeamError
    if typed_name.strip() != workspace.name.strip():
        raise NameMismatchError
    hooks.require_deletable(workspace.pk)
    # Waits for what is being started just now, so that it is there to be stopped.
    list(Membership.objects.select_for_update().filter(workspace=workspace).order_by("pk"))
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=timezone.now())
    record(actor=actor.user, action="workspace_deleted", workspace_id=workspace.pk, name=workspace.name)


def restore(*, user: User, workspace_id: UUID) -> None:
    """Take a deletion back, for an owner or for staff; what is there already stays.

    Raises WorkspaceNotFoundError or NotRestorableError.
    """
    workspace = Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()
    owners = Membership.objects.filter(workspace_id=workspace_id, user=user, role=Role.OWNER)
    if workspace is None or not (user.is_staff or owners.exists()):
        raise WorkspaceNotFoundError
    if workspace.deleted_at is None:
        return
    if workspace.deleted_at < timezone.now() - RESTORABLE:
        raise NotRestorableError
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=None)
    record(actor=user, action="workspace_undeleted", workspace_id=workspace.pk)


def leave_all_teams(*, user: User) -> None:
    """Take a person out of every team; a team in which they are alone is deleted and loses its name.

    Raises OwnsTeamsError, or the refusal of an app above for a team that would be paid on.
    """
    # Deleted ones, too: nobody is left to restore them.
    mine = Membership.objects.filter(user=user, workspace__kind=Workspace.Kind.TEAM).select_related("workspace")
    stuck = [membership.workspace.name for membership in mine if _is_needed(membership)]
    if stuck:
        raise OwnsTeamsError(stuck)
    for membership in mine:
        if not _others(membership).exists():
            hooks.require_deletable(membership.workspace_id)
            gone = Workspace.objects.filter(pk=membership.workspace_id)
            gone.update(name="erased", deleted_at=Coalesce("deleted_at", timezone.now()))
        membership.delete()
        record(actor=user, action="member_left", workspace_id=membership.workspace_id)


def list_restorable(user: User) -> QuerySet[Workspace]:
    """Return the workspaces that a person can restore, the last deleted first."""
    mine = Workspace.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    return mine.filter(deleted_at__gte=timezone.now() - RESTORABLE).order_by("-deleted_at")


def _is_needed(membership: Membership) -> bool:
    """Whether a team that is there would lose its last owner, and still have people."""
    Workspace.objects.select_for_update(no_key=True).get(pk=membership.workspace_id)
    if membership.role != Role.OWNER or membership.workspace.deleted_at is not None:
        return False
    others = _others(membership)
    return others.exists() and not others.filter(role=Role.OWNER).exists()


def _others(membership: Membership) -> QuerySet[Membership]:
    others = Membership.objects.filter(workspace_id=membership.workspace_id, user__is_active=True)
    return others.exclude(pk=membership.pk)
