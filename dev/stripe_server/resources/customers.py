"""Customers and their payment methods, and how a card behaves when it is charged."""

import stripe

from dev.stripe_server.call import Call, merge_metadata
from dev.stripe_server.errors import StripeError, card_error, missing_object
from dev.stripe_server.listing import page
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

FIELDS = [
    *("address", "business_name", "description", "email", "individual_name", "name", "next_invoice_sequence"),
    *("phone", "preferred_locales", "shipping", "tax_exempt"),
]

GOOD = "good"
DECLINED = "declined"
NO_FUNDS = "insufficient_funds"
NEEDS_ACTION = "authentication_required"
DISPUTED = "disputed"
# Stripe's own names for test cards: brand, last digits, behavior when charged.
TEST_CARDS = {
    "pm_card_visa": ("visa", "4242", GOOD),
    "pm_card_mastercard": ("mastercard", "4444", GOOD),
    "pm_card_amex": ("amex", "8431", GOOD),
    "pm_card_chargeCustomerFail": ("visa", "0341", DECLINED),
    "pm_card_visa_chargeDeclined": ("visa", "0002", DECLINED),
    "pm_card_chargeDeclined": ("visa", "0002", DECLINED),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("visa", "9995", NO_FUNDS),
    "pm_card_chargeDeclinedInsufficientFunds": ("visa", "9995", NO_FUNDS),
    "pm_card_authenticationRequired": ("visa", "3184", NEEDS_ACTION),
    "pm_card_threeDSecure2Required": ("visa", "3220", NEEDS_ACTION),
    "pm_card_createDispute": ("visa", "0259", DISPUTED),
}
# Declined already when a customer is given the card, not only when it is charged.
REFUSED_AT_ONCE = {"pm_card_visa_chargeDeclined", "pm_card_chargeDeclined"}
DECLINE = "Your card was declined."


def create(call: Call) -> Object:
    """Make a customer."""
    clock_id = call.get("test_clock")
    if clock_id:
        call.world.get("test_helpers.test_clock", clock_id, param="test_clock")
    fields = call.chosen(*FIELDS) | {"metadata": call.metadata(), "balance": call.get("balance", 0)}
    customer = add(call.world, test_clock=clock_id, **fields)
    if method_id := call.get("payment_method"):
        _attach(call.world, method_id=method_id, customer=customer)
    if "invoice_settings" in call.params:
        customer["invoice_settings"] = _invoice_settings(call, customer=customer)
    call.world.emit("customer.created", customer)
    return customer


def update(call: Call) -> Object:
    """Change a customer."""
    customer = get(call.world, call.id)
    changes = call.chosen(*FIELDS, "balance") | {"metadata": call.metadata(customer)}
    if "invoice_settings" in call.params:
        changes["invoice_settings"] = _invoice_settings(call, customer=customer)
    call.world.update(customer, event="customer.updated", **changes)
    return customer


def retrieve(call: Call) -> Object:
    """Return a customer, a deleted one as three keys."""
    customer = call.world.get("customer", call.id)
    if customer.get("deleted"):
        return {"id": call.id, "object": "customer", "deleted": True}
    return customer


def list_existing(call: Call) -> Object:
    """List customers that are not deleted."""
    return page(call, objects=[each for each in call.world.all("customer") if not each.get("deleted")], kind="customer")


def get(world: World, customer_id: str, *, param: str = "id") -> Object:
    """Return a customer that is not deleted. Raises StripeError."""
    customer = world.get("customer", customer_id, param=param)
    if customer.get("deleted"):
        raise missing_object("customer", customer_id, param=param)
    return customer


def add(world: World, *, test_clock: str | None = None, **values: object) -> Object:
    """Make a customer without telling about it yet."""
    settings = {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None}
    frozen = {"created": world.get("test_helpers.test_clock", test_clock)["frozen_time"]} if test_clock else {}
    defaults = {"balance": 0, "delinquent": False, "metadata": {}, "preferred_locales": [], "tax_exempt": "none"}
    defaults |= {"next_invoice_sequence": 1, "invoice_settings": settings, "test_clock": test_clock}
    customer = world.add(stripe.Customer, prefix="cus_", **frozen, **{**defaults, **values})
    customer["invoice_prefix"] = customer["id"][-8:].upper()
    return customer


def attach(call: Call) -> Object:
    """Give a payment method to a customer."""
    customer = get(call.world, call.params["customer"], param="customer")
    return _attach(call.world, method_id=call.id, customer=customer)


def detach(call: Call) -> Object:
    """Take a payment method from its customer."""
    method = call.world.get("payment_method", call.id)
    customer = call.world.find("customer", method["customer"] or "")
    call.world.update(method, event="payment_method.detached", customer=None)
    if customer and customer["invoice_settings"]["default_payment_method"] == call.id:
        settings = {**customer["invoice_settings"], "default_payment_method": None}
        call.world.update(customer, event="customer.updated", invoice_settings=settings)
    return method


