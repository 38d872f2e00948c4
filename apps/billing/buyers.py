"""Who may spend a workspace's money: buy, open the portal, change its rules."""

from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Membership
from apps.core.errors import DomainError

BUYERS: frozenset[str] = frozenset({Membership.Role.OWNER, Membership.Role.ADMIN})


class NotABuyerError(DomainError):
    """A member wanted to spend the workspace's money."""

    code = "not_a_buyer"
    status = 403
    sentence = _("Only owners and admins of this workspace can buy or change its plan. Ask one of them.")


def can_buy(role: str) -> bool:
    """Tell whether a member with this role may buy for the workspace."""
    return role in BUYERS


def require_buyer(membership: Membership) -> None:
    """Raise NotABuyerError unless a member may buy for the workspace."""
    if not can_buy(membership.role):
        raise NotABuyerError
