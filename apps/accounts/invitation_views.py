"""The link in the mail of an invitation: it is kept in the session and leaves the address at once.

Whoever is not logged in comes back here after logging in or signing up, as the adapter says.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import invitations, team_views
from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.invitations import FOLLOWED
from apps.accounts.models import Invitation, User
from apps.core.db import system_scope

PAGE = "account/invitation.html"


@never_cache
@require_safe
def follow(request: HttpRequest, secret: str) -> HttpResponse:
    """Take a link from a mail, and go on at an address without its secret."""
    with system_scope():
        invitation = invitations.find_by_secret(secret)
    if invitation is None:
        return render(request, PAGE, {"invitation": None}, status=404)
    request.session[FOLLOWED] = str(invitation.pk)
    return redirect("invitation_waiting")


@never_cache
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """Show the invitation that was followed here: to join, to log in or to sign up first, or why neither helps."""
    with system_scope():
        invitation = invitations.find_followed(request.session)
        context = _context(request, invitation)
    return render(request, PAGE, context, status=200 if invitation else 404)


@require_POST
@workspace_required
def acceptance(request: WorkspaceHttpRequest) -> HttpResponse:
    """Join the workspace. Raises InvitationGoneError, OtherAddressError or SeatsTakenError."""
    with system_scope():
        invitation = invitations.find_followed(request.session)
    if invitation is None:
        raise invitations.InvitationGoneError
    response = team_views.join(request, invitation_id=invitation.pk, workspace_id=invitation.workspace_id)
    del request.session[FOLLOWED]
    return response


def _context(request: HttpRequest, invitation: Invitation | None) -> dict[str, Any]:
    user = request.user
    is_for_reader = invitation is not None and isinstance(user, User) and invitations.is_for(invitation, user=user)
    return {"invitation": invitation, "is_for_reader": is_for_reader}
