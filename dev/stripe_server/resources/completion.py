"""What happens on a checkout page: paid, refused, confirmed at the bank, or paid by a transfer that takes days."""

from typing import Any

from dev.stripe_server.calendar import DAY
from dev.stripe_server.errors import StripeError
from dev.stripe_server.resources import (
    checkout,
    collection,
    coupons,
    customers,
    invoices,
    items,
    payments,
    periods,
    subscriptions,
)
from dev.stripe_server.resources.lines import Line
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World, new_id

SUCCESS = "success"
DECLINE = "decline"
DELAYED = "delayed"
# What a person can do on the page, and the card that it needs. 3-D Secure succeeds once it is confirmed.
OUTCOMES = {
    SUCCESS: customers.GOOD,
    "three_d_secure": customers.GOOD,
    DECLINE: customers.DECLINED,
    "insufficient_funds": customers.NO_FUNDS,
    # Paid now, refused at every renewal.
    "renewals_fail": customers.DECLINED,
    # Paid now, and at a renewal the bank wants the customer to confirm.
    "renewals_need_action": customers.NEEDS_ACTION,
    DELAYED: customers.GOOD,
}
REFUSED = (DECLINE, "insufficient_funds")
SOMEBODY = {"email": "customer@example.com", "name": "Jenny Rosen"}
ADDRESS = {"city": "Portland", "country": "US", "line1": "1 Main Street", "line2": None, "postal_code": "97201"}
ADDRESS |= {"state": "OR"}


def complete(world: World, *, session: Object, outcome: str, details: dict[str, str] | None = None) -> Object:
    """Pay a session in one of these ways. A refusal leaves it open. Raises StripeError if it is not open."""
    require_open(session)
    if outcome not in OUTCOMES:
        raise StripeError(f"Unknown outcome: {outcome}", param="outcome")
    customer = _customer_of(world, session=session, details=details or {})
    if outcome in REFUSED:
        _refuse(world, session=session, customer=customer, behavior=OUTCOMES[outcome])
        return session
    method = _method_of(world, session=session, customer=customer, outcome=outcome)
    if session["mode"] == "subscription":
        changes = _subscribe(world, session=session, customer=customer, method=method)
    else:
        changes = _buy(world, session=session, customer=customer, method=method)
    world.change(session, status=checkout.COMPLETE, url=None, **changes)
    world.emit("checkout.session.completed", session)
    return session


def finish_delayed(world: World, *, session: Object, is_paid: bool) -> Object:
    """End the waiting for a delayed payment. Raises StripeError if there is none."""
    intent = _delayed_intent(world, session=session)
    collection.finish_delayed(world, intent=intent, is_paid=is_paid)
    if is_paid:
        world.change(session, payment_status="paid")
        _invoice_purchase(world, session=session, intent=intent)
    name = "async_payment_succeeded" if is_paid else "async_payment_failed"
    world.emit(f"checkout.session.{name}", session)
    return session


def use_code(world: World, *, session: Object, code: str) -> bool:
    """Use a promotion code that was typed; an empty one takes it back. False if there is no such code."""
    require_open(session)
    found = coupons.find_code(world, code=code, currency=session["currency"]) if code else None
    if code and found is None:
        return False
    world.note(session["id"])["discounts"] = [[found["promotion"]["coupon"], found["id"]]] if found else []
    checkout.recount(world, session=session)
    return True


def require_open(session: Object) -> None:
    """Refuse a session that is complete or expired. Raises StripeError."""
    if session["status"] != checkout.OPEN:
        raise StripeError(f"This Checkout Session is {session['status']} and can no longer be used.", param="session")


def _customer_of(world: World, *, session: Object, details: dict[str, str]) -> Object | None:
    """Return who pays. A payment makes a customer only if asked to, a subscription always needs one."""
    known = world.find("customer", session["customer"] or "")
    person = {**SOMEBODY, **{name: known[name] for name in SOMEBODY if known and known[name]}}
    person |= {"email": session["customer_email"]} if session["customer_email"] else {}
    person |= {name: value for name, value in details.items() if value}
    shown = {"address": ADDRESS, "phone": None, "tax_exempt": "none", "tax_ids": [], **person}
    world.change(session, customer_details=shown | {"business_name": None, "individual_name": None})
    if known:
        if world.note(session["id"])["saves_address"]:
            world.update(known, event="customer.updated", address=ADDRESS)
        return known
    if session["mode"] == "payment" and session["customer_creation"] != "always":
        return None
    # A refused attempt has made the customer already.
    made = world.find("customer", world.note(session["id"]).get("customer", ""))
    if made is None:
        made = customers.add(world, address=ADDRESS, **person)
        world.note(session["id"])["customer"] = made["id"]
        world.emit("customer.created", made)
    return made


def _method_of(world: World, *, session: Object, customer: Object | None, outcome: str) -> Object:
    is_kept = session["mode"] == "subscription" or _setup_future_usage(world, session=session)
    owner = customer if is_kept else None
    if outcome == DELAYED:
        return customers.add_bank_account(world, customer=owner)
    return customers.add_card(world, behavior=OUTCOMES[outcome], customer=owner)


def _buy(world: World, *, session: Object, customer: Object | None, method: Object) -> dict[str, Any]:
    """Take a payment once."""
    changes: dict[str, Any] = {"customer": customer["id"] if customer else None}
    if not session["amount_total"]:
        return changes | {"payment_status": "no_payment_required"}
    intent = _intent_of(world, session=session, customer=customer)
    world.change(intent, payment_method=method["id"], payment_method_types=[method["type"]])
    payments.attempt(world, intent=intent, is_off_session=False, behavior=customers.GOOD)
    is_paid = intent["status"] == payments.SUCCEEDED
    _redeem(world, session=session, customer=customer)
    changes |= {"payment_intent": intent["id"], "payment_status": "paid" if is_paid else "unpaid"}
    if is_paid:
        world.change(session, **changes)
        _invoice_purchase(world, session=session, intent=intent)
    return changes


