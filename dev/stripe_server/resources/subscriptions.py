"""The calls about subscriptions: begun, changed, canceled."""

from typing import Any

import stripe

from dev.stripe_server.calendar import DAY, period_end
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, card_error
from dev.stripe_server.listing import page
from dev.stripe_server.resources import collection, coupons, customers, invoices, items, payments, periods, statuses
from dev.stripe_server.resources.changes import change_items
from dev.stripe_server.shapes import Object, listing
from dev.stripe_server.world import World, new_id

SIMPLE = ("description", "default_payment_method")
NO_DETAILS = {"comment": None, "feedback": None, "reason": None}
NOT_OFFERED = ("billing_schedules", "backdate_start_date", "billing_thresholds", "transfer_data", "pause_collection")


def create(call: Call) -> Object:
    """Begin a subscription and ask for its first payment; unpaid it stays incomplete."""
    _refuse_unoffered(call)
    wanted = items.read_items(call)
    customer = customers.get(call.world, call.get("customer", ""), param="customer")
    trial_end = call.get("trial_end")
    if call.get("trial_period_days"):
        trial_end = call.world.now(customer["id"]) + call.params["trial_period_days"] * DAY
    method_id = call.get("default_payment_method")
    if method_id:
        call.world.get("payment_method", method_id, param="default_payment_method")
    behavior = call.get("payment_behavior", "allow_incomplete")
    if behavior not in ("allow_incomplete", "default_incomplete"):
        raise StripeError(f"The stand-in does not know payment_behavior={behavior} here.", param="payment_behavior")
    can_pay = trial_end or method_id or customer["invoice_settings"]["default_payment_method"]
    if behavior == "allow_incomplete" and not can_pay and any(price["unit_amount"] for price, _quantity in wanted):
        message = "This customer has no attached payment source or default payment method."
        raise StripeError(message, code="resource_missing")
    discounts = [coupons.resolve(call.world, sent=each, param="discounts[0]") for each in call.get("discounts") or []]
    subscription = begin(
        call.world,
        customer=customer,
        wanted=wanted,
        discounts=discounts,
        trial_end=None if trial_end == "now" else trial_end,
        metadata=call.metadata(),
        is_taxed=bool(call.get("automatic_tax", {}).get("enabled")),
        **call.chosen(*SIMPLE, "trial_settings"),
    )
    if behavior == "default_incomplete" and not trial_end:
        start, end = items.period_of(subscription)
        lines = items.lines_ahead(call.world, subscription=subscription, start=start, end=end)
        invoice = periods.bill(call.world, subscription=subscription, lines=lines, reason="subscription_create")
        invoices.finalize(call.world, invoice=invoice)
        return subscription
    periods.start(call.world, subscription=subscription, is_off_session=bool(call.get("off_session", True)))
    return subscription


