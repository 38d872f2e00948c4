"""What billing knows about a person: the ledger of their own workspace, which holds no personal data itself."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from apps.accounts.models import User
from apps.accounts.selectors import find_personal_workspace
from apps.billing import selectors


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return the balances and every ledger entry of the user's own workspace."""
    assert isinstance(user, User)
    workspace = find_personal_workspace(user)
    if workspace is None:
        return {}
    entries = selectors.list_entries(workspace.pk).values("created_at", "kind", "amount", "balance_after", "note")
    return {
        "balance": selectors.get_balance(workspace.pk)._asdict(),
        "entries": [entry | {"created_at": entry["created_at"].isoformat()} for entry in entries],
    }


def erase(user: AbstractBaseUser) -> None:
    """Keep everything: entries name a workspace, not a person, and money must stay provable."""
