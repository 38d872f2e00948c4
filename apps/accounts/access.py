"""Who may come in: the decorators of the pages that a customer uses."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import (
    get_reauthentication_flows,
    raise_if_reauthentication_required,
)
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.accounts import selectors, services
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.models import Membership, User
from apps.accounts.permissions import Permission
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.core.rate_limits import STARTS, WRITES, count_write, limit_groups, note_group

View = Callable[..., HttpResponseBase]
# The workspace that was switched to in this browser.
CHOSEN = "workspace_id"
# What the form was made in; a switch in another tab would otherwise send it to another workspace.
FORM_FIELD = "workspace_id"
LISTED_MAX = 50


class WorkspaceChangedError(DomainError):
    """The form was made in another workspace than the one that is chosen now."""

    code = "workspace_changed"
    status = 409
    sentence = _("You have switched to another workspace in another tab. Switch back, or reload this page.")


def workspace_required(view: View) -> View:
    """Let a logged-in user in, with `request.workspace` and `request.membership` (its role) set.

    The workspace is the one that the address names (`workspace_id`), else the one that was switched to, else the one
    that the user prefers. Anonymous users go to the login page (HTMX gets a 401 toast from the middleware). Raises
    WorkspaceNotFoundError for a workspace that the user does not belong to, WorkspaceChangedError for a form from
    another one, RateLimitedError for whoever sends more than a person can.
    """

    @login_required
    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if STARTS not in limit_groups(view):
            count_write(request)
        membership = _enter(request, workspace_id=kwargs.get("workspace_id"))
        made_in = request.POST.get(FORM_FIELD) if request.method == "POST" else None
        if made_in and made_in != str(membership.workspace_id):
            raise WorkspaceChangedError
        return view(request, *args, **kwargs)

    if STARTS not in limit_groups(view):
        note_group(wrapped, WRITES)
    return wrapped


def recently_authenticated(view: View) -> View:
    """Let somebody in who has proved within ACCOUNT_REAUTHENTICATION_TIMEOUT who they are; ask everybody else again.

    By password, code or passkey, on a page of its own; afterwards what they wanted goes on, a POST with what it sent.
    Who has none of these (they come by another account or by mailed codes) logs in again instead.
    """

    @login_required
    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not get_reauthentication_flows(request.user) and not _logged_in_recently(request):
            return _log_in_again(request)
        raise_if_reauthentication_required(request, app="allauth.account")
        return view(request, *args, **kwargs)

    return wrapped


def permission_required(permission: Permission) -> Callable[[View], View]:
    """Let in who may do something in the workspace, as `workspace_required` does. Raises NotPermittedError."""

    def decorate(view: View) -> View:
        @workspace_required
        @wraps(view)
        def wrapped(request: WorkspaceHttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.membership.require(permission)
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def find_membership(request: Any) -> Membership | None:
    """Return under what the user of a request acts; None for nobody, or for somebody without a workspace.

    Asked once per request: the user's memberships are kept for the menu of workspaces.
    """
    known: Membership | None = getattr(request, "membership", None)
    if known is not None:
        return known
    memberships = list_of(request)
    chosen = getattr(request, "session", {}).get(CHOSEN)
    return next((one for one in memberships if str(one.workspace_id) == chosen), next(iter(memberships), None))


def list_of(request: Any) -> list[Membership]:
    """Return the memberships of a request's user with their workspaces, the preferred one first. One query."""
    if not hasattr(request, "memberships"):
        user = getattr(request, "user", None)
        request.memberships = _read(user) if isinstance(user, User) else []
    memberships: list[Membership] = request.memberships
    return memberships


def enter(request: Any, membership: Membership) -> None:
    """Let this browser work in a workspace from now on."""
    request.session[CHOSEN] = str(membership.workspace_id)
    request.membership, request.workspace = membership, membership.workspace


def _logged_in_recently(request: HttpRequest) -> bool:
    times: list[float] = [record["at"] for record in get_authentication_records(request, request.user)]
    oldest: float = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    return max(times, default=0.0) > oldest


def _log_in_again(request: HttpRequest) -> HttpResponseBase:
    get_adapter().logout(request)
    messages.info(request, _("Please log in again to change this."))
    return redirect(f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: request.path})}")


def _enter(request: Any, *, workspace_id: UUID | None) -> Membership:
    membership: Membership | None
    if workspace_id:
        membership = selectors.get_membership(user=request.user, workspace_id=workspace_id)
    else:
        membership = find_membership(request)
    if membership is None:
        services.ensure_personal_workspace(user=request.user)
        del request.memberships
        membership = find_membership(request)
        assert membership is not None
    # The user is known already: nobody asks for it again.
    membership.user = request.user
    request.membership, request.workspace = membership, membership.workspace
    return membership


def _read(user: User) -> list[Membership]:
    with system_scope():
        return list(selectors.list_memberships_by_preference(user)[:LISTED_MAX])
