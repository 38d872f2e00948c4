"""The page of a workspace's people, and each act on it. Reads and writes stay in the workspace's own scope."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import activity, invitations, members
from apps.accounts.access import permission_required, workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.members import Member
from apps.accounts.permissions import Permission, Role
from apps.accounts.team_forms import AllowanceForm, InvitationForm, RoleForm, describe_roles
from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.core.htmx import render_page

PAGE = "settings/members.html"


class UnknownRoleError(DomainError):
    """A form named a role that this person cannot give."""

    code = "unknown_role"
    status = 422
    sentence = gettext_lazy("Choose one of the roles that are offered.")


class BadAllowanceError(DomainError):
    """A form named an allowance that is no number of credits."""

    code = "bad_allowance"
    status = 422
    sentence = gettext_lazy("Give the allowance as a whole number of credits, or leave it empty for no limit.")


@never_cache
@require_safe
@workspace_required
def overview(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show who is in the workspace; to who manages people also what each used, and who is invited."""
    return _show(request)


@require_POST
@permission_required(Permission.MANAGE_MEMBERS)
def invite(request: WorkspaceHttpRequest) -> HttpResponse:
    """Invite an address. A refusal is shown at the form, which keeps what was typed."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form, status=422)
    try:
        with workspace_scope(request.workspace.pk):
            invitation = invitations.invite(
                actor=request.membership, email=form.cleaned_data["email"], role=form.cleaned_data["role"]
            )
    except (invitations.AlreadyMemberError, invitations.SeatsTakenError) as refusal:
        form.add_error("email", str(refusal.sentence))
        return _show(request, form=form, status=refusal.status)
    messages.success(request, _("%(email)s is invited.") % {"email": invitation.email})
    return redirect("settings:members")


@require_POST
@permission_required(Permission.MANAGE_MEMBERS)
def invitation_resending(request: WorkspaceHttpRequest, invitation_id: UUID) -> HttpResponse:
    """Send an invitation once more."""
    with workspace_scope(request.workspace.pk):
        invitation = invitations.resend(actor=request.membership, invitation_id=invitation_id)
    messages.success(request, _("A new mail is on its way to %(email)s.") % {"email": invitation.email})
    return redirect("settings:members")


@require_POST
@permission_required(Permission.MANAGE_MEMBERS)
def invitation_revocation(request: WorkspaceHttpRequest, invitation_id: UUID) -> HttpResponse:
    """Withdraw an invitation."""
    with workspace_scope(request.workspace.pk):
        invitation = invitations.revoke(actor=request.membership, invitation_id=invitation_id)
    messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email})
    return redirect("settings:members")


@require_POST
@permission_required(Permission.CHANGE_ROLES)
def role(request: WorkspaceHttpRequest, membership_id: int) -> HttpResponse:
    """Give a member another role."""
    form = RoleForm(request.POST, actor=request.membership)
    if not form.is_valid():
        raise UnknownRoleError
    with workspace_scope(request.workspace.pk):
        members.change_role(actor=request.membership, membership_id=membership_id, role=form.cleaned_data["role"])
    messages.success(request, _("The role is changed."))
    return redirect("settings:members")


@require_POST
@permission_required(Permission.SET_ALLOWANCES)
def allowance(request: WorkspaceHttpRequest, membership_id: int) -> HttpResponse:
    """Set what a member may use in a month, and in a day."""
    form = AllowanceForm(request.POST)
    if not form.is_valid():
        raise BadAllowanceError
    with workspace_scope(request.workspace.pk):
        members.set_allowance(actor=request.membership, membership_id=membership_id, **form.cleaned_data)
    messages.success(request, _("The allowance is saved. It holds from now on."))
    return redirect("settings:members")


@require_POST
@permission_required(Permission.MANAGE_MEMBERS)
def removal(request: WorkspaceHttpRequest, membership_id: int) -> HttpResponse:
    """Take somebody out of the workspace."""
    with workspace_scope(request.workspace.pk):
        name = members.remove(actor=request.membership, membership_id=membership_id)
    messages.success(request, _("%(name)s is not in this workspace any more.") % {"name": name})
    return redirect("settings:members")


@never_cache
@require_safe
@permission_required(Permission.SEE_ACTIVITY)
def acts(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show who did what in the workspace."""
    with workspace_scope(request.workspace.pk):
        context = {"acts": activity.list_acts(request.workspace.pk), "acts_max": activity.SHOWN_MAX}
    return render_page(request, "settings/activity.html", context)


def _show(request: WorkspaceHttpRequest, *, form: InvitationForm | None = None, status: int = 200) -> HttpResponse:
    at = timezone.now()
    with workspace_scope(request.workspace.pk):
        context = _people(request, at=at)
    return render_page(request, PAGE, context | {"form": form or InvitationForm()}, status=status)


def _people(request: WorkspaceHttpRequest, *, at: datetime) -> dict[str, Any]:
    workspace_id, manages = request.workspace.pk, request.membership.may(Permission.MANAGE_MEMBERS)
    listed = members.list_members(workspace_id, at=at)
    waiting = list(invitations.list_open(workspace_id)) if manages else []
    taken = len(listed) + sum(invitation.expires_at > at for invitation in waiting)
    limit = request.workspace.seat_limit
    return {
        "lines": [_line(request, member) for member in listed],
        "invitations": [(invitation, invitation.expires_at > at) for invitation in waiting],
        "manages": manages,
        "roles": describe_roles(),
        "seats_taken": taken,
        "is_full": limit is not None and taken >= limit,
        "is_overfull": limit is not None and len(listed) > limit,
    }


def _line(request: WorkspaceHttpRequest, member: Member) -> dict[str, Any]:
    """Return a member with the forms that this reader may use on them."""
    actor, other = request.membership, member.membership
    may_change = actor.may(Permission.CHANGE_ROLES) and (other.role != Role.OWNER or actor.may(Permission.TRANSFER))
    is_self = other.pk == actor.pk
    return {
        "member": member,
        "is_self": is_self,
        "shows_use": actor.may(Permission.SET_ALLOWANCES) or is_self,
        "role_form": RoleForm(actor=actor, member=other) if may_change else None,
        "allowance_form": AllowanceForm(member=other) if may_change else None,
        "can_remove": may_change and not is_self,
    }
