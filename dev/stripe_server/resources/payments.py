"""Payment intents and charges: a sum is asked for, and a card pays, refuses, wants a confirmation, or takes days."""

from typing import Any

import stripe

from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, card_error, missing_param
from dev.stripe_server.money import CHARGE_MIN, CURRENCIES, show
from dev.stripe_server.resources import balance, customers, disputes
from dev.stripe_server.resources.customers import DECLINED, DISPUTED, NEEDS_ACTION, NO_FUNDS
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World, new_id

SUCCEEDED = "succeeded"
PROCESSING = "processing"
REQUIRES_ACTION = "requires_action"
REQUIRES_METHOD = "requires_payment_method"
AMOUNT_MAX = 99_999_999
# How a refusal is told: code, decline code, message.
REFUSALS = {
    DECLINED: ("card_declined", "generic_decline", customers.DECLINE),
    NO_FUNDS: ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    NEEDS_ACTION: (
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
}


def create(call: Call) -> Object:
    """Make a payment intent and, with `confirm`, charge it. Raises a card error that carries the intent."""
    currency = call.params["currency"].lower()
    require_amount(call.params["amount"], currency=currency)
    if call.get("off_session") and not call.get("confirm"):
        raise StripeError("`off_session` can only be specified if `confirm` is true.", param="off_session")
    customer = customers.get(call.world, call.params["customer"], param="customer") if call.get("customer") else None
    method = _method_of(call, customer=customer)
    more = call.chosen("description", "receipt_email", "setup_future_usage", "statement_descriptor", "transfer_group")
    intent = add_intent(
        call.world,
        amount=call.params["amount"],
        currency=currency,
        customer=customer,
        method=method,
        metadata=call.metadata(),
        **more,
    )
    if call.get("confirm"):
        confirm(call.world, intent=intent, is_off_session=bool(call.get("off_session")))
    return intent


def update(call: Call) -> Object:
    """Change the metadata or description of a payment intent."""
    intent = call.world.get("payment_intent", call.id)
    call.world.change(intent, metadata=call.metadata(intent), **call.chosen("description"))
    return intent


def cancel(call: Call) -> Object:
    """Give up a payment intent that has not succeeded."""
    intent = call.world.get("payment_intent", call.id)
    if intent["status"] in (SUCCEEDED, "canceled"):
        message = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        raise StripeError(message, code="payment_intent_unexpected_state", payment_intent=intent)
    reason = call.get("cancellation_reason")
    call.world.change(intent, status="canceled", canceled_at=call.world.now(), cancellation_reason=reason)
    call.world.emit("payment_intent.canceled", intent)
    return intent


def require_amount(amount: int, *, currency: str, param: str = "amount") -> None:
    """Refuse what Stripe cannot charge. Raises StripeError."""
    if currency not in CURRENCIES:
        raise StripeError(f"Invalid currency: {currency}.", param="currency")
    if amount < 1:
        raise StripeError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param=param
        )
    if amount > AMOUNT_MAX:
        raise StripeError("Amount must be no more than 999,999.99.", code="amount_too_large", param=param)
    if amount < CHARGE_MIN.get(currency, 1):
        least = show(CHARGE_MIN[currency], currency=currency)
        raise StripeError(f"Amount must be at least {least} {currency}", code="amount_too_small", param=param)


def add_intent(
    world: World, *, amount: int, currency: str, customer: Object | None, method: Object | None = None, **more: Any
) -> Object:
    """Make a payment intent that nobody has paid yet."""
    made = new_id("pi_")
    intent = world.add(
        stripe.PaymentIntent,
        id=made,
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        capture_method="automatic_async",
        client_secret=f"{made}_secret_{new_id('')}",
        confirmation_method="automatic",
        currency=currency,
        customer=customer["id"] if customer else None,
        payment_method=method["id"] if method else None,
        payment_method_types=[method["type"] if method else "card"],
        status="requires_confirmation" if method else REQUIRES_METHOD,
        **{"metadata": {}, **more},
    )
    world.emit("payment_intent.created", intent)
    return intent


def confirm(world: World, *, intent: Object, is_off_session: bool) -> None:
    """Charge an intent's payment method. Raises the card error of a refusal, after everything is written down."""
    behavior = attempt(world, intent=intent, is_off_session=is_off_session)
    if intent["status"] == REQUIRES_METHOD:
        code, decline_code, message = REFUSALS[behavior]
        raise card_error(code=code, decline_code=decline_code, message=message, payment_intent=intent)


