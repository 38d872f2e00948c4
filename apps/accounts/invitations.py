"""Invitations into a workspace: one mail for one address, good once and for a week, withdrawn at any time.

A seat is kept for whoever is invited: people and pending invitations together never exceed the seats of the plan, and
both are counted under the workspace's lock.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.accounts import mailed_links
from apps.accounts.activity import record
from apps.accounts.locking import lock_as, lock_workspace
from apps.accounts.models import Invitation, Membership, User, Workspace
from apps.accounts.permissions import DESCRIPTIONS, Permission, Role
from apps.accounts.workspaces import NotATeamError
from apps.core import mailing
from apps.core.errors import DomainError
from apps.core.mail_rendering import absolute_url

# In a session: the invitation whose link was followed in this browser. The link itself is kept nowhere.
FOLLOWED = "invitation"
LIFETIME = timedelta(days=7)
RESEND_PAUSE = timedelta(minutes=1)
MAILS_PER_DAY_MAX = 50


class InvitationGoneError(DomainError):
    """The link was used, withdrawn, replaced or is too old; or there never was one. The five are not told apart."""

    code = "invitation_gone"
    status = 404
    sentence = gettext_lazy(
        "This invitation is no longer valid. It may be too old, or used already. Ask for a new one."
    )


class OtherAddressError(DomainError):
    """The invitation is for an address that is not this person's, or not confirmed yet."""

    code = "invitation_for_another_address"
    status = 403
    sentence = gettext_lazy("This invitation is for another e-mail address. Log in with that one to accept it.")


class AlreadyMemberError(DomainError):
    """The person who is invited is in the workspace."""

    code = "already_member"
    status = 409
    sentence = gettext_lazy("This person is in the workspace already.")


class SeatsTakenError(DomainError):
    """Members and pending invitations fill all seats of the plan."""

    code = "seats_taken"
    status = 402

    def __init__(self, seats: int) -> None:
        taken = ngettext(
            "The %(seats)d seat of this workspace's plan is taken.",
            "All %(seats)d seats of this workspace's plan are taken.",
            seats,
        )
        advice = _("Choose a plan with more seats, remove somebody, or withdraw an invitation.")
        super().__init__(f"{taken % {'seats': seats}} {advice}")


class TooManyMailsError(DomainError):
    """Invitations leave more often than people can answer them."""

    code = "too_many_invitations"
    status = 429
    sentence = gettext_lazy("That was a lot of invitations. Wait a while, then send the next one.")


def invite(*, actor: Membership, email: str, role: str, at: datetime | None = None) -> Invitation:
    """Invite an address, with one mail; who is invited already gets the new role and no second mail, until it expires.

    Raises NotPermittedError, NotATeamError, AlreadyMemberError, SeatsTakenError or TooManyMailsError.
    """
    at, email = at or timezone.now(), email.strip().lower()
    workspace, actor = lock_as(actor, Permission.MANAGE_MEMBERS)
    if not workspace.is_team:
        raise NotATeamError
    if _list_addressed(email).filter(memberships__workspace=workspace).exists():
        raise AlreadyMemberError
    known = list_open(workspace.pk).filter(email=email).first()
    is_pending = known is not None and known.expires_at > at
    if not is_pending:
        require_seat(workspace, at=at)
        _require_mail(workspace, at=at)
    invitation = known or Invitation(workspace=workspace, email=email)
    if is_pending and invitation.role == role:
        return invitation
    invitation.role = role
    if is_pending:
        invitation.save(update_fields=["role"])
    else:
        _send(invitation, inviter=actor.user, at=at, is_new=known is None)
    record(
        actor=actor.user, action="member_invited", workspace_id=workspace.pk, invitation=str(invitation.pk), role=role
    )
    return invitation


def resend(*, actor: Membership, invitation_id: UUID, at: datetime | None = None) -> Invitation:
    """Send an open invitation once more with a new link, good for another week; the old link is void.

    Raises NotPermittedError, InvitationGoneError, SeatsTakenError or TooManyMailsError.
    """
    at = at or timezone.now()
    workspace, actor = lock_as(actor, Permission.MANAGE_MEMBERS)
    invitation = _get_open(workspace, invitation_id)
    if at - invitation.sent_at < RESEND_PAUSE:
        raise TooManyMailsError(retry_after_seconds=int(RESEND_PAUSE.total_seconds()))
    _require_mail(workspace, at=at)
    if invitation.expires_at <= at:
        require_seat(workspace, at=at)
    _send(invitation, inviter=actor.user, at=at)
    record(actor=actor.user, action="invitation_resent", workspace_id=workspace.pk, invitation=str(invitation.pk))
    return invitation


def revoke(*, actor: Membership, invitation_id: UUID) -> Invitation:
    """Withdraw an open invitation: its link is void at once. Raises NotPermittedError or InvitationGoneError."""
    workspace, actor = lock_as(actor, Permission.MANAGE_MEMBERS)
    invitation = _get_open(workspace, invitation_id)
    Invitation.objects.filter(pk=invitation.pk).update(revoked_at=timezone.now())
    record(actor=actor.user, action="invitation_revoked", workspace_id=workspace.pk, invitation=str(invitation.pk))
    return invitation


def find_by_secret(secret: str, *, at: datetime | None = None) -> Invitation | None:
    """Return the invitation that a link names, if it can be accepted or was accepted; across workspaces."""
    return _find(at=at, digest=mailed_links.digest_of(secret))


