"""The people of a workspace: their roles, what they may use, and how they leave. Each act under the workspace's lock.

An admin manages everybody but owners; there is always an owner.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.accounts import hooks
from apps.accounts.activity import record
from apps.accounts.locking import lock_as, lock_workspace
from apps.accounts.models import Membership
from apps.accounts.permissions import NotPermittedError, Permission, Role
from apps.accounts.selectors import STAYING, WorkspaceNotFoundError
from apps.core import mailing
from apps.core.errors import DomainError


class MemberNotFoundError(DomainError):
    """Nobody like that belongs to this workspace any more."""

    code = "member_not_found"
    status = 404
    sentence = _("This person is not in the workspace any more.")


class LastOwnerError(DomainError):
    """The workspace would be left without an owner."""

    code = "last_owner"
    status = 409
    sentence = _("A workspace needs an owner. Make somebody else an owner first.")


@dataclass(frozen=True)
class Member:
    """Somebody in a workspace, with the credits that they have used of it this month (UTC)."""

    membership: Membership
    used_credits: int

    @property
    def percent(self) -> int:
        """How much of the allowance is used, from 0 to 100."""
        allowance = self.membership.allowance_credits
        if allowance is None:
            return 0
        return min(100, self.used_credits * 100 // allowance) if allowance else 100


def list_members(workspace_id: UUID, *, at: datetime) -> list[Member]:
    """Return the people of a workspace, who came first before the others."""
    memberships = (
        Membership.objects.filter(workspace_id=workspace_id).select_related("user").order_by("created_at", "pk")
    )
    used = hooks.count_used(workspace_id, at=at)
    return [Member(membership, used.get(membership.user_id, 0)) for membership in memberships]


def change_role(*, actor: Membership, membership_id: int, role: str) -> None:
    """Give a member another role. Raises NotPermittedError, MemberNotFoundError or LastOwnerError."""
    _workspace, actor = lock_as(actor, Permission.CHANGE_ROLES)
    member = _get(actor, membership_id)
    if member.role == role:
        return
    if Role.OWNER in {member.role, role}:
        actor.require(Permission.TRANSFER)
    if member.role == Role.OWNER:
        require_other_owner(member)
    changed: dict[str, str | None] = {"role": role}
    if role == Role.OWNER:
        changed |= {"allowance_credits": None, "daily_allowance_credits": None}
    Membership.objects.filter(pk=member.pk).update(**changed)
    record(
        actor=actor.user,
        action="role_changed",
        workspace_id=actor.workspace_id,
        member=member.user_id,
        role=[member.role, role],
    )


def set_allowance(
    *, actor: Membership, membership_id: int, credits: int | None, daily_credits: int | None = None
) -> None:
    """Set what a member may use in a month and in a day (UTC), in credits; None for as much as there is.

    Raises NotPermittedError or MemberNotFoundError.
    """
    _workspace, actor = lock_as(actor, Permission.SET_ALLOWANCES)
    member = _get(actor, membership_id)
    if member.role == Role.OWNER:
        actor.require(Permission.TRANSFER)
    if (member.allowance_credits, member.daily_allowance_credits) == (credits, daily_credits):
        return
    Membership.objects.filter(pk=member.pk).update(allowance_credits=credits, daily_allowance_credits=daily_credits)
    record(
        actor=actor.user,
        action="allowance_set",
        workspace_id=actor.workspace_id,
        member=member.user_id,
        credits=[member.allowance_credits, credits],
        daily_credits=[member.daily_allowance_credits, daily_credits],
    )


def remove(*, actor: Membership, membership_id: int) -> str:
    """Take somebody out of a workspace, at once, and tell them by mail; return how they are called.

    What they made stays.
    Raises NotPermittedError, MemberNotFoundError or LastOwnerError.
    """
    workspace, actor = lock_as(actor, Permission.MANAGE_MEMBERS)
    member = _get(actor, membership_id)
    if member.role == Role.OWNER:
        if not actor.may(Permission.TRANSFER):
            raise NotPermittedError(Permission.TRANSFER)
        require_other_owner(member)
    member.delete()
    record(actor=actor.user, action="member_removed", workspace_id=actor.workspace_id, member=member.user_id)
    mailing.send(
        key=f"member_removed:{membership_id}",
        to=member.user.email,
        template="mail/member_removed.html",
        workspace_name=workspace.name,
        remover=actor.user.display_name,
        role=Role(actor.role).label,
    )
    return member.user.display_name


def leave(*, actor: Membership) -> None:
    """Leave a workspace. Raises LastOwnerError for the last owner, WorkspaceNotFoundError if it happened already."""
    lock_workspace(actor.workspace_id)
    member = Membership.objects.select_related("user").filter(pk=actor.pk).first()
    if member is None:
        raise WorkspaceNotFoundError
    if member.role == Role.OWNER:
        require_other_owner(member)
    member.delete()
    record(actor=member.user, action="member_left", workspace_id=actor.workspace_id)


def require_other_owner(member: Membership) -> None:
    """Raise LastOwnerError unless somebody else owns the workspace, too. Under the workspace's lock."""
    owners = Membership.objects.filter(STAYING, workspace_id=member.workspace_id, role=Role.OWNER)
    if not owners.exclude(pk=member.pk).exists():
        raise LastOwnerError


def _get(actor: Membership, membership_id: int) -> Membership:
    of_workspace = Membership.objects.filter(workspace_id=actor.workspace_id).select_related("user")
    member = of_workspace.filter(pk=membership_id).first()
    if member is None:
        raise MemberNotFoundError
    return member
