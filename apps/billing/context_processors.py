"""What every page of the product shows about credits."""

from collections.abc import Callable
from functools import cache

from django.http import HttpRequest

from apps.accounts import selectors as accounts
from apps.billing import selectors


def balance(request: HttpRequest) -> dict[str, Callable[[], int | None]]:
    """Return the available credits of the workspace for templates: asked once, and only by a page that shows them."""

    @cache
    def credit_balance() -> int | None:
        return _available(request)

    return {"credit_balance": credit_balance}


def _available(request: HttpRequest) -> int | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    workspace = getattr(request, "workspace", None)
    if workspace is not None:
        return selectors.get_balance(workspace.pk).available
    # Pages outside of any workspace (settings, mailbox): of the one that the user would act in, in one query.
    credits = accounts.list_memberships_by_preference(user).values_list(
        "workspace__credit_account__balance", "workspace__credit_account__held"
    )
    own, held = credits.first() or (None, None)
    return (own or 0) - (held or 0)
