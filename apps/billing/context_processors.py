"""What every page of the product shows about credits."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.accounts.access import find_membership
from apps.accounts.models import User
from apps.billing import selectors
from apps.billing.selectors import Balance
from apps.core.db import workspace_scope


def balance(request: HttpRequest) -> dict[str, object]:
    """Return the balances of the workspace for templates: asked once, and only by a page that shows them."""
    return {"credits": SimpleLazyObject(lambda: _balance(request))}


def _balance(request: HttpRequest) -> Balance | None:
    membership = find_membership(request)
    if membership is not None:
        with workspace_scope(membership.workspace_id):
            return selectors.get_balance(membership.workspace_id)
    return Balance(0, 0, 0, 0) if isinstance(getattr(request, "user", None), User) else None