def find_followed(session: Mapping[str, Any], *, at: datetime | None = None) -> Invitation | None:
    """Return the same of the link that was followed in a browser, if it still can be; across workspaces."""
    followed = session.get(FOLLOWED)
    return None if followed is None else _find(at=at, pk=UUID(followed))


def accept(*, user: User, invitation_id: UUID, workspace_id: UUID, at: datetime | None = None) -> Membership:
    """Let the person whose address was invited into the workspace. Again by the same person: the same membership.

    Raises InvitationGoneError, OtherAddressError or SeatsTakenError.
    """
    at = at or timezone.now()
    workspace = lock_workspace(workspace_id)
    invitation = Invitation.objects.filter(pk=invitation_id, workspace=workspace, revoked_at=None).first()
    if invitation is None:
        raise InvitationGoneError
    if not is_for(invitation, user=user):
        raise OtherAddressError
    membership = Membership.objects.filter(workspace=workspace, user=user).first()
    if invitation.accepted_at is not None or invitation.expires_at <= at:
        if membership is None:
            raise InvitationGoneError
        return membership
    if membership is None:
        _require_seat_for_one_more(workspace)
        membership = Membership.objects.create(workspace=workspace, user=user, role=invitation.role)
        record(actor=user, action="invitation_accepted", workspace_id=workspace.pk, role=invitation.role)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=at)
    return membership


def is_for(invitation: Invitation, *, user: User) -> bool:
    """Tell whether an invitation is for an address that this person has confirmed."""
    return bool(EmailAddress.objects.filter(user=user, email=invitation.email, verified=True).exists())


def list_open(workspace_id: UUID) -> QuerySet[Invitation]:
    """Return the invitations of a workspace that nobody has accepted or withdrawn, also those that are too old."""
    open_ones = Invitation.objects.filter(workspace_id=workspace_id, accepted_at=None, revoked_at=None)
    return open_ones.order_by("created_at", "pk")


def list_for(user: User, *, at: datetime) -> QuerySet[Invitation]:
    """Return the invitations that wait for a person, at the addresses that they have confirmed; across workspaces."""
    addresses = EmailAddress.objects.filter(user=user, verified=True).values("email")
    waiting = Invitation.objects.filter(email__in=addresses, accepted_at=None, revoked_at=None, expires_at__gt=at)
    return waiting.filter(workspace__deleted_at=None).select_related("workspace", "invited_by").order_by("created_at")


def count_taken(workspace_id: UUID, *, at: datetime) -> int:
    """Return how many seats are taken: by members, and by invitations that can still be accepted."""
    members = Membership.objects.filter(workspace_id=workspace_id).count()
    return members + list_open(workspace_id).filter(expires_at__gt=at).count()


def require_seat(workspace: Workspace, *, at: datetime) -> None:
    """Raise SeatsTakenError unless there is a seat for one more invitation. Under the workspace's lock."""
    if workspace.seat_limit is not None and count_taken(workspace.pk, at=at) >= workspace.seat_limit:
        raise SeatsTakenError(workspace.seat_limit)


def _find(*, at: datetime | None, **named: Any) -> Invitation | None:
    found = Invitation.objects.filter(**named, revoked_at=None, workspace__deleted_at=None)
    invitation = found.select_related("workspace", "invited_by").first()
    if invitation is None or (invitation.accepted_at is None and invitation.expires_at <= (at or timezone.now())):
        return None
    return invitation


def _require_seat_for_one_more(workspace: Workspace) -> None:
    """The seat was kept when the invitation was made; the plan may have become smaller since."""
    members = Membership.objects.filter(workspace=workspace).count()
    if workspace.seat_limit is not None and members >= workspace.seat_limit:
        raise SeatsTakenError(workspace.seat_limit)


def _require_mail(workspace: Workspace, *, at: datetime) -> None:
    recent = Invitation.objects.filter(workspace=workspace, sent_at__gt=at - timedelta(days=1))
    if (recent.aggregate(mails=Sum("mails_sent"))["mails"] or 0) >= MAILS_PER_DAY_MAX:
        raise TooManyMailsError(retry_after_seconds=3600)


def _send(invitation: Invitation, *, inviter: User, at: datetime, is_new: bool = False) -> None:
    secret = mailed_links.new_secret()
    invitation.invited_by = inviter
    invitation.digest, invitation.sent_at, invitation.expires_at = mailed_links.digest_of(secret), at, at + LIFETIME
    if not is_new:
        invitation.mails_sent += 1
    invitation.save(force_insert=is_new)
    mailing.send(
        key=f"invitation:{invitation.pk}:{invitation.mails_sent}",
        to=invitation.email,
        template="mail/invitation.html",
        workspace_name=invitation.workspace.name,
        inviter=inviter.display_name,
        role=Role(invitation.role).label,
        role_means=DESCRIPTIONS[invitation.role],
        expires_at=invitation.expires_at,
        invitation_url=absolute_url("invitation", secret=secret),
    )


def _get_open(workspace: Workspace, invitation_id: UUID) -> Invitation:
    rows = list_open(workspace.pk).select_related("workspace", "invited_by")
    invitation = rows.filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationGoneError
    return invitation


def _list_addressed(email: str) -> QuerySet[User]:
    """Return who has confirmed an address."""
    return User.objects.filter(emailaddress__email=email, emailaddress__verified=True)
