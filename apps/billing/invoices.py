"""Invoices as Stripe tells them: mirrored, and the credits of a plan granted when one is paid."""

from typing import Any
from uuid import UUID

from apps.billing import customers, notices, payments, stripe_client
from apps.billing.catalogue import load_catalogue
from apps.billing.entitlements import find_live_subscription, grace_end
from apps.billing.mirror import write_down
from apps.billing.models import Invoice, Payment
from apps.billing.subscriptions import NotOursError, moment, payment_intents_of
from apps.billing.sync_plans.wanted import PLAN_PREFIX
from apps.core.db import system_scope


def sync_invoice(stripe_id: str) -> None:
    """Bring our row of an invoice up to what Stripe says now; a paid one of a subscription brings its credits, once.

    Raises NotOursError or what `stripe_client.ask` does.
    """
    ticket = stripe_client.next_ticket()
    told = stripe_client.ask(lambda v1: v1.invoices.retrieve(stripe_id))
    brings_credits = told["status"] == "paid" and subscription_of(told) != ""
    lines = _list_plan_lines(told) if brings_credits else []
    intent_ids = payment_intents_of(stripe_id) if brings_credits else []
    with system_scope():
        workspace_id = customers.find_workspace_id(told["customer"])
        if workspace_id is None:
            raise NotOursError(f"customer {told['customer']}")
        _store(told, workspace_id=workspace_id, ticket=ticket)
        if brings_credits:
            _record(told, workspace_id=workspace_id, lines=lines, intent_id=next(iter(intent_ids), None))
    if intent_ids:
        payments.sync_payment(intent_ids[0])


def subscription_of(told: dict[str, Any]) -> str:
    """Return the id of the subscription that an invoice belongs to; empty for any other."""
    parent = told.get("parent") or {}
    details = parent.get("subscription_details") or {}
    return details.get("subscription") or ""


def is_of_plan(line: dict[str, Any]) -> bool:
    """Tell whether a line of an invoice is for a plan."""
    details = (line.get("pricing") or {}).get("price_details") or {}
    return str(details.get("product") or "").startswith(PLAN_PREFIX)


def credits_of_line(line: dict[str, Any], price: dict[str, Any]) -> int:
    """Return the credits of a line, with its sign: the price's credits in proportion to the money, rounded down.

    A proration is a part of a period, so it is the same part of its credits. A discount changes no credits.
    """
    per_period = int(price["metadata"].get("credits") or 0)
    if not price.get("unit_amount"):
        return 0
    credits: int = per_period * abs(line["amount"]) // price["unit_amount"]
    return credits if line["amount"] >= 0 else -credits


def _list_plan_lines(told: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the lines that are for a plan, each with its price."""
    listed = told["lines"]
    lines = listed["data"]
    if listed.get("has_more"):
        lines = list(stripe_client.walk(lambda v1: v1.invoices.line_items.list(told["id"], {"limit": 100})))
    prices: dict[str, dict[str, Any]] = {}
    found = []
    for line in lines:
        if not is_of_plan(line):
            continue
        price_id = line["pricing"]["price_details"]["price"]
        if price_id not in prices:
            prices[price_id] = _fetch_price(price_id)
        found.append((line, prices[price_id]))
    return found


def _fetch_price(price_id: str) -> dict[str, Any]:
    return stripe_client.ask(lambda v1: v1.prices.retrieve(price_id))


def _store(told: dict[str, Any], *, workspace_id: UUID, ticket: int) -> None:
    """Write what was told unless a later answer was written before; a payment that failed is told to who pays."""
    transitions = told["status_transitions"]
    fields = {
        "stripe_subscription_id": subscription_of(told),
        "number": told.get("number") or "",
        "status": told["status"],
        "total": told["total"],
        "amount_paid": told["amount_paid"],
        "currency": told["currency"],
        "attempt_count": told["attempt_count"],
        "next_payment_attempt_at": moment(told.get("next_payment_attempt")),
        "hosted_url": told.get("hosted_invoice_url") or "",
        "pdf_url": told.get("invoice_pdf") or "",
        "issued_at": moment(transitions.get("finalized_at") or told["created"]),
        "paid_at": moment(transitions.get("paid_at")),
        "fetch_ticket": ticket,
    }
    known = {"workspace_id": workspace_id, "stripe_id": told["id"]}
    invoice, _before = write_down(Invoice, known=known, fields=fields)
    if invoice is None:
        return
    # Whether the first payment fails is seen on Stripe's own page.
    is_renewal = invoice.stripe_subscription_id and told.get("billing_reason") != "subscription_create"
    if invoice.status == Invoice.Status.OPEN and invoice.attempt_count and is_renewal:
        subscription = find_live_subscription(workspace_id)
        ends_at = grace_end(subscription, rules=load_catalogue().rules) if subscription else None
        notices.send_payment_failed(workspace_id=workspace_id, invoice=invoice, grace_ends_at=ends_at)


def _record(
    told: dict[str, Any],
    *,
    workspace_id: UUID,
    lines: list[tuple[dict[str, Any], dict[str, Any]]],
    intent_id: str | None,
) -> None:
    credits = sum(credits_of_line(line, price) for line, price in lines)
    if not credits and not told["amount_paid"]:
        return
    period_ends = [line["period"]["end"] for line, _price in lines if line["amount"] > 0]
    period_end = moment(max(period_ends, default=None))
    paid_at = moment(told["status_transitions"].get("paid_at") or told["created"])
    assert paid_at is not None
    payments.record_payment(
        workspace_id=workspace_id,
        kind=Payment.Kind.PLAN,
        source_key=f"invoice:{told['id']}",
        stripe_subscription_id=subscription_of(told),
        stripe_payment_intent_id=intent_id,
        amount=told["amount_paid"],
        currency=told["currency"],
        credits=credits,
        expires_at=load_catalogue().rules.plan_credits_expire_at(period_end=period_end) if period_end else None,
        paid_at=paid_at,
        receipt_url=told.get("hosted_invoice_url") or "",
    )
