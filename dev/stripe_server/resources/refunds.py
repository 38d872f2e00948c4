"""Refunds, in full and in part, never of more than was paid."""

import stripe

from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, missing_param
from dev.stripe_server.money import show
from dev.stripe_server.resources import balance
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World


def create(call: Call) -> Object:
    """Refund a charge or the charge of a payment intent; without an amount all that is left of it."""
    charge = _charge_of(call)
    amount = call.get("amount", charge["amount"] - charge["amount_refunded"])
    _require_refundable(charge, amount=amount)
    reason, metadata = call.get("reason"), call.metadata()
    return refund(call.world, charge=charge, amount=amount, reason=reason, metadata=metadata)


def update(call: Call) -> Object:
    """Change the metadata of a refund."""
    found = call.world.get("refund", call.id)
    call.world.update(found, event="refund.updated", metadata=call.metadata(found))
    return found


def refund(
    world: World, *, charge: Object, amount: int, reason: str | None = None, metadata: dict[str, str] | None = None
) -> Object:
    """Give back a part of a charge that may be refunded."""
    made = world.add(
        stripe.Refund,
        prefix="re_",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        customer=charge["customer"],
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        destination_details={"type": "card", "card": {"reference_status": "pending", "type": "refund"}},
        metadata=metadata or {},
        reason=reason,
        status="succeeded",
    )
    movement = balance.add_transaction(world, kind="refund", amount=-amount, source=made)
    world.change(made, balance_transaction=movement["id"])
    world.emit("refund.created", made)
    _set_refunded(world, charge=charge, amount=charge["amount_refunded"] + amount, event="charge.refunded")
    arrived = {"reference": "7920000000000001", "reference_status": "available", "reference_type": "arn"}
    details = {"type": "card", "card": {**made["destination_details"]["card"], **arrived}}
    world.update(made, event="refund.updated", destination_details=details)
    return made


def fail_refund(world: World, *, made: Object) -> Object:
    """Let the customer's bank return a refund days later: the charge counts as less refunded again."""
    charge = world.get("charge", made["charge"])
    movement = balance.add_transaction(world, kind="refund", amount=made["amount"], source=made)
    changes = {"failure_balance_transaction": movement["id"], "failure_reason": "expired_or_canceled_card"}
    previous = world.change(made, status="failed", **changes)
    world.emit("refund.failed", made)
    world.emit("charge.refund.updated", made, previous=previous)
    _set_refunded(world, charge=charge, amount=charge["amount_refunded"] - made["amount"], event="charge.updated")
    return made


def _charge_of(call: Call) -> Object:
    if "charge" in call.params:
        return call.world.get("charge", call.params["charge"], param="charge")
    if "payment_intent" not in call.params:
        raise missing_param("payment_intent")
    intent = call.world.get("payment_intent", call.params["payment_intent"], param="payment_intent")
    charge_id = intent["latest_charge"]
    if charge_id is None:
        message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise StripeError(message, param="payment_intent")
    return call.world.get("charge", charge_id)


def _require_refundable(charge: Object, *, amount: int) -> None:
    left = charge["amount"] - charge["amount_refunded"]
    if not charge["paid"]:
        raise StripeError(f"Charge {charge['id']} has not been paid.", param="charge")
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeError(message, code="charge_disputed")
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise StripeError(message, code="charge_already_refunded")
    if amount < 1:
        raise StripeError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        sums = [show(each, currency=charge["currency"]) for each in (amount, left)]
        raise StripeError(
            f"Refund amount ({sums[0]}) is greater than unrefunded amount on charge ({sums[1]})", param="amount"
        )


def _set_refunded(world: World, *, charge: Object, amount: int, event: str) -> None:
    previous = world.change(charge, amount_refunded=amount, refunded=amount == charge["amount"])
    world.emit(event, charge, previous=previous)