def update_method(call: Call) -> Object:
    """Change the metadata of a payment method."""
    method = call.world.get("payment_method", call.id)
    metadata = merge_metadata(method["metadata"], sent=call.params.get("metadata", {}))
    call.world.update(method, event="payment_method.updated", metadata=metadata)
    return method


def add_card(world: World, *, behavior: str, customer: Object | None, test_card: str = "") -> Object:
    """Make a card that behaves in this way; with a customer it is theirs from the start."""
    card = next(card for card in TEST_CARDS.values() if card[2] == behavior)
    brand, last4, _behavior = TEST_CARDS.get(test_card, card)
    values: Object = {"billing_details": _billing_details(customer), "card": _card(brand=brand, last4=last4)}
    customer_id = customer["id"] if customer else None
    values |= {"customer": customer_id, "allow_redisplay": "unspecified", "type": "card", "metadata": {}}
    method = world.add(stripe.PaymentMethod, prefix="pm_", **values)
    world.note(method["id"])["behavior"] = behavior
    if customer:
        world.emit("payment_method.attached", method)
    return method


def add_bank_account(world: World, *, customer: Object | None) -> Object:
    """Make a bank account whose payments take days."""
    debit = {"bank_code": "37040044", "branch_code": "", "country": "DE", "fingerprint": "standin", "last4": "3000"}
    method = world.add(
        stripe.PaymentMethod,
        prefix="pm_",
        billing_details=_billing_details(customer),
        sepa_debit=debit | {"generated_from": {"charge": None, "setup_attempt": None}},
        customer=customer["id"] if customer else None,
        metadata={},
        type="sepa_debit",
    )
    world.note(method["id"])["behavior"] = GOOD
    if customer:
        world.emit("payment_method.attached", method)
    return method


def set_default_method(world: World, *, customer: Object, method: Object) -> None:
    """Pay this customer's invoices with this payment method from now on."""
    settings = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    world.update(customer, event="customer.updated", invoice_settings=settings)


def use_for_all(world: World, *, customer: Object, method: Object) -> None:
    """Pay everything of this customer with this payment method from now on, subscriptions too."""
    set_default_method(world, customer=customer, method=method)
    world.note(customer["id"])["failing_payments"] = 0
    for each in world.all("subscription"):
        if each["customer"] == customer["id"] and each["ended_at"] is None:
            world.update(each, event="customer.subscription.updated", default_payment_method=method["id"])


def behavior_of(world: World, *, method: Object, customer: Object | None) -> str:
    """Return how a charge of this payment method goes; the control API may have told the customer's to fail."""
    note = world.note(customer["id"]) if customer else {}
    if failing := note.get("failing_payments", 0):
        note["failing_payments"] = failing - 1 if failing > 0 else failing
        return str(note.get("failing_with", DECLINED))
    return str(world.note(method["id"]).get("behavior", GOOD))


def is_type(method: Object, value: str) -> bool:
    """Filter payment methods by type."""
    return bool(method["type"] == value)


def _attach(world: World, *, method_id: str, customer: Object) -> Object:
    if method_id in REFUSED_AT_ONCE:
        raise card_error(code="card_declined", decline_code="generic_decline", message=DECLINE)
    if method_id in TEST_CARDS:
        return add_card(world, behavior=TEST_CARDS[method_id][2], customer=customer, test_card=method_id)
    method = world.get("payment_method", method_id, param="payment_method")
    if method["customer"] not in (None, customer["id"]):
        raise StripeError("The payment method you provided has already been attached to a customer.")
    world.change(method, customer=customer["id"])
    world.emit("payment_method.attached", method)
    return method


def _invoice_settings(call: Call, *, customer: Object) -> Object:
    settings = {**customer["invoice_settings"], **call.params["invoice_settings"]}
    method_id = settings["default_payment_method"] or None
    if method_id in TEST_CARDS:
        # Stripe takes the test card that has just been attached, so one call can do both.
        owned = [each for each in call.world.all("payment_method") if each["customer"] == customer["id"]]
        if not owned:
            raise missing_object("payment_method", method_id, param="invoice_settings[default_payment_method]")
        method_id = owned[-1]["id"]
    if method_id:
        call.world.get("payment_method", method_id, param="invoice_settings[default_payment_method]")
    return {**settings, "default_payment_method": method_id}


def _billing_details(customer: Object | None) -> Object:
    address = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}
    named = {"email": customer["email"], "name": customer["name"], "phone": None} if customer else {}
    return {"address": (customer or {}).get("address") or address, **named}


def _card(*, brand: str, last4: str) -> Object:
    return {
        "brand": brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"standin{last4}",
        "funding": "credit",
        "last4": last4,
        "networks": {"available": [brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
    }
