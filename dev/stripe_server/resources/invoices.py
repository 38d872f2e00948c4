"""Invoices: drafted, finalized, paid or not. What a payment means for the subscription is `collection`'s."""

import copy
from typing import Any

import stripe

from dev.stripe_server import totals
from dev.stripe_server.calendar import HOUR
from dev.stripe_server.errors import StripeError
from dev.stripe_server.resources import payments
from dev.stripe_server.resources.lines import Line, read_line
from dev.stripe_server.resources.payments import SUCCEEDED
from dev.stripe_server.shapes import Object, build, listing
from dev.stripe_server.world import World, new_id

# A renewal's invoice stays open to changes for about an hour.
DRAFT_SECONDS = HOUR
TAX = {"tax_behavior": "exclusive", "taxability_reason": "standard_rated", "type": "tax_rate_details"}
TAX_RATE = {"tax_rate_details": {"tax_rate": "txr_standin"}}


def draft(
    world: World, *, customer: Object, lines: list[Line], reason: str, subscription: Object | None = None, **more: Any
) -> Object:
    """Make a draft of these lines. It finalizes itself later only at a renewal."""
    made, now = new_id("in_"), world.now(customer["id"])
    discounts = use_discounts(world, subscription=subscription, at=now)
    values = _values_of(customer, subscription=subscription, now=now)
    values |= {"id": made, "billing_reason": reason, "discounts": discounts, "currency": lines[0].currency}
    values |= {"period_start": now, "period_end": now}
    invoice = world.add(stripe.Invoice, **{**values, **_no_amounts(made), **more})
    world.note(made)["lines"] = [each.as_json() for each in lines]
    _fill(world, invoice=invoice)
    world.emit("invoice.created", invoice)
    return invoice


def preview(world: World, *, customer: Object, lines: list[Line], subscription: Object) -> Object:
    """Return an invoice as it will be, without keeping it."""
    now, made = world.now(customer["id"]), new_id("upcoming_in_")
    discounts = active_discounts(world, subscription=subscription, at=now)
    values = _values_of(customer, subscription=subscription, now=now)
    values |= {"id": made, "billing_reason": "upcoming", "discounts": discounts, "currency": lines[0].currency}
    values |= {"created": now, "period_start": lines[0].start, "period_end": lines[0].start}
    invoice = build(stripe.Invoice, **{**values, **_no_amounts(made)})
    _fill(world, invoice=invoice, lines=lines)
    return invoice


def finalize(world: World, *, invoice: Object, intent: Object | None = None) -> None:
    """Number an invoice, use the customer's balance, and ask for the rest, unless this intent has paid it already."""
    _fill(world, invoice=invoice)
    customer, now = world.get("customer", invoice["customer"]), world.now(invoice["customer"])
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    world.change(customer, next_invoice_sequence=customer["next_invoice_sequence"] + 1)
    if intent is None:
        _use_balance(world, invoice=invoice, customer=customer)
    address = f"{world.base_url}/invoices/{invoice['id']}"
    transitions = {**invoice["status_transitions"], "finalized_at": now}
    changes = {"status": "open", "number": number, "status_transitions": transitions, "effective_at": now}
    changes |= {"hosted_invoice_url": address, "invoice_pdf": f"{address}/pdf", "automatically_finalizes_at": None}
    previous = world.change(invoice, **changes)
    world.emit("invoice.finalized", invoice, previous=previous)
    if invoice["amount_due"]:
        ask(world, invoice=invoice, customer=customer, intent=intent)


def ask(world: World, *, invoice: Object, customer: Object, intent: Object | None = None) -> Object:
    """Make the payment intent of an invoice, or take the one that paid already, and link the two."""
    if intent is None:
        description = "Subscription creation" if invoice["billing_reason"] == "subscription_create" else None
        intent = payments.add_intent(
            world,
            amount=invoice["amount_due"],
            currency=invoice["currency"],
            customer=customer,
            description=description or "Subscription update",
        )
    return world.add(
        stripe.InvoicePayment,
        prefix="inpay_",
        amount_requested=invoice["amount_due"],
        created=world.now(customer["id"]),
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={},
    )


