"""Disputes: the bank takes a payment back, and may return it. Opened and decided through the control API only."""

import stripe

from dev.stripe_server.calendar import DAY
from dev.stripe_server.errors import StripeError
from dev.stripe_server.resources import balance
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

ANSWER_DAYS = 9
WON = "won"
LOST = "lost"
CLOSED = (WON, LOST)


def open_dispute(world: World, *, charge: Object, reason: str = "fraudulent", amount: int | None = None) -> Object:
    """Take a charge, or a part of it, back. Raises StripeError for one that is disputed already."""
    if charge["disputed"] or not charge["paid"]:
        raise StripeError("This charge cannot be disputed.", param="charge")
    taken = amount or charge["amount"] - charge["amount_refunded"]
    dispute = _add(world, charge=charge, reason=reason, amount=taken)
    world.update(charge, event="charge.updated", disputed=True)
    world.emit("charge.dispute.created", dispute)
    _withdraw(world, dispute=dispute)
    return dispute


def close_dispute(world: World, *, dispute: Object, status: str) -> Object:
    """Decide a dispute: `won` brings the money back, `lost` does not. Raises StripeError for a closed one."""
    if dispute["status"] in CLOSED:
        raise StripeError("This dispute is already closed.")
    if status == WON:
        movement = balance.add_transaction(world, kind="adjustment", amount=dispute["amount"], source=dispute)
        world.change(dispute, balance_transactions=[*dispute["balance_transactions"], movement])
    previous = world.change(dispute, status=status)
    world.emit("charge.dispute.updated", dispute, previous=previous)
    if status == WON:
        world.emit("charge.dispute.funds_reinstated", dispute)
    world.emit("charge.dispute.closed", dispute)
    return dispute


def _withdraw(world: World, *, dispute: Object) -> None:
    movement = balance.add_transaction(
        world, kind="adjustment", amount=-dispute["amount"], fee=balance.DISPUTE_FEE, source=dispute
    )
    world.change(dispute, balance_transactions=[movement])
    world.emit("charge.dispute.funds_withdrawn", dispute)


def _add(world: World, *, charge: Object, reason: str, amount: int) -> Object:
    card = {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"}
    details = {"due_by": world.now() + ANSWER_DAYS * DAY, "enhanced_eligibility": {}, "has_evidence": False}
    details |= {"past_due": False, "submission_count": 0, "submission_method": "not_submitted"}
    return world.add(
        stripe.Dispute,
        prefix="du_",
        amount=amount,
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={"enhanced_evidence": {}},
        evidence_details=details,
        is_charge_refundable=False,
        metadata={},
        payment_intent=charge["payment_intent"],
        payment_method_details={"type": "card", "card": card},
        reason=reason,
        status="needs_response",
    )