def attempt(world: World, *, intent: Object, is_off_session: bool, behavior: str | None = None) -> str:
    """Charge an intent's payment method and return how the card behaved; the intent's status tells the outcome."""
    method = world.get("payment_method", intent["payment_method"])
    customer = world.find("customer", intent["customer"] or "")
    acted = behavior or customers.behavior_of(world, method=method, customer=customer)
    if method["type"] != "card" and acted not in REFUSALS:
        process(world, intent=intent)
    elif acted == NEEDS_ACTION and not is_off_session:
        require_action(world, intent=intent)
    elif acted in REFUSALS:
        fail(world, intent=intent, behavior=acted)
    else:
        succeed(world, intent=intent)
    if acted == DISPUTED:
        disputes.open_dispute(world, charge=world.get("charge", intent["latest_charge"]))
    return acted


def succeed(world: World, *, intent: Object) -> Object:
    """Let the money arrive."""
    charge = _charge(world, intent=intent, status="succeeded")
    movement = balance.add_transaction(
        world, kind="charge", amount=charge["amount"], fee=balance.fee_on(charge["amount"]), source=charge
    )
    world.change(charge, balance_transaction=movement["id"])
    world.emit("charge.succeeded", charge)
    cleared = {"last_payment_error": None, "next_action": None, "latest_charge": charge["id"]}
    world.change(intent, status=SUCCEEDED, amount_received=intent["amount"], **cleared)
    world.emit("payment_intent.succeeded", intent)
    return charge


def fail(world: World, *, intent: Object, behavior: str) -> None:
    """Let the bank refuse."""
    code, decline_code, message = REFUSALS[behavior]
    refusal = {"failure_code": code, "failure_message": message, "outcome": _outcome(refused_with=decline_code)}
    charge = _charge(world, intent=intent, status="failed", **refusal)
    world.emit("charge.failed", charge)
    method = world.get("payment_method", intent["payment_method"])
    error = {"charge": charge["id"], "code": code, "decline_code": decline_code, "message": message}
    error |= {"type": "card_error", "payment_method": method}
    changes = {"last_payment_error": error, "latest_charge": charge["id"], "next_action": None}
    world.change(intent, status=REQUIRES_METHOD, payment_method=None, **changes)
    world.emit("payment_intent.payment_failed", intent)


def process(world: World, *, intent: Object) -> None:
    """Let a payment take days; `succeed` or `fail` ends it."""
    world.change(intent, status=PROCESSING)
    world.emit("payment_intent.processing", intent)


def require_action(world: World, *, intent: Object) -> None:
    """Ask the customer to confirm at their bank."""
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    world.change(intent, status=REQUIRES_ACTION, next_action=action)
    world.emit("payment_intent.requires_action", intent)


def _method_of(call: Call, *, customer: Object | None) -> Object | None:
    method_id = call.get("payment_method")
    if method_id in customers.TEST_CARDS:
        behavior = customers.TEST_CARDS[method_id][2]
        return customers.add_card(call.world, behavior=behavior, customer=None, test_card=method_id)
    if method_id is None:
        if call.get("confirm"):
            raise missing_param("payment_method")
        return None
    method = call.world.get("payment_method", method_id, param="payment_method")
    if method["customer"] != (customer["id"] if customer else None) and method["customer"]:
        message = "The provided PaymentMethod cannot be attached: it belongs to a different Customer."
        raise StripeError(message, code="payment_method_unexpected_state", param="payment_method")
    return method


def _charge(world: World, *, intent: Object, status: str, **more: Any) -> Object:
    method = world.get("payment_method", intent["payment_method"])
    made, is_paid = new_id("ch_"), status == "succeeded"
    return world.add(
        stripe.Charge,
        id=made,
        amount=intent["amount"],
        amount_captured=intent["amount"] if is_paid else 0,
        amount_refunded=0,
        billing_details=method["billing_details"],
        captured=is_paid,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        metadata=dict(intent["metadata"]),
        paid=is_paid,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_payment_method_details(method),
        receipt_email=intent["receipt_email"],
        receipt_url=f"{world.base_url}/receipts/{made}" if is_paid else None,
        refunded=False,
        status=status,
        **{"outcome": _outcome(), **more},
    )


def _payment_method_details(method: Object) -> Object:
    kind = method["type"]
    if kind != "card":
        return {"type": kind, kind: {name: method[kind][name] for name in ("bank_code", "country", "last4")}}
    shared = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    return {"type": "card", "card": {name: method["card"][name] for name in shared} | {"network": "visa"}}


def _outcome(*, refused_with: str | None = None) -> Object:
    told = "The bank did not return any further details." if refused_with else "Payment complete."
    network = "declined_by_network" if refused_with else "approved_by_network"
    shared = {"network_status": network, "reason": refused_with, "risk_level": "normal", "risk_score": 20}
    return shared | {"seller_message": told, "type": "issuer_declined" if refused_with else "authorized"}
