"""A subscription's time: its first invoice, its renewals, the end of its trial, and its end."""

from dev.stripe_server.calendar import DAY
from dev.stripe_server.resources import collection, invoices, items, statuses
from dev.stripe_server.resources.lines import Line
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

UPCOMING_DAYS = 7
TRIAL_NOTICE_DAYS = 3


def start(world: World, *, subscription: Object, is_off_session: bool, behavior: str | None = None) -> str:
    """Write the first invoice, have it paid, and return how the card behaved."""
    begin, end = items.period_of(subscription)
    if subscription["trial_end"]:
        lines = [_trial_line(each) for each in _ahead(world, subscription=subscription, start=begin, end=end)]
    else:
        lines = _ahead(world, subscription=subscription, start=begin, end=end)
    lines += _take_pending(world, subscription=subscription)
    invoice = bill(world, subscription=subscription, lines=lines, reason="subscription_create")
    return collection.finalize_and_collect(world, invoice=invoice, is_off_session=is_off_session, behavior=behavior)


def bill(world: World, *, subscription: Object, lines: list[Line], reason: str, **more: object) -> Object:
    """Draft an invoice of a subscription and make it the latest."""
    customer = world.get("customer", subscription["customer"])
    invoice = invoices.draft(world, customer=customer, lines=lines, reason=reason, subscription=subscription, **more)
    world.change(subscription, latest_invoice=invoice["id"])
    return invoice


def renew(world: World, *, subscription: Object) -> None:
    """Begin the next period: the invoice is drafted now, and finalized and paid about an hour later."""
    if subscription["cancel_at_period_end"] or _is_to_end(world, subscription=subscription):
        end_of_term(world, subscription=subscription)
        return
    old_start, begin = items.period_of(subscription)
    if subscription["status"] == "trialing" and not _leave_trial(world, subscription=subscription):
        return
    end = items.next_end(subscription, start=begin)
    used = items.lines_behind(world, subscription=subscription, start=old_start, end=begin)
    lines = used + _take_pending(world, subscription=subscription)
    lines += items.lines_ahead(world, subscription=subscription, start=begin, end=end)
    renewed = items.with_period(subscription, start=begin, end=end)
    previous = world.change(subscription, items=renewed, **_after_trial(subscription))
    is_collected = subscription["status"] != "unpaid"
    timing = {"period_start": old_start, "period_end": begin, "auto_advance": is_collected}
    if is_collected:
        timing["automatically_finalizes_at"] = begin + draft_seconds(world)
    invoice = bill(world, subscription=subscription, lines=lines, reason="subscription_cycle", **timing)
    world.emit(statuses.UPDATED, subscription, previous=previous | {"latest_invoice": None})
    if is_collected and not draft_seconds(world):
        collection.finalize_and_collect(world, invoice=invoice)


def end_of_term(world: World, *, subscription: Object) -> None:
    """End a subscription at the end of what was paid; usage that nobody has paid is invoiced last."""
    begin, end = items.period_of(subscription)
    used = [each for each in items.lines_behind(world, subscription=subscription, start=begin, end=end) if each.amount]
    lines = used + _take_pending(world, subscription=subscription)
    statuses.end(world, subscription=subscription, reason="cancellation_requested")
    if lines:
        invoice = bill(world, subscription=subscription, lines=lines, reason="subscription_cycle")
        collection.finalize_and_collect(world, invoice=invoice)


def announce_renewal(world: World, *, subscription: Object) -> None:
    """Tell what the next invoice will be, some days before."""
    begin, end = items.period_of(subscription)
    world.note(subscription["id"])["announced"] = end
    lines = items.lines_behind(world, subscription=subscription, start=begin, end=end)
    lines += items.pending_lines(world, subscription=subscription)
    next_end = items.next_end(subscription, start=end)
    lines += items.lines_ahead(world, subscription=subscription, start=end, end=next_end)
    customer = world.get("customer", subscription["customer"])
    upcoming = invoices.preview(world, customer=customer, lines=lines, subscription=subscription)
    world.emit("invoice.upcoming", upcoming)


def announce_trial_end(world: World, *, subscription: Object) -> None:
    """Tell that a trial ends in three days."""
    world.note(subscription["id"])["trial_announced"] = True
    world.emit("customer.subscription.trial_will_end", subscription)


def draft_seconds(world: World) -> int:
    """Return how long a renewal's invoice stays a draft."""
    return int(world.settings.get("draft_seconds", invoices.DRAFT_SECONDS))


def upcoming_at(subscription: Object) -> int:
    """Return when the next invoice is announced."""
    return int(items.period_of(subscription)[1]) - UPCOMING_DAYS * DAY


def trial_notice_at(subscription: Object) -> int:
    """Return when the end of the trial is announced."""
    return max(int(subscription["trial_end"]) - TRIAL_NOTICE_DAYS * DAY, int(subscription["trial_start"]))


def _ahead(world: World, *, subscription: Object, start: int, end: int) -> list[Line]:
    """Return the first period's lines; a subscription of usage only begins with an empty one."""
    lines = items.lines_ahead(world, subscription=subscription, start=start, end=end)
    return lines or items.lines_behind(world, subscription=subscription, start=start, end=start)


def _trial_line(line: Line) -> Line:
    """Return a line as it stands on the first invoice of a trial: free."""
    return Line(**line.as_json() | {"amount": 0, "description": f"Trial period for {line.description}"})


def _leave_trial(world: World, *, subscription: Object) -> bool:
    """Whether a trial that is over goes on as a paid subscription; without a way to pay, its settings decide."""
    customer = world.get("customer", subscription["customer"])
    if subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]:
        return True
    settings = subscription["trial_settings"] or {"end_behavior": {"missing_payment_method": "create_invoice"}}
    wanted = settings["end_behavior"]["missing_payment_method"]
    if wanted == "cancel":
        statuses.end(world, subscription=subscription, reason="payment_failed")
    elif wanted == "pause":
        statuses.set_status(world, subscription=subscription, status="paused")
        world.emit("customer.subscription.paused", subscription)
    return bool(wanted == "create_invoice")


def _after_trial(subscription: Object) -> dict[str, str]:
    return {"status": "active"} if subscription["status"] == "trialing" else {}


def _is_to_end(world: World, *, subscription: Object) -> bool:
    return subscription["cancel_at"] is not None and subscription["cancel_at"] <= world.now(subscription["customer"])


def _take_pending(world: World, *, subscription: Object) -> list[Line]:
    lines = items.pending_lines(world, subscription=subscription)
    items.keep_pending(world, subscription=subscription, lines=[])
    return lines
