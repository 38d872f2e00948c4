"""Checkout sessions as the API makes them. `completion` is what happens on their page."""

from typing import Any

import stripe

from dev.stripe_server import totals
from dev.stripe_server.calendar import DAY
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, missing_param, only_one_of
from dev.stripe_server.listing import page
from dev.stripe_server.money import CHARGE_MIN, show
from dev.stripe_server.resources import coupons, customers, items, products
from dev.stripe_server.shapes import Object, build
from dev.stripe_server.world import World, new_id

KIND = "checkout.session"
OPEN, COMPLETE, EXPIRED = "open", "complete", "expired"
EXPIRES_SECONDS_MIN, EXPIRES_SECONDS = 30 * 60, DAY
# What belongs to one mode only.
ONLY_IN = {"subscription_data": "subscription", "payment_intent_data": "payment", "invoice_creation": "payment"}
ONLY_IN |= {"customer_creation": "payment", "submit_type": "payment"}
NOT_OFFERED = ("optional_items", "shipping_options", "custom_fields", "after_expiration")
LINE_ITEMS_MAX = 100


def create(call: Call) -> Object:
    """Open a session: a page where somebody may pay. Raises StripeError for what does not go together."""
    mode = _check(call)
    wanted = [_read_line_item(call, sent=each, number=n) for n, each in enumerate(call.params["line_items"])]
    currency = _check_prices(wanted, mode=mode)
    customer = customers.get(call.world, call.params["customer"], param="customer") if call.get("customer") else None
    is_taxed = bool(call.get("automatic_tax", {}).get("enabled"))
    _check_tax_address(call, customer=customer, is_taxed=is_taxed)
    discounts = [
        coupons.resolve(call.world, sent=each, param=f"discounts[{n}]")
        for n, each in enumerate(call.get("discounts") or [])
    ]
    made, now = new_id("cs_test_"), call.world.now(customer["id"] if customer else None)
    _keep_notes(call, session=made, wanted=wanted, discounts=discounts)
    session = call.world.add(
        stripe.checkout.Session,
        id=made,
        created=now,
        currency=currency,
        customer=customer["id"] if customer else None,
        expires_at=_expires_at(call, now=now),
        mode=mode,
        url=f"{call.world.base_url}/c/pay/{made}",
        **_settings(call, mode=mode, is_taxed=is_taxed),
    )
    recount(call.world, session=session)
    if mode == "payment" and 0 < session["amount_total"] < CHARGE_MIN.get(currency, 1):
        call.world.data["objects"][KIND].pop(made)
        least = show(CHARGE_MIN[currency], currency=currency)
        message = f"The Checkout Session's total amount due must add up to at least {least} {currency}"
        raise StripeError(message, code="amount_too_small")
    return session


def update(call: Call) -> Object:
    """Change the metadata of a session."""
    session = call.world.get(KIND, call.id)
    call.world.change(session, metadata=call.metadata(session))
    return session


def expire_call(call: Call) -> Object:
    """Close an open session. Raises StripeError if it is not open."""
    session = call.world.get(KIND, call.id)
    if session["status"] != OPEN:
        message = 'Only Checkout Sessions with a status in ["open"] can be expired.'
        raise StripeError(f"{message} This Checkout Session has a status of {session['status']}.")
    expire(call.world, session=session)
    return session


def expire(world: World, *, session: Object) -> None:
    """Close an open session, unpaid."""
    world.change(session, status=EXPIRED, url=None)
    world.emit("checkout.session.expired", session)


def list_line_items(call: Call) -> Object:
    """List what a session sells."""
    session = call.world.get(KIND, call.id)
    sold = list(reversed(call.world.note(session["id"])["line_items"]))
    return page(call, objects=sold, kind="item")


def recount(world: World, *, session: Object) -> None:
    """Work out what a session costs, with the promotion code that is in use now."""
    note = world.note(session["id"])
    coupons_in_use = {coupon: world.get("coupon", coupon) for coupon, _code in note["discounts"]}
    amounts = [each["amount_subtotal"] for each in note["line_items"]]
    is_taxed = session["automatic_tax"]["enabled"]
    parts = totals.split(amounts, coupons=coupons_in_use, is_taxed=is_taxed)
    for sold, part in zip(note["line_items"], parts, strict=True):
        sold.update(amount_discount=part.discount, amount_tax=part.tax, amount_total=part.total)
    is_trial = bool(trial_days(world, session=session))
    total = 0 if is_trial else sum(part.total for part in parts)
    used = [{"coupon": coupon, "promotion_code": code} for coupon, code in note["discounts"]]
    details = {"amount_discount": 0 if is_trial else sum(part.discount for part in parts), "amount_shipping": 0}
    details["amount_tax"] = 0 if is_trial else sum(part.tax for part in parts)
    world.change(
        session,
        amount_subtotal=0 if is_trial else sum(amounts),
        amount_total=total,
        total_details=details,
        discounts=[{**each, "coupon": None} if each["promotion_code"] else each for each in used],
    )


def trial_days(world: World, *, session: Object) -> int:
    """Return how long the subscription that a session sells is free at first."""
    return int(world.note(session["id"])["subscription_data"].get("trial_period_days") or 0)


def is_of_email(session: Object, value: dict[str, str]) -> bool:
    """Filter sessions by the customer's address."""
    return (session["customer_details"] or {}).get("email") == value.get("email")