def _subscribe(world: World, *, session: Object, customer: Object | None, method: Object) -> dict[str, Any]:
    """Begin a subscription, whose first invoice pays what is sold once beside it, too."""
    assert customer is not None, "Subscriptions belong to somebody."
    note = world.note(session["id"])
    sold = [(each["price"], each["quantity"]) for each in note["line_items"]]
    days = checkout.trial_days(world, session=session)
    now = world.now(customer["id"])
    subscription = subscriptions.begin(
        world,
        customer=customer,
        wanted=[(world.get("price", price["id"]), n) for price, n in sold if price["type"] == "recurring"],
        discounts=[(coupon, code) for coupon, code in note["discounts"]],
        trial_end=now + days * DAY if days else None,
        metadata=dict(note["subscription_data"].get("metadata") or {}),
        is_taxed=session["automatic_tax"]["enabled"],
        default_payment_method=method["id"],
        description=note["subscription_data"].get("description"),
        **({"trial_settings": note["subscription_data"]["trial_settings"]} if _has_trial_settings(note) else {}),
    )
    once = [_line_of(each, now=now, invoice_item=True) for each in note["line_items"] if _is_once(each)]
    items.keep_pending(world, subscription=subscription, lines=once)
    periods.start(world, subscription=subscription, is_off_session=False, behavior=customers.GOOD)
    invoice = world.get("invoice", subscription["latest_invoice"])
    if subscription["status"] == "incomplete":
        # The money takes days, and until it fails the subscription counts.
        world.update(subscription, event="customer.subscription.updated", status="active")
    paid = {True: "paid", False: "unpaid"}[invoice["status"] == "paid"]
    changes = {"customer": customer["id"], "subscription": subscription["id"], "invoice": invoice["id"]}
    return changes | {"payment_status": "no_payment_required" if not session["amount_total"] else paid}


def _refuse(world: World, *, session: Object, customer: Object | None, behavior: str) -> None:
    """Write down a refused payment; the session stays open, with the same payment intent for the next attempt."""
    method = customers.add_card(world, behavior=behavior, customer=None)
    intent = _intent_of(world, session=session, customer=customer)
    world.change(intent, payment_method=method["id"])
    payments.attempt(world, intent=intent, is_off_session=False, behavior=behavior)


def _intent_of(world: World, *, session: Object, customer: Object | None) -> Object:
    note = world.note(session["id"])
    kept = world.find("payment_intent", note.get("payment_intent", ""))
    if kept:
        world.change(kept, amount=session["amount_total"])
        return kept
    data = note["payment_intent_data"]
    known = {name: data[name] for name in ("description", "receipt_email", "setup_future_usage") if data.get(name)}
    intent = payments.add_intent(
        world,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=customer,
        metadata=dict(data.get("metadata") or {}),
        **known,
    )
    note["payment_intent"] = intent["id"]
    return intent


def _invoice_purchase(world: World, *, session: Object, intent: Object) -> None:
    """Write the invoice of something that was bought once and paid already, if the session asks for one."""
    if session["mode"] != "payment" or not session["invoice_creation"]["enabled"]:
        return
    customer = world.find("customer", session["customer"] or "") or customers.add(world, **SOMEBODY)
    note, now = world.note(session["id"]), world.now(customer["id"])
    lines = [_line_of(each, now=now) for each in note["line_items"]]
    told = {"metadata": note["invoice_data"].get("metadata") or {}, "automatic_tax": session["automatic_tax"]}
    told |= {"discounts": _discounts_of(world, session=session), "auto_advance": False}
    invoice = invoices.draft(world, customer=customer, lines=lines, reason="manual", **told)
    invoices.finalize(world, invoice=invoice, intent=intent)
    collection.settle(world, invoice=invoice)
    world.change(session, invoice=invoice["id"])


def _discounts_of(world: World, *, session: Object) -> list[str]:
    return [each["id"] for each in world.all("discount") if each["checkout_session"] == session["id"]]


def _redeem(world: World, *, session: Object, customer: Object | None) -> None:
    """Count the promotion code of a single payment as used."""
    for coupon, code in world.note(session["id"])["discounts"]:
        owner = customer["id"] if customer else None
        links = {"promotion_code": code, "customer": owner, "checkout_session": session["id"]}
        coupons.add_discount(world, coupon=coupon, start=world.now(owner), **links)


def _line_of(sold: Object, *, now: int, invoice_item: bool = False) -> Line:
    price = sold["price"]
    return Line(
        amount=sold["amount_subtotal"],
        currency=sold["currency"],
        description=sold["description"],
        start=now,
        end=now,
        price=price["id"],
        product=price["product"],
        unit_amount_decimal=price["unit_amount_decimal"],
        quantity=sold["quantity"],
        invoice_item=new_id("ii_") if invoice_item else None,
    )


def _is_once(sold: Object) -> bool:
    return bool(sold["price"]["type"] == "one_time")


def _has_trial_settings(note: Object) -> bool:
    return bool(note["subscription_data"].get("trial_settings"))


def _setup_future_usage(world: World, *, session: Object) -> bool:
    return bool(world.note(session["id"])["payment_intent_data"].get("setup_future_usage"))


def _delayed_intent(world: World, *, session: Object) -> Object:
    intent = world.find("payment_intent", session["payment_intent"] or "")
    if intent is None and session["invoice"]:
        intent = invoices.find_intent(world, invoice=world.get("invoice", session["invoice"]))
    if intent is None:
        raise StripeError("This session has no payment.", param="session")
    return intent
