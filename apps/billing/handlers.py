"""Step 4 of a payment: what each type of event is about. A handler reads ids from the payload, and nothing else."""

from collections.abc import Callable
from typing import Any

from apps.billing import checkout, invoices, payments, subscriptions

Handler = Callable[[dict[str, Any]], None]


def handle_checkout_session(told: dict[str, Any]) -> None:
    """A session was completed, paid later, or has expired."""
    checkout.sync_session(told["id"])


def handle_subscription(told: dict[str, Any]) -> None:
    """A subscription began, changed or ended."""
    subscriptions.sync_subscription(told["id"])


def handle_invoice(told: dict[str, Any]) -> None:
    """An invoice was issued, paid, or could not be collected: its subscription has changed with it."""
    subscription_id = invoices.subscription_of(told)
    if subscription_id:
        subscriptions.sync_subscription(subscription_id)
    invoices.sync_invoice(told["id"])


def handle_payment(told: dict[str, Any]) -> None:
    """A payment succeeded, failed, was returned or is disputed."""
    intent_id = told["id"] if told["object"] == "payment_intent" else told.get("payment_intent")
    if intent_id:
        payments.sync_payment(intent_id)


HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": handle_checkout_session,
    "checkout.session.async_payment_succeeded": handle_checkout_session,
    "checkout.session.async_payment_failed": handle_checkout_session,
    "checkout.session.expired": handle_checkout_session,
    "customer.subscription.created": handle_subscription,
    "customer.subscription.updated": handle_subscription,
    "customer.subscription.deleted": handle_subscription,
    "customer.subscription.paused": handle_subscription,
    "customer.subscription.resumed": handle_subscription,
    "customer.subscription.trial_will_end": handle_subscription,
    "invoice.finalized": handle_invoice,
    "invoice.paid": handle_invoice,
    "invoice.payment_failed": handle_invoice,
    "invoice.payment_action_required": handle_invoice,
    "invoice.voided": handle_invoice,
    "invoice.marked_uncollectible": handle_invoice,
    "payment_intent.succeeded": handle_payment,
    "payment_intent.payment_failed": handle_payment,
    "payment_intent.canceled": handle_payment,
    "charge.refunded": handle_payment,
    "refund.created": handle_payment,
    "refund.updated": handle_payment,
    "refund.failed": handle_payment,
    "charge.dispute.created": handle_payment,
    "charge.dispute.updated": handle_payment,
    "charge.dispute.closed": handle_payment,
    "charge.dispute.funds_withdrawn": handle_payment,
    "charge.dispute.funds_reinstated": handle_payment,
}
