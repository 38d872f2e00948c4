"""Everything that payments have brought about, without what differs by chance: ids, tickets and times of our own."""

from typing import Any
from uuid import UUID

from apps.billing import selectors
from apps.billing.entitlements import entitlements
from apps.billing.models import CheckoutSession, CreditGrant, Invoice, LedgerEntry, Payment, Subscription
from apps.core.models import OutgoingMail

State = dict[str, Any]
OURS = {"id", "workspace_id", "user_id", "fetch_ticket", "created_at", "grant_entry_id", "idempotency_key"}


def read_state(workspace_id: UUID) -> State:
    """Return the rows that mirror Stripe's objects, the ledger by its keys, mails, and what is allowed now."""
    allowed = entitlements(workspace_id)
    entries = LedgerEntry.objects.filter(account_id=workspace_id)
    grants = CreditGrant.objects.filter(account_id=workspace_id)
    state = {
        "sessions": _rows(CheckoutSession, workspace_id),
        "subscriptions": _rows(Subscription, workspace_id),
        "invoices": _rows(Invoice, workspace_id),
        "payments": _rows(Payment, workspace_id),
        "balances": selectors.get_balance(workspace_id),
        "entries": list(entries.values_list("idempotency_key", "kind", "amount")),
        "grants": list(grants.values_list("idempotency_key", "source", "amount", "remaining", "expires_at")),
        "mails": list(OutgoingMail.objects.values_list("key", "subject")),
        "allowed": (allowed.plan.slug, str(allowed.standing), allowed.grace_ends_at),
    }
    names = {str(payment.pk): payment.source_key for payment in Payment.objects.filter(workspace_id=workspace_id)}
    return {part: _named(found, names) if isinstance(found, list) else found for part, found in state.items()}


def _rows(model: Any, workspace_id: UUID) -> list[tuple[Any, ...]]:
    columns = [field.attname for field in model._meta.concrete_fields if field.attname not in OURS]
    return list(model.objects.filter(workspace_id=workspace_id).values_list(*columns))


def _named(rows: list[tuple[Any, ...]], names: dict[str, str]) -> list[tuple[Any, ...]]:
    """Return rows in one order, with payments called by what was paid instead of by an id of ours."""
    called = [tuple(_call(value, names) for value in row) for row in rows]
    return sorted(called, key=repr)


def _call(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for payment_id, source_key in names.items():
            value = value.replace(payment_id, source_key)
    return value
