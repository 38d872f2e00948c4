"""The page of a person's workspaces: switching, making a team, and what becomes of the one they are in."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import access, hooks, invitations, members, selectors, workspaces
from apps.accounts.access import permission_required, workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.models import Membership
from apps.accounts.permissions import Permission
from apps.accounts.team_forms import DeletionForm, HandOverForm, TeamForm
from apps.core.db import system_scope, workspace_scope
from apps.core.htmx import render_page

PAGE = "settings/workspaces.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
def overview(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show where the person belongs, and what waits for them; make a team."""
    form = TeamForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _show(request, team_form=form)
    with system_scope():
        team = workspaces.create_team(user=request.user, name=form.cleaned_data["name"])
        membership = selectors.get_membership(user=request.user, workspace_id=team.pk)
        workspaces.choose(membership=membership)
    access.enter(request, membership)
    messages.success(request, _("Your team is there, and you are in it."))
    return redirect("settings:members")


@require_POST
@workspace_required
def choice(request: WorkspaceHttpRequest, workspace_id: UUID) -> HttpResponse:
    """Work in one of the person's workspaces from now on. Raises WorkspaceNotFoundError for one of others."""
    with workspace_scope(request.workspace.pk):
        workspaces.choose(membership=request.membership)
    access.enter(request, request.membership)
    messages.success(request, _("You are in %(workspace)s now.") % {"workspace": request.workspace.name})
    return redirect(settings.LOGIN_REDIRECT_URL)


@require_POST
@permission_required(Permission.TRANSFER)
def team(request: WorkspaceHttpRequest) -> HttpResponse:
    """Turn the personal workspace into a team."""
    with workspace_scope(request.workspace.pk):
        workspaces.become_team(actor=request.membership)
    messages.success(request, _("This workspace is a team now. Everything in it stayed as it was."))
    return redirect("settings:members")


@require_POST
@workspace_required
def departure(request: WorkspaceHttpRequest) -> HttpResponse:
    """Leave the workspace. Raises LastOwnerError."""
    with workspace_scope(request.workspace.pk):
        members.leave(actor=request.membership)
    messages.success(request, _("You have left %(workspace)s.") % {"workspace": request.workspace.name})
    return redirect("settings:workspaces")


@require_POST
@permission_required(Permission.TRANSFER)
def ownership(request: WorkspaceHttpRequest) -> HttpResponse:
    """Hand the workspace over to another member."""
    form = HandOverForm(request.POST, others=_list_others(request))
    if not form.is_valid():
        raise members.MemberNotFoundError
    with workspace_scope(request.workspace.pk):
        heir = workspaces.transfer(actor=request.membership, membership_id=form.cleaned_data["member"])
    messages.success(request, _("%(name)s owns this workspace now.") % {"name": heir.user.display_name})
    return redirect("settings:workspaces")


@require_POST
@permission_required(Permission.DELETE)
def deletion(request: WorkspaceHttpRequest) -> HttpResponse:
    """Delete the workspace, once its name was typed; what runs in it is stopped."""
    form = DeletionForm(request.POST)
    if not form.is_valid():
        return _show(request, deletion_form=form)
    try:
        with workspace_scope(request.workspace.pk):
            workspaces.delete(actor=request.membership, typed_name=form.cleaned_data["name"])
    except workspaces.NameMismatchError as refusal:
        form.add_error("name", str(refusal.sentence))
        return _show(request, deletion_form=form)
    hooks.stop_work(request.workspace.pk)
    said = _("%(workspace)s is deleted. You can restore it for %(days)d days.")
    messages.success(request, said % {"workspace": request.workspace.name, "days": workspaces.RESTORABLE.days})
    return redirect("settings:workspaces")


@require_POST
@workspace_required
def restoration(request: WorkspaceHttpRequest, deleted_id: UUID) -> HttpResponse:
    """Restore a workspace that the person owned. Raises WorkspaceNotFoundError or NotRestorableError."""
    with system_scope():
        workspaces.restore(user=request.user, workspace_id=deleted_id)
    messages.success(request, _("The workspace is back, with everything in it."))
    return redirect("settings:workspaces")


@require_POST
@workspace_required
def invitation_acceptance(request: WorkspaceHttpRequest, invitation_id: UUID) -> HttpResponse:
    """Accept an invitation that waits for one of the person's addresses."""
    with system_scope():
        waiting = invitations.list_for(request.user, at=timezone.now()).filter(pk=invitation_id).first()
    if waiting is None:
        raise invitations.InvitationGoneError
    return join(request, invitation_id=waiting.pk, workspace_id=waiting.workspace_id)


def join(request: WorkspaceHttpRequest, *, invitation_id: UUID, workspace_id: UUID) -> HttpResponse:
    """Accept an invitation and lead to the workspace. Raises what `invitations.accept` does."""
    with workspace_scope(workspace_id):
        accepted = invitations.accept(user=request.user, invitation_id=invitation_id, workspace_id=workspace_id)
        workspaces.choose(membership=accepted)
        membership = selectors.get_membership(user=request.user, workspace_id=accepted.workspace_id)
    access.enter(request, membership)
    messages.success(request, _("Welcome to %(workspace)s.") % {"workspace": membership.workspace.name})
    return redirect(settings.LOGIN_REDIRECT_URL)


def _show(request: WorkspaceHttpRequest, **forms: Any) -> HttpResponse:
    with system_scope():
        waiting = list(invitations.list_for(request.user, at=timezone.now()))
        restorable = list(workspaces.list_restorable(request.user))
    others = _list_others(request)
    context = {
        "memberships": access.list_of(request),
        "waiting": waiting,
        "restorable": restorable,
        "restorable_days": workspaces.RESTORABLE.days,
        "others": others,
        "team_form": TeamForm(),
        "hand_over_form": HandOverForm(others=others),
        "deletion_form": DeletionForm(),
        "owns": request.membership.may(Permission.DELETE),
    }
    return render_page(request, PAGE, context | forms, status=422 if request.method == "POST" else 200)


def _list_others(request: WorkspaceHttpRequest) -> list[Membership]:
    """Return who else is in the workspace, for an owner of a team; nobody for others."""
    if not request.workspace.is_team or not request.membership.may(Permission.TRANSFER):
        return []
    with workspace_scope(request.workspace.pk):
        others = Membership.objects.filter(workspace=request.workspace, user__is_active=True)
        return list(others.exclude(pk=request.membership.pk).select_related("user").order_by("created_at"))