def begin(
    world: World,
    *,
    customer: Object,
    wanted: list[tuple[Object, int | None]],
    discounts: list[tuple[str, str | None]],
    trial_end: int | None,
    metadata: dict[str, str],
    is_taxed: bool,
    **more: Any,
) -> Object:
    """Make a subscription that is not paid yet."""
    now, made = world.now(customer["id"]), new_id("sub_")
    currency = wanted[0][0]["currency"]
    _require_currency(world, customer=customer, wanted=wanted)
    recurring = wanted[0][0]["recurring"]
    interval, count = recurring["interval"], recurring["interval_count"]
    end = trial_end or period_end(anchor=now, start=now, interval=interval, count=count)
    data = [items.add_item(subscription=made, price=price, quantity=n, start=now, end=end) for price, n in wanted]
    subscription = world.add(
        stripe.Subscription,
        id=made,
        automatic_tax={"enabled": is_taxed},
        billing_cycle_anchor=trial_end or now,
        billing_mode={"type": "flexible", "flexible": {"proration_discounts": "included"}, "updated_at": now},
        billing_schedules=[],
        cancel_at_period_end=False,
        cancellation_details=dict(NO_DETAILS),
        collection_method="charge_automatically",
        currency=currency,
        customer=customer["id"],
        default_tax_rates=[],
        discounts=[],
        invoice_settings={"issuer": {"type": "self"}},
        items=listing(data, url=f"/v1/subscription_items?subscription={made}"),
        metadata=metadata,
        payment_settings={"save_default_payment_method": "off"},
        start_date=now,
        status="trialing" if trial_end else "incomplete",
        test_clock=customer["test_clock"],
        trial_end=trial_end,
        trial_start=now if trial_end else None,
        **{"trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}}, **more},
    )
    world.change(customer, currency=currency)
    for coupon, code in discounts:
        links = {"coupon": coupon, "promotion_code": code, "customer": customer["id"], "subscription": made}
        subscription["discounts"].append(coupons.add_discount(world, start=now, **links)["id"])
    world.emit("customer.subscription.created", subscription)
    return subscription


def update(call: Call) -> Object:
    """Change a subscription: prices, its end, its trial, how it is paid. Raises StripeError for an ended one."""
    subscription = call.world.get("subscription", call.id)
    _refuse_unoffered(call)
    if subscription["status"] in statuses.ENDED:
        only = {"metadata", "cancellation_details", "expand"}
        if call.params.keys() - only:
            raise StripeError("A canceled subscription can only update its cancellation_details and metadata.")
    changes = call.chosen(*SIMPLE) | {"metadata": call.metadata(subscription)}
    changes |= _cancellation(call, subscription=subscription)
    if call.get("payment_behavior") == "pending_if_incomplete":
        raise StripeError("The stand-in does not know pending_if_incomplete.", param="payment_behavior")
    if "items" in call.params or call.get("trial_end") == "now" or call.get("billing_cycle_anchor") == "now":
        invoice = change_items(call, subscription=subscription, changes=changes)
        _require_paid(call, invoice=invoice)
    else:
        if trial_end := call.get("trial_end"):
            changes |= {"trial_end": trial_end, "billing_cycle_anchor": trial_end}
            changes["items"] = items.with_period(subscription, start=items.period_of(subscription)[0], end=trial_end)
        call.world.update(subscription, event=statuses.UPDATED, **changes)
    return subscription


def cancel(call: Call) -> Object:
    """End a subscription now; `invoice_now` asks for usage and prorations that are still open."""
    subscription = call.world.get("subscription", call.id)
    if subscription["status"] in statuses.ENDED:
        raise StripeError(f"No such subscription: '{call.id}'", status=404, code="resource_missing", param="id")
    cancel_now(call.world, subscription=subscription, is_invoiced=bool(call.get("invoice_now")), sent=call.params)
    return subscription


def cancel_now(
    world: World, *, subscription: Object, is_invoiced: bool = False, sent: dict[str, Any] | None = None
) -> None:
    """End a subscription now."""
    details = {name: value for name, value in (sent or {}).get("cancellation_details", {}).items() if value}
    start, _end = items.period_of(subscription)
    now = world.now(subscription["customer"])
    lines = items.lines_behind(world, subscription=subscription, start=start, end=now)
    lines = [each for each in lines if each.amount] + items.pending_lines(world, subscription=subscription)
    statuses.end(world, subscription=subscription, reason="cancellation_requested", details=details)
    if is_invoiced and lines:
        invoice = periods.bill(world, subscription=subscription, lines=lines, reason="subscription_update")
        collection.finalize_and_collect(world, invoice=invoice)


def delete_customer(call: Call) -> Object:
    """Delete a customer: the subscriptions end at once, the id stays known."""
    customer = customers.get(call.world, call.id)
    for each in call.world.all("subscription"):
        if each["customer"] == customer["id"] and each["status"] not in statuses.ENDED:
            cancel_now(call.world, subscription=each)
    call.world.change(customer, deleted=True)
    call.world.emit("customer.deleted", customer)
    return {"id": call.id, "object": "customer", "deleted": True}


def has_status(found: Object, value: str) -> bool:
    """Filter subscriptions by status, where `all` and `ended` stand for several."""
    if value == "ended":
        return found["status"] in statuses.ENDED
    return value == "all" or found["status"] == value


def has_price(found: Object, value: str) -> bool:
    """Filter subscriptions by one of their prices."""
    return any(item["price"]["id"] == value for item in found["items"]["data"])


def list_alive(call: Call) -> Object:
    """List subscriptions; canceled ones only if a status asks for them."""
    found = call.world.all("subscription")
    if "status" not in call.params:
        found = [each for each in found if each["status"] not in statuses.ENDED]
    return page(call, objects=found, kind="subscription", status=has_status, price=has_price)


def _cancellation(call: Call, *, subscription: Object) -> dict[str, Any]:
    """Return what changes about a subscription's end."""
    details = {**subscription["cancellation_details"], **call.params.get("cancellation_details", {})}
    now = call.world.now(subscription["customer"])
    if call.params.get("cancel_at_period_end"):
        at = items.period_of(subscription)[1]
        details["reason"] = "cancellation_requested"
        return {"cancel_at_period_end": True, "cancel_at": at, "canceled_at": now, "cancellation_details": details}
    if call.get("cancel_at"):
        at = call.params["cancel_at"]
        at = items.period_of(subscription)[1] if isinstance(at, str) else at
        details["reason"] = "cancellation_requested"
        return {"cancel_at_period_end": False, "cancel_at": at, "canceled_at": now, "cancellation_details": details}
    if "cancel_at_period_end" in call.params or "cancel_at" in call.params:
        if subscription["cancel_at"] is None:
            return {}
        details["reason"] = None
        return {"cancel_at_period_end": False, "cancel_at": None, "canceled_at": None, "cancellation_details": details}
    return {"cancellation_details": details} if "cancellation_details" in call.params else {}


def _require_paid(call: Call, *, invoice: Object | None) -> None:
    """Refuse a change whose invoice was not paid, if the caller wants it so."""
    if call.get("payment_behavior") != "error_if_incomplete" or invoice is None or invoice["status"] == "paid":
        return
    intent = invoices.find_intent(call.world, invoice=invoice)
    error = (intent or {}).get("last_payment_error") or {}
    code, decline_code, message = payments.REFUSALS[customers.DECLINED]
    code, decline_code = error.get("code", code), error.get("decline_code", decline_code)
    raise card_error(code=code, decline_code=decline_code, message=error.get("message", message))


def _require_currency(world: World, *, customer: Object, wanted: list[tuple[Object, int | None]]) -> None:
    currency = wanted[0][0]["currency"]
    alive = [
        each
        for each in world.all("subscription")
        if each["customer"] == customer["id"] and each["status"] not in statuses.ENDED
    ]
    if any(price["currency"] != currency for price, _n in wanted) or any(s["currency"] != currency for s in alive):
        message = "You cannot combine currencies on a single customer. This customer has an active subscription"
        raise StripeError(f"{message} with another currency.", param="customer")


def _refuse_unoffered(call: Call) -> None:
    """Say what the stand-in does not do, rather than ignore it."""
    for name in NOT_OFFERED:
        if call.get(name):
            raise StripeError(f"The stand-in does not offer {name}.", param=name)
