"""What a subscription's status follows: payments that arrive, fail, or are given up."""

from typing import Any

from dev.stripe_server.resources import invoices
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

UPDATED = "customer.subscription.updated"
ENDED = ("canceled", "incomplete_expired")


def set_status(world: World, *, subscription: Object, status: str, **changes: Any) -> None:
    """Change a subscription's status, and tell about it if it was another."""
    world.update(subscription, event=UPDATED, status=status, **changes)


def end(world: World, *, subscription: Object, reason: str, details: dict[str, Any] | None = None) -> None:
    """End a subscription now; open invoices are not asked for again."""
    now = world.now(subscription["customer"])
    told = {**subscription["cancellation_details"], "reason": reason, **(details or {})}
    changes = {"ended_at": now, "canceled_at": subscription["canceled_at"] or now, "cancellation_details": told}
    status = "incomplete_expired" if subscription["status"] == "incomplete" else "canceled"
    world.change(subscription, status=status, **changes)
    for invoice in invoices_of(world, subscription=subscription):
        if invoice["status"] in ("open", "draft"):
            world.change(invoice, auto_advance=False, next_payment_attempt=None, automatically_finalizes_at=None)
    # Expiring is told as an update; a subscription is deleted only once it has been alive.
    name = UPDATED if status == "incomplete_expired" else "customer.subscription.deleted"
    world.emit(name, subscription, **({"previous": {"status": "incomplete"}} if name == UPDATED else {}))


def follow_payment(world: World, *, invoice: Object) -> None:
    """Bring the subscription of a paid invoice back to life, once nothing else of it is owed."""
    subscription = find_subscription(world, invoice=invoice)
    if subscription is None or subscription["status"] not in ("incomplete", "past_due", "unpaid"):
        return
    owed = [each for each in invoices_of(world, subscription=subscription) if each["status"] == "open"]
    if not owed or invoice["id"] == subscription["latest_invoice"]:
        set_status(world, subscription=subscription, status="active")


def follow_failure(world: World, *, invoice: Object) -> None:
    """Mark the subscription of an unpaid invoice; one that has never been paid stays incomplete."""
    subscription = find_subscription(world, invoice=invoice)
    if subscription is not None and subscription["status"] in ("active", "trialing"):
        set_status(world, subscription=subscription, status="past_due")


def give_up(world: World, *, invoice: Object) -> None:
    """Do what the account's settings say after the last attempt: `canceled`, `unpaid` or `past_due`."""
    subscription = find_subscription(world, invoice=invoice)
    if subscription is None or subscription["status"] in (*ENDED, "incomplete"):
        return
    wanted = world.settings.get("after_last_attempt", "canceled")
    if wanted == "canceled":
        end(world, subscription=subscription, reason="payment_failed")
    else:
        set_status(world, subscription=subscription, status=wanted)


def find_subscription(world: World, *, invoice: Object) -> Object | None:
    """Return the subscription that an invoice belongs to."""
    return world.find("subscription", invoices.subscription_id_of(invoice) or "")


def invoices_of(world: World, *, subscription: Object) -> list[Object]:
    """Return the invoices of a subscription, the oldest first."""
    return [each for each in world.all("invoice") if invoices.subscription_id_of(each) == subscription["id"]]