def mark_paid(world: World, *, invoice: Object, is_out_of_band: bool = False) -> None:
    """Close an invoice as paid."""
    now = world.now(invoice["customer"])
    paid = 0 if is_out_of_band else invoice["amount_due"]
    transitions = {**invoice["status_transitions"], "paid_at": now}
    changes = {"status": "paid", "amount_paid": paid, "amount_remaining": 0, "status_transitions": transitions}
    changes |= {"attempted": True, "next_payment_attempt": None, "auto_advance": False}
    previous = world.change(invoice, **changes)
    if payment := find_payment(world, invoice=invoice):
        moments = {**payment["status_transitions"], "paid_at": now}
        world.change(payment, status="paid", amount_paid=payment["amount_requested"], status_transitions=moments)
    world.emit("invoice.updated", invoice, previous=previous)
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    if payment:
        world.emit("invoice_payment.paid", payment)


def mark_failed(world: World, *, invoice: Object, next_attempt: int | None, needs_action: bool) -> None:
    """Write down a failed attempt to be paid."""
    previous = world.change(invoice, attempted=True, next_payment_attempt=next_attempt)
    if previous:
        world.emit("invoice.updated", invoice, previous=previous)
    if needs_action:
        world.emit("invoice.payment_action_required", invoice)
    world.emit("invoice.payment_failed", invoice)


def void(world: World, *, invoice: Object) -> None:
    """Give an open invoice up, as if it had never been asked for."""
    if invoice["status"] != "open":
        raise StripeError("You can only pass in open invoices. This invoice isn't open.", code="invoice_not_open")
    transitions = {**invoice["status_transitions"], "voided_at": world.now(invoice["customer"])}
    world.change(invoice, status="void", next_payment_attempt=None, status_transitions=transitions)
    world.emit("invoice.voided", invoice)


def find_payment(world: World, *, invoice: Object) -> Object | None:
    """Return the payment that an invoice asks for."""
    found = [each for each in world.all("invoice_payment") if each["invoice"] == invoice["id"]]
    return found[-1] if found else None


def find_intent(world: World, *, invoice: Object) -> Object | None:
    """Return the payment intent that an invoice asks for."""
    payment = find_payment(world, invoice=invoice)
    return world.get("payment_intent", payment["payment"]["payment_intent"]) if payment else None


def find_of_intent(world: World, *, intent: Object) -> Object | None:
    """Return the invoice that a payment intent pays."""
    for each in reversed(world.all("invoice_payment")):
        if each["payment"]["payment_intent"] == intent["id"]:
            return world.get("invoice", each["invoice"])
    return None


def subscription_id_of(invoice: Object) -> str | None:
    """Return the subscription that an invoice belongs to."""
    return invoice["parent"]["subscription_details"]["subscription"] if invoice["parent"] else None


def is_of_subscription(invoice: Object, value: str) -> bool:
    """Filter invoices by subscription."""
    return subscription_id_of(invoice) == value


def has_payment(found: Object, value: dict[str, str]) -> bool:
    """Filter invoice payments by what paid them."""
    return all(found["payment"].get(name) == wanted for name, wanted in value.items())


def is_paid_by(intent: Object | None) -> bool:
    """Whether a payment intent has paid."""
    return intent is not None and intent["status"] == SUCCEEDED


def active_discounts(world: World, *, subscription: Object | None, at: int) -> list[str]:
    """Return the discounts of a subscription that count for an invoice made at this second."""
    found = []
    for discount_id in subscription["discounts"] if subscription else []:
        discount = world.get("discount", discount_id)
        coupon = world.get("coupon", discount["source"]["coupon"])
        is_used = coupon["duration"] == "once" and world.note(discount_id).get("is_used")
        if not is_used and (discount["end"] is None or discount["end"] > at):
            found.append(discount_id)
    return found


