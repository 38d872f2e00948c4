"""What Stripe's own records say was paid for here: for the catch-up, and to be compared with our books."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.accounts.models import Workspace
from apps.billing import checkout, invoices, payments, stripe_client
from apps.billing.models import Customer, Payment
from apps.core.db import system_scope

Told = dict[str, Any]
PAGE_SIZE = 100


@dataclass(frozen=True)
class Paid:
    """Something that was paid: an object of Stripe's, and the key under which our Payment should have it."""

    kind: str
    stripe_id: str
    source_key: str
    customer_id: str
    named_workspace: str
    amount: int
    currency: str

    def sync(self) -> None:
        """Bring it in, by the function that its events are handled with. Raises what that does."""
        if self.kind == Payment.Kind.PACK:
            checkout.sync_session(self.stripe_id)
        elif self.kind == Payment.Kind.PLAN:
            invoices.sync_invoice(self.stripe_id)
        else:
            payments.sync_payment(self.stripe_id)


def list_paid(*, since: datetime, until: datetime | None = None) -> Iterator[Paid]:
    """Yield what was made within the span and is paid: pack checkouts, subscriptions' invoices, top-ups.

    Raises what `stripe_client.walk` does.
    """
    created = within(since=since, until=until)
    for session in walk_all(lambda v1, page: v1.checkout.sessions.list({**page, **created, "status": "complete"})):
        if session["mode"] == "payment" and session["payment_status"] in checkout.PAID:
            yield _paid(Payment.Kind.PACK, session, key="checkout", amount=session["amount_total"])
    for invoice in walk_all(lambda v1, page: v1.invoices.list({**page, **created, "status": "paid"})):
        if invoices.subscription_of(invoice) and _moves_something(invoice):
            yield _paid(Payment.Kind.PLAN, invoice, key="invoice", amount=invoice["amount_paid"])
    for intent in walk_all(lambda v1, page: v1.payment_intents.list({**page, **created})):
        if intent["status"] == "succeeded" and "top_up_id" in intent["metadata"]:
            top_up_id = intent["metadata"]["top_up_id"]
            yield _paid(Payment.Kind.TOP_UP, intent, key="top_up", amount=intent["amount_received"], name=top_up_id)


def find_paid(payment: Payment) -> Paid | None:
    """Return what Stripe says of one payment of ours; None if it is not paid. Raises what `stripe_client.ask` does."""
    key, _colon, name = payment.source_key.partition(":")
    try:
        if key == "checkout":
            session = stripe_client.ask(lambda v1: v1.checkout.sessions.retrieve(name))
            is_paid = session["payment_status"] in checkout.PAID
            return _paid(payment.kind, session, key=key, amount=session["amount_total"]) if is_paid else None
        if key == "invoice":
            invoice = stripe_client.ask(lambda v1: v1.invoices.retrieve(name))
            is_paid = invoice["status"] == "paid"
            return _paid(payment.kind, invoice, key=key, amount=invoice["amount_paid"]) if is_paid else None
        intent = stripe_client.ask(lambda v1: v1.payment_intents.retrieve(payment.stripe_payment_intent_id))
        is_paid = intent["status"] == "succeeded"
        return _paid(payment.kind, intent, key=key, amount=intent["amount_received"], name=name) if is_paid else None
    except stripe_client.ObjectNotFoundError:
        return None


def within(*, since: datetime, until: datetime | None) -> Told:
    """Return the parameter that narrows a list to what was made within a span; without an end it is open."""
    bounds = {"gte": int(since.timestamp())}
    return {"created": bounds | ({"lt": int(until.timestamp())} if until else {})}


def walk_all(call: Any) -> Iterator[Told]:
    """Yield every object of a list, in pages as large as Stripe has them."""
    return stripe_client.walk(lambda v1: call(v1, {"limit": PAGE_SIZE}))


def find_workspaces(found: Iterable[Paid]) -> dict[str, UUID]:
    """Return whose each thing is, by its source key; what belongs to nobody here is left out.

    An account of Stripe's may serve other products, too. A customer whose row was lost is known by the metadata.
    """
    listed = list(found)
    with system_scope():
        of_customer = dict(
            Customer.objects.filter(stripe_id__in={paid.customer_id for paid in listed}).values_list(
                "stripe_id", "workspace_id"
            )
        )
        named = {paid.source_key: _workspace_named(paid) for paid in listed}
        ids = {workspace_id for workspace_id in named.values() if workspace_id}
        existing = set(Workspace.objects.filter(pk__in=ids).values_list("pk", flat=True))
    owners = {paid.source_key: of_customer.get(paid.customer_id) or named[paid.source_key] for paid in listed}
    known = {*of_customer.values(), *existing}
    return {key: workspace_id for key, workspace_id in owners.items() if workspace_id in known}


def _workspace_named(paid: Paid) -> UUID | None:
    try:
        return UUID(paid.named_workspace)
    except ValueError:
        return None


def _moves_something(invoice: Told) -> bool:
    """Tell whether an invoice brings money or credits; that of a trial, and one that is balanced out, bring neither."""
    plan_lines = [line["amount"] for line in invoice["lines"]["data"] if invoices.is_of_plan(line)]
    return bool(invoice["amount_paid"] > 0 or sum(plan_lines) != 0)


def _paid(kind: str, told: Told, *, key: str, amount: int | None, name: str = "") -> Paid:
    details = (told.get("parent") or {}).get("subscription_details") or {}
    metadata = (told.get("metadata") or {}) | (details.get("metadata") or {})
    return Paid(
        kind=kind,
        stripe_id=told["id"],
        source_key=f"{key}:{name or told['id']}",
        customer_id=told.get("customer") or "",
        named_workspace=metadata.get("workspace_id") or "",
        amount=amount or 0,
        currency=told["currency"] or "",
    )
