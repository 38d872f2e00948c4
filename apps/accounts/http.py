"""The request of a page that a customer uses."""

from apps.accounts.models import Membership, User, Workspace
from apps.core.http import HttpRequest


class WorkspaceHttpRequest(HttpRequest):
    """A request of a logged-in user who acts in a workspace, under a role (see access.py)."""

    user: User
    workspace: Workspace
    membership: Membership
    memberships: list[Membership]
