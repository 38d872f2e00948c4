"""How invoices are paid: now, again after some days, on the hosted page, or not at all."""

from dev.stripe_server.calendar import DAY
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, card_error
from dev.stripe_server.resources import customers, invoices, payments, statuses
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

# Days from one attempt to the next; after the last one the subscription ends.
RETRY_DAYS = (3, 5, 7)


def pay_call(call: Call) -> Object:
    """Pay an open invoice now, with another payment method if one is given. Raises the card error of a refusal."""
    invoice = call.world.get("invoice", call.id)
    if invoice["status"] == "draft":
        invoices.finalize(call.world, invoice=invoice)
    if invoice["status"] == "paid":
        raise StripeError("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] != "open":
        raise StripeError(f"This invoice is {invoice['status']} and can no longer be paid.", code="invoice_not_open")
    if call.get("paid_out_of_band"):
        settle(call.world, invoice=invoice, is_out_of_band=True)
        return invoice
    method = None
    if method_id := call.get("payment_method"):
        method = call.world.get("payment_method", method_id, param="payment_method")
    behavior = collect(call.world, invoice=invoice, method=method, is_off_session=bool(call.get("off_session", True)))
    if invoice["status"] != "paid" and behavior in payments.REFUSALS:
        code, decline_code, message = payments.REFUSALS[behavior]
        raise card_error(code=code, decline_code=decline_code, message=message)
    return invoice


def finalize_call(call: Call) -> Object:
    """Finalize a draft now."""
    invoice = call.world.get("invoice", call.id)
    if invoice["status"] != "draft":
        raise StripeError("This invoice is already finalized.", code="invoice_not_editable")
    invoices.finalize(call.world, invoice=invoice)
    return invoice


def void_call(call: Call) -> Object:
    """Give an open invoice up."""
    invoice = call.world.get("invoice", call.id)
    invoices.void(call.world, invoice=invoice)
    statuses.follow_payment(call.world, invoice=invoice)
    return invoice


def finalize_and_collect(
    world: World, *, invoice: Object, is_off_session: bool = True, behavior: str | None = None
) -> str:
    """Finalize a draft and try to have it paid; return how the card behaved."""
    invoices.finalize(world, invoice=invoice)
    if not invoice["amount_due"]:
        settle(world, invoice=invoice)
        return customers.GOOD
    return collect(world, invoice=invoice, is_off_session=is_off_session, behavior=behavior)


def collect(
    world: World, *, invoice: Object, method: Object | None = None, is_off_session: bool, behavior: str | None = None
) -> str:
    """Try once to have an open invoice paid; its status tells the outcome, the answer how the card behaved."""
    intent = invoices.find_intent(world, invoice=invoice)
    assert intent is not None, "An open invoice asks for money."
    method = method or _method_of(world, invoice=invoice)
    world.change(invoice, attempt_count=invoice["attempt_count"] + 1)
    if method is None:
        fail(world, invoice=invoice, needs_action=False)
        return customers.DECLINED
    world.change(intent, payment_method=method["id"], payment_method_types=[method["type"]])
    acted = payments.attempt(world, intent=intent, is_off_session=is_off_session, behavior=behavior)
    if intent["status"] == payments.SUCCEEDED:
        settle(world, invoice=invoice)
    elif intent["status"] != payments.PROCESSING:
        fail(world, invoice=invoice, needs_action=acted == customers.NEEDS_ACTION)
    return acted


def settle(world: World, *, invoice: Object, is_out_of_band: bool = False) -> None:
    """Close an invoice as paid, and let the subscription follow."""
    invoices.mark_paid(world, invoice=invoice, is_out_of_band=is_out_of_band)
    statuses.follow_payment(world, invoice=invoice)


def fail(world: World, *, invoice: Object, needs_action: bool) -> None:
    """Write down a failed attempt, plan the next one or give up, and let the subscription follow."""
    next_attempt = _next_attempt(world, invoice=invoice)
    invoices.mark_failed(world, invoice=invoice, next_attempt=next_attempt, needs_action=needs_action)
    statuses.follow_failure(world, invoice=invoice)
    if next_attempt is None:
        statuses.give_up(world, invoice=invoice)


def finish_delayed(world: World, *, intent: Object, is_paid: bool) -> None:
    """Let the money of a delayed payment arrive, or not."""
    if intent["status"] != payments.PROCESSING:
        raise StripeError("This payment is not processing.", param="payment_intent")
    if is_paid:
        payments.succeed(world, intent=intent)
    else:
        payments.fail(world, intent=intent, behavior=customers.NO_FUNDS)
    invoice = invoices.find_of_intent(world, intent=intent)
    if invoice is None or invoice["status"] != "open":
        return
    if is_paid:
        settle(world, invoice=invoice)
    else:
        fail(world, invoice=invoice, needs_action=False)


def _method_of(world: World, *, invoice: Object) -> Object | None:
    """Return what pays an invoice: the subscription's own payment method, else the customer's default."""
    subscription = statuses.find_subscription(world, invoice=invoice)
    settings = world.get("customer", invoice["customer"])["invoice_settings"]
    method_id = subscription["default_payment_method"] if subscription else None
    return world.find("payment_method", method_id or settings["default_payment_method"] or "")


def _next_attempt(world: World, *, invoice: Object) -> int | None:
    """Return when to try again. The first payment of a subscription is for the customer to repeat."""
    days = world.settings.get("retry_days", RETRY_DAYS)
    subscription = statuses.find_subscription(world, invoice=invoice)
    is_first = subscription is not None and subscription["status"] == "incomplete"
    if is_first or invoice["attempt_count"] > len(days):
        return None
    return world.now(invoice["customer"]) + int(days[invoice["attempt_count"] - 1] * DAY)
