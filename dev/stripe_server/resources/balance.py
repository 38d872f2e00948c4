"""Balance transactions: what a charge, refund or dispute does to the account's own money."""

import stripe

from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

CATEGORIES = {"charge": "charge", "refund": "refund", "adjustment": "dispute"}
FEE_PERMILLE = 29
FEE_FIXED = 30
DISPUTE_FEE = 1500


def add_transaction(world: World, *, kind: str, amount: int, fee: int = 0, source: Object) -> Object:
    """Write down a movement of money; what leaves is negative."""
    details = (
        [{"amount": fee, "currency": source["currency"], "type": "stripe_fee", "description": "Fees"}] if fee else []
    )
    return world.add(
        stripe.BalanceTransaction,
        prefix="txn_",
        amount=amount,
        available_on=world.now(),
        balance_type="payments",
        currency=source["currency"],
        fee=fee,
        fee_details=[{**each, "application": None} for each in details],
        net=amount - fee,
        reporting_category=CATEGORIES[kind],
        source=source["id"],
        status="available",
        type=kind,
    )


def fee_on(amount: int) -> int:
    """Return what a payment of this amount costs."""
    return amount * FEE_PERMILLE // 1000 + FEE_FIXED