def _check(call: Call) -> str:
    """Return the mode. Raises StripeError for what is missing or does not go together."""
    for name in ("mode", "line_items", "success_url"):
        if not call.get(name):
            raise missing_param(name)
    _check_offered(call)
    mode = str(call.params["mode"])
    for name, only_mode in ONLY_IN.items():
        if call.get(name) and mode != only_mode:
            raise StripeError(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    for pair in (("customer", "customer_email"), ("allow_promotion_codes", "discounts")):
        if all(call.get(name) for name in pair):
            raise only_one_of(*pair)
    if len(call.params["line_items"]) > LINE_ITEMS_MAX:
        raise StripeError("Too many line items.", param="line_items")
    return mode


def _check_offered(call: Call) -> None:
    """Say what the stand-in does not do, rather than ignore it."""
    if call.params["mode"] == "setup":
        raise StripeError("The stand-in does not offer setup mode.", param="mode")
    if call.get("ui_mode", "hosted_page") not in ("hosted_page", "hosted"):
        raise StripeError("The stand-in has hosted pages only.", param="ui_mode")
    for name in NOT_OFFERED:
        if call.get(name):
            raise StripeError(f"The stand-in does not offer {name}.", param=name)


def _read_line_item(call: Call, *, sent: dict[str, Any], number: int) -> tuple[Object, int | None]:
    path = f"line_items[{number}]"
    if ("price" in sent) == ("price_data" in sent):
        raise missing_param(f"{path}[price]")
    if "price" in sent:
        price = call.world.get("price", sent["price"], param=f"{path}[price]")
        items.require_active(price, param=f"{path}[price]")
    else:
        price = products.add_inline_price(call.world, sent=sent["price_data"])
    if not items.is_metered(price) and "quantity" not in sent:
        raise missing_param(f"{path}[quantity]")
    return price, items.quantity_of(price, sent=sent.get("quantity"), param=f"{path}[quantity]")


def _check_prices(wanted: list[tuple[Object, int | None]], *, mode: str) -> str:
    """Return the currency of all prices. Raises StripeError for prices that this mode does not sell."""
    kinds = {price["type"] for price, _quantity in wanted}
    if mode == "payment" and "recurring" in kinds:
        message = "You specified `payment` mode but passed a recurring price."
        raise StripeError(f"{message} Either switch to `subscription` mode or use only one-time prices.")
    if mode == "subscription" and "recurring" not in kinds:
        raise StripeError("You must provide at least one recurring price in `subscription` mode when using prices.")
    currencies = {price["currency"] for price, _quantity in wanted}
    if len(currencies) > 1:
        raise StripeError("All prices on a Checkout Session must use the same currency.", param="line_items")
    return str(currencies.pop())


def _check_tax_address(call: Call, *, customer: Object | None, is_taxed: bool) -> None:
    if not is_taxed or customer is None or (customer["address"] or {}).get("country"):
        return
    if call.get("customer_update", {}).get("address") != "auto":
        message = (
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to "
            "the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' "
            "to save the address entered in Checkout to the Customer."
        )
        raise StripeError(message, code="customer_tax_location_invalid", param="customer")


def _expires_at(call: Call, *, now: int) -> int:
    wanted = int(call.get("expires_at", now + EXPIRES_SECONDS))
    # A minute of grace, for a caller whose clock differs.
    if not now + EXPIRES_SECONDS_MIN - 60 <= wanted <= now + EXPIRES_SECONDS + 60:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise StripeError(message, param="expires_at")
    return wanted


def _keep_notes(
    call: Call, *, session: str, wanted: list[tuple[Object, int | None]], discounts: list[tuple[str, str | None]]
) -> None:
    note = call.world.note(session)
    note["line_items"] = [_line_item(call.world, price=price, quantity=quantity) for price, quantity in wanted]
    note["discounts"] = [list(each) for each in discounts]
    note["subscription_data"] = call.get("subscription_data") or {}
    note["payment_intent_data"] = call.get("payment_intent_data") or {}
    note["invoice_data"] = (call.get("invoice_creation") or {}).get("invoice_data") or {}
    note["saves_address"] = (call.get("customer_update") or {}).get("address") == "auto"


def _line_item(world: World, *, price: Object, quantity: int | None) -> Object:
    amount = round(float(price["unit_amount_decimal"]) * (quantity or 0))
    return build(
        stripe.LineItem,
        id=new_id("li_"),
        amount_discount=0,
        amount_subtotal=amount,
        amount_tax=0,
        amount_total=amount,
        currency=price["currency"],
        description=world.get("product", price["product"])["name"],
        metadata={},
        price=dict(price),
        quantity=quantity,
    )


def _settings(call: Call, *, mode: str, is_taxed: bool) -> dict[str, Any]:
    """Return what a session shows of how it was made."""
    shown = call.chosen("allow_promotion_codes", "cancel_url", "client_reference_id", "customer_email", "locale")
    shown |= call.chosen("billing_address_collection", "payment_method_collection", "success_url")
    if mode == "payment":
        is_invoiced = bool((call.get("invoice_creation") or {}).get("enabled"))
        data = {"metadata": {}, **((call.get("invoice_creation") or {}).get("invoice_data") or {})}
        shown["invoice_creation"] = {"enabled": is_invoiced, "invoice_data": data}
        creation = "always" if is_invoiced else call.get("customer_creation", "if_required")
        shown["customer_creation"] = None if call.get("customer") else creation
    return shown | {
        "automatic_tax": {"enabled": is_taxed, "status": "complete" if is_taxed else None},
        "custom_fields": [],
        "custom_text": {},
        "metadata": call.metadata(),
        "payment_method_types": ["card", "sepa_debit"],
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": OPEN,
        "ui_mode": "hosted_page",
    }
