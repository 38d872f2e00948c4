"""Who may come in: the decorator of every page that a customer uses."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase

from apps.accounts import selectors, services
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.models import Membership

View = Callable[..., HttpResponseBase]


def workspace_required(view: View) -> View:
    """Let a logged-in user in, with `request.workspace` and `request.membership` (its role) set.

    The workspace is the one that the address names (`workspace_id`), else the user's personal one. Anonymous users go
    to the login page (HTMX gets a 401 toast from the middleware). Raises WorkspaceNotFoundError for a workspace that
    the user does not belong to.
    """

    @login_required
    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.membership = _membership(request, **kwargs)
        request.workspace = request.membership.workspace
        return view(request, *args, **kwargs)

    return wrapped


def _membership(request: WorkspaceHttpRequest, **kwargs: Any) -> Membership:
    user = request.user
    if "workspace_id" in kwargs:
        return selectors.get_membership(user=user, workspace_id=kwargs["workspace_id"])
    membership = selectors.find_default_membership(user)
    if membership is None:
        workspace = services.ensure_personal_workspace(user=user)
        return selectors.get_membership(user=user, workspace_id=workspace.pk)
    return membership