def use_discounts(world: World, *, subscription: Object | None, at: int) -> list[str]:
    """Return the discounts that count now; one for a single invoice is used up by it."""
    found = active_discounts(world, subscription=subscription, at=at)
    for discount_id in found:
        world.note(discount_id)["is_used"] = True
    return found


def _fill(world: World, *, invoice: Object, lines: list[Line] | None = None) -> None:
    """Work out lines and sums; usage is counted anew, because it may be reported until the draft is finalized."""
    kept = lines or [read_line(each) for each in world.note(invoice["id"])["lines"]]
    counted = [each.count_usage(world, customer=invoice["customer"]) for each in kept]
    coupons = totals.coupons_of(world, discount_ids=invoice["discounts"])
    is_taxed = invoice["automatic_tax"]["enabled"]
    parts = totals.split([each.amount for each in counted], coupons=coupons, is_taxed=is_taxed)
    shown = [
        each.show(invoice=invoice["id"], part=part, is_taxed=is_taxed)
        for each, part in zip(counted, parts, strict=True)
    ]
    url = f"/v1/invoices/{invoice['id']}/lines"
    world.change(invoice, lines=listing(shown, url=url), **_sums(parts, is_taxed=is_taxed))


def _sums(parts: list[totals.Part], *, is_taxed: bool) -> dict[str, Any]:
    subtotal, tax = sum(each.amount for each in parts), sum(each.tax for each in parts)
    off: dict[str, int] = {}
    for part in parts:
        for discount_id, amount in part.discounts.items():
            off[discount_id] = off.get(discount_id, 0) + amount
    total = subtotal - sum(off.values()) + tax
    due = max(0, total)
    taxes = [{**TAX, **TAX_RATE, "amount": tax, "taxable_amount": total - tax}] if is_taxed else []
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_excluding_tax": total - tax,
        "total_discount_amounts": [{"amount": amount, "discount": each} for each, amount in off.items()],
        "total_taxes": taxes,
        "amount_due": due,
        "amount_remaining": due,
    }


def _use_balance(world: World, *, invoice: Object, customer: Object) -> None:
    """Pay from the customer's balance first; what an invoice gives back goes there. A credit is negative."""
    before = customer["balance"]
    due = max(0, invoice["total"] + before)
    after = before + invoice["total"] - due
    world.change(invoice, starting_balance=before, ending_balance=after, amount_due=due, amount_remaining=due)
    world.update(customer, event="customer.updated", balance=after)


def _values_of(customer: Object, *, subscription: Object | None, now: int) -> dict[str, Any]:
    shared = {f"customer_{name}": copy.deepcopy(customer[name]) for name in ("address", "email", "name", "phone")}
    parent = None
    if subscription:
        details = {"subscription": subscription["id"], "metadata": dict(subscription["metadata"])}
        parent = {"type": "subscription_details", "subscription_details": details}
    return shared | {
        "account_country": "US",
        "account_name": "Stand-in",
        "automatic_tax": {"enabled": bool(subscription and subscription["automatic_tax"]["enabled"])},
        "auto_advance": True,
        "customer": customer["id"],
        "customer_tax_exempt": customer["tax_exempt"],
        "metadata": {},
        "parent": parent,
        "status": "draft",
        "test_clock": customer["test_clock"],
    }


def _no_amounts(invoice_id: str) -> dict[str, Any]:
    zero = [f"amount_{name}" for name in ("due", "overpaid", "paid", "remaining", "shipping")]
    zero += ["attempt_count", "post_payment_credit_notes_amount", "pre_payment_credit_notes_amount"]
    return dict.fromkeys([*zero, "starting_balance", "subtotal", "total"], 0) | {
        "attempted": False,
        "collection_method": "charge_automatically",
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "issuer": {"type": "self"},
        "lines": listing([], url=f"/v1/invoices/{invoice_id}/lines"),
        "payment_settings": {},
        "status_transitions": {},
    }
