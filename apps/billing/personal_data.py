"""What billing knows about a person: what was bought, and the ledger of their own workspace."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model

from apps.accounts.models import User
from apps.accounts.selectors import find_personal_workspace
from apps.accounts.services import addresses_of
from apps.billing import erasing, former_addresses, selectors
from apps.billing.customers import find_customer_id
from apps.billing.models import CreditGrant, Invoice, Payment, Subscription
from apps.core.db import system_scope
from apps.core.personal_data import in_batches

# What was bought, and how it is told.
SOLD: list[tuple[str, type[Model], list[str]]] = [
    ("plans", Subscription, ["plan", "interval", "status", "started_at", "cancel_at", "ended_at"]),
    ("payments", Payment, ["kind", "amount", "currency", "amount_refunded", "credits", "paid_at"]),
    ("invoices", Invoice, ["number", "status", "total", "currency", "issued_at", "paid_at"]),
]


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return balances, plans, payments, invoices and every ledger entry of the user's own workspace."""
    assert isinstance(user, User)
    workspace = find_personal_workspace(user)
    if workspace is None:
        return {}
    sold = {
        name: list(model._default_manager.filter(workspace=workspace).values(*fields)) for name, model, fields in SOLD
    }
    return {
        "balance": selectors.get_balance(workspace.pk)._asdict(),
        "stripe_customer": find_customer_id(workspace.pk),
        **sold,
        "entries": _entries(workspace.pk),
    }


def erase(user: AbstractBaseUser) -> None:
    """Keep the money, which names a workspace and not a person; forget where Stripe's events tell who it was.

    A keyed hash of the addresses that had their welcome stays. Stripe's customer goes with the workspace (erasing.py).
    """
    assert isinstance(user, User)
    addresses = addresses_of(user)
    with system_scope():
        welcomes = CreditGrant.objects.filter(account__workspace__made_for=user, source=CreditGrant.Source.SIGN_UP)
        if welcomes.exists():
            former_addresses.remember(addresses)
    erasing.strip_events(addresses)


def _entries(workspace_id: UUID) -> Iterator[dict[str, Any]]:
    for entry in in_batches(selectors.list_entries(workspace_id)):
        known = {name: getattr(entry, name) for name in ("kind", "amount", "balance_after", "note")}
        yield known | {"created_at": entry.created_at.isoformat()}
