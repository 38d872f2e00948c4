"""What becomes of a workspace as a whole: made, turned into a team, chosen, handed over, deleted and restored.

All of it belongs into a scope; who may do it is asked again under the workspace's lock.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.accounts import hooks
from apps.accounts.activity import record
from apps.accounts.locking import lock_as
from apps.accounts.members import MemberNotFoundError
from apps.accounts.models import ApiKey, Invitation, Membership, User, Workspace
from apps.accounts.permissions import Permission, Role
from apps.accounts.selectors import STAYING, WorkspaceNotFoundError
from apps.core import audit, mail
from apps.core.db import system_scope
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
    record(actor=user, action="workspace_created", workspace_id=workspace.pk)
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
    heir = others.filter(STAYING, pk=membership_id).first()
    if heir is None:
        raise MemberNotFoundError
    Membership.objects.filter(pk=heir.pk).update(role=Role.OWNER, allowance_credits=None, daily_allowance_credits=None)
    Membership.objects.filter(pk=actor.pk).update(role=Role.ADMIN)
    record(actor=actor.user, action="workspace_transferred", workspace_id=workspace.pk, member=heir.user_id)
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
    record(actor=actor.user, action="workspace_deleted", workspace_id=workspace.pk)


def restore(*, user: User, workspace_id: UUID, is_act_of_staff: bool = False) -> None:
    """Take a deletion back, for an owner; what is there already stays. The caller checks the permission of staff.

    Raises WorkspaceNotFoundError or NotRestorableError.
    """
    workspace = Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()
    owners = Membership.objects.filter(workspace_id=workspace_id, user=user, role=Role.OWNER)
    if workspace is None or not (is_act_of_staff or owners.exists()):
        raise WorkspaceNotFoundError
    if workspace.deleted_at is None:
        return
    if workspace.erased_at is not None or workspace.deleted_at < timezone.now() - RESTORABLE:
        raise NotRestorableError
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=None)
    record(actor=user, action="workspace_undeleted", workspace_id=workspace.pk)


def require_owners_left(user: User) -> None:
    """Raise OwnsTeamsError if a team with others in it would be without an owner once this person is gone."""
    mine = _list_teams_of(user).select_related("workspace").order_by("workspace_id")
    stuck = [membership.workspace.name for membership in mine if _is_needed(membership)]
    if stuck:
        raise OwnsTeamsError(stuck)


def leave_all_teams(*, user: User) -> None:
    """Take a person out of every team. Raises OwnsTeamsError."""
    require_owners_left(user)
    for membership in _list_teams_of(user):
        membership.delete()
        record(actor=user, action="member_left", workspace_id=membership.workspace_id)
        _ensure_owner(membership.workspace_id, after=user)


def list_ending_with(user: User) -> QuerySet[Workspace]:
    """Return the workspaces that end when this person is gone: their own, and teams in which nobody else is left.

    Who is leaving, too, is still there: they may take it back.
    """
    mine = Workspace.objects.filter(memberships__user=user, erased_at=None)
    others = Membership.objects.filter(workspace=OuterRef("pk"), user__is_active=True).exclude(user=user)
    return mine.filter(~Exists(others))


def erase(workspace_id: UUID) -> None:
    """Empty a workspace for good: texts, people, names, and what Stripe knows. Its money rows stay, nameless.

    Outside of a transaction. Whoever was cut off calls it again: it is done once `erased_at` is set, which is last.
    """
    hooks.erase(workspace_id)
    with system_scope():
        workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
        if workspace.erased_at is not None:
            return
        ApiKey.objects.filter(workspace=workspace).delete()
        asked = Invitation.objects.filter(workspace=workspace)
        for invitation_id in asked.values_list("pk", flat=True):
            mail.erase_mails(key_prefix=f"invitation:{invitation_id}:")
        asked.filter(accepted_at=None, revoked_at=None).update(revoked_at=timezone.now())
        asked.update(email=f"erased-{workspace_id}@erased.invalid")
        workspace.name, workspace.erased_at = "erased", timezone.now()
        if workspace.is_team:
            workspace.deleted_at = workspace.deleted_at or workspace.erased_at
            Membership.objects.filter(workspace=workspace).delete()
        workspace.save(update_fields=["name", "erased_at", "deleted_at"])
        audit.record(actor="accounts", action="workspace_erased", subject=f"workspace:{workspace_id}")


def list_erasable_ids(*, at: datetime) -> list[UUID]:
    """Return the teams that were deleted too long ago to be restored, and are not erased yet, oldest first."""
    due = Workspace.objects.filter(deleted_at__lt=at - RESTORABLE, erased_at=None)
    return list(due.order_by("deleted_at").values_list("pk", flat=True))


def list_restorable(user: User) -> QuerySet[Workspace]:
    """Return the workspaces that a person can restore, the last deleted first."""
    mine = Workspace.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    return mine.filter(deleted_at__gte=timezone.now() - RESTORABLE).order_by("-deleted_at")


def _list_teams_of(user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, workspace__kind=Workspace.Kind.TEAM)


def _ensure_owner(workspace_id: UUID, *, after: User) -> None:
    """Make somebody an owner where all who are left are leaving, too: one of them may stay after all."""
    people = Membership.objects.filter(workspace_id=workspace_id).order_by("-user__is_active", "created_at", "pk")
    heir = people.first()
    if heir is not None and not people.filter(role=Role.OWNER).exists():
        Membership.objects.filter(pk=heir.pk).update(
            role=Role.OWNER, allowance_credits=None, daily_allowance_credits=None
        )
        record(actor=after, action="workspace_transferred", workspace_id=workspace_id, member=heir.user_id)


def _is_needed(membership: Membership) -> bool:
    """Whether a team that is there would lose its last owner, and still have people."""
    # Two owners who leave at once come one after the other.
    Workspace.objects.select_for_update(no_key=True).get(pk=membership.workspace_id)
    if membership.role != Role.OWNER or membership.workspace.deleted_at is not None:
        return False
    others = Membership.objects.filter(STAYING, workspace_id=membership.workspace_id).exclude(pk=membership.pk)
    return others.exists() and not others.filter(role=Role.OWNER).exists()
