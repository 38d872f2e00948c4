"""Who may spend a workspace's money: buy, open the portal, change its rules."""

from apps.accounts import permissions
from apps.accounts.models import Membership
from apps.accounts.permissions import NotPermittedError, Permission

# Who is told about money: those who can do something about it.
BUYERS = permissions.roles_with(Permission.BUY)


class NotABuyerError(NotPermittedError):
    """A member wanted to spend the workspace's money."""

    code = "not_a_buyer"


def can_buy(role: str) -> bool:
    """Tell whether a member with this role may buy for the workspace."""
    return permissions.allows(role, Permission.BUY)


def require_buyer(membership: Membership, *, permission: Permission = Permission.BUY) -> None:
    """Raise NotABuyerError unless a member may buy for the workspace, or do the other act named."""
    if not membership.may(permission):
        raise NotABuyerError(permission)
