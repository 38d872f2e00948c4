"""What every page of the product shows about credits."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.accounts import selectors as accounts
from apps.accounts.models import User
from apps.billing import selectors
from apps.billing.selectors import Balance


def balance(request: HttpRequest) -> dict[str, object]:
    """Return the balances of the workspace for templates: asked once, and only by a page that shows them."""
    return {"credits": SimpleLazyObject(lambda: _balance(request))}


def _balance(request: HttpRequest) -> Balance | None:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return None
    workspace = getattr(request, "workspace", None)
    if workspace is not None:
        return selectors.get_balance(workspace.pk)
    # Pages outside of any workspace (settings, mailbox): of the one that the user would act in, in one query.
    columns = accounts.list_memberships_by_preference(user).values_list(
        "workspace__credit_account__balance", "workspace__credit_account__held", "workspace__credit_account__debt"
    )
    own, held, debt = (value or 0 for value in columns.first() or (0, 0, 0))
    return Balance(balance=own, held=held, available=own - held, debt=debt)
