"""What changing a subscription's prices costs: the unused rest of the old one back, the rest of the new one now."""

import copy
from dataclasses import replace
from typing import Any

from dev.stripe_server import money
from dev.stripe_server.calendar import period_end, show_date
from dev.stripe_server.call import Call
from dev.stripe_server.errors import missing_object
from dev.stripe_server.resources import collection, invoices, items, periods, statuses
from dev.stripe_server.resources.lines import Line, line_of_price
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World, new_id

ALWAYS_INVOICE = "always_invoice"
NO_PRORATIONS = "none"


def change_items(call: Call, *, subscription: Object, changes: dict[str, Any]) -> Object | None:
    """Change items, and return the invoice if there is one at once.

    An invoice comes at once if the caller wants it (`always_invoice`), or if the billing date moves: another interval,
    from free to paid or back, the end of a trial. Otherwise prorations wait for the next invoice.
    """
    world, before = call.world, copy.deepcopy(subscription)
    now = world.now(subscription["customer"])
    data = _changed(call, subscription=subscription)
    is_ending_trial = subscription["status"] == "trialing" and call.get("trial_end") == "now"
    is_on_trial = subscription["status"] == "trialing" and not is_ending_trial
    world.change(subscription, **changes)
    subscription["items"]["data"] = data
    is_moved = not is_on_trial and (is_ending_trial or _moves_date(call, before=before, after=subscription))
    lines: list[Line] = []
    if not is_on_trial and call.get("proration_behavior") != NO_PRORATIONS and not is_ending_trial:
        lines = _prorations(world, before=before, after=subscription, now=now, is_moved=is_moved)
    if is_moved:
        lines += _begin_anew(world, subscription=subscription, now=now)
    _tell(world, before=before, after=subscription)
    kept = items.pending_lines(world, subscription=subscription)
    if is_moved or (lines and call.get("proration_behavior") == ALWAYS_INVOICE):
        items.keep_pending(world, subscription=subscription, lines=[])
        return _bill_now(call, subscription=subscription, lines=kept + lines, before=before) if kept + lines else None
    items.keep_pending(world, subscription=subscription, lines=kept + lines)
    return None


def _changed(call: Call, *, subscription: Object) -> list[Object]:
    """Return the items after the call; one that is sent without an id is added, not replaced."""
    data = list(subscription["items"]["data"])
    start, end = items.period_of(subscription)
    for number, sent in enumerate(call.get("items") or []):
        path = f"items[{number}]"
        known = next((each for each in data if each["id"] == sent.get("id")), None)
        if sent.get("id") and known is None:
            raise missing_object("subscription_item", sent["id"], param=f"{path}[id]")
        if sent.get("deleted") and known:
            data.remove(known)
            continue
        if known and not sent.get("price") and not sent.get("price_data"):
            sent = {**sent, "price": known["price"]["id"]}
        if known and "quantity" not in sent and "quantity" in known:
            sent = {**sent, "quantity": known["quantity"]}
        price, quantity = items.read_item(call.world, sent=sent, path=path)
        item_id = known["id"] if known else None
        made = items.add_item(
            subscription=subscription["id"], price=price, quantity=quantity, start=start, end=end, item_id=item_id
        )
        data = [made if each is known else each for each in data] if known else [*data, made]
    return data


def _moves_date(call: Call, *, before: Object, after: Object) -> bool:
    if call.get("billing_cycle_anchor") == "now":
        return True
    return _cycle(before) != _cycle(after) or (_price_of(before) == 0) != (_price_of(after) == 0)


def _cycle(subscription: Object) -> tuple[str, int]:
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _price_of(subscription: Object) -> int:
    """Return what one period costs in advance."""
    data = subscription["items"]["data"]
    return sum((each["price"]["unit_amount"] or 0) * each.get("quantity", 0) for each in data)


def _prorations(world: World, *, before: Object, after: Object, now: int, is_moved: bool) -> list[Line]:
    """Return what is given back for each changed item, and what the new one costs until the period ends."""
    old = {each["id"]: each for each in before["items"]["data"]}
    new = {each["id"]: each for each in after["items"]["data"]}
    lines = []
    for item_id in dict.fromkeys([*old, *new]):
        was, becomes = old.get(item_id), new.get(item_id)
        if not is_moved and was and becomes and _worth(was) == _worth(becomes):
            continue
        if was:
            lines.append(_rest(world, item=was, subscription=before, now=now, is_credit=True))
        if becomes and not is_moved:
            lines.append(_rest(world, item=becomes, subscription=before, now=now, is_credit=False))
    return [each for each in lines if each is not None and each.amount]


def _worth(item: Object) -> tuple[str, int | None]:
    return item["price"]["id"], item.get("quantity")


def _rest(world: World, *, item: Object, subscription: Object, now: int, is_credit: bool) -> Line | None:
    if items.is_metered(item["price"]):
        return None
    start, end = items.period_of(subscription)
    told = "Unused time on" if is_credit else "Remaining time on"
    name = world.get("product", item["price"]["product"])["name"]
    links = {"subscription": subscription["id"], "subscription_item": item["id"], "invoice_item": new_id("ii_")}
    line = line_of_price(
        item["price"],
        quantity=item["quantity"],
        description=f"{told} {item['quantity']} {money.TIMES} {name} after {show_date(now)}",
        start=now,
        end=end,
        is_proration=True,
        **links,
    )
    rest = money.share(line.amount, part=max(0, end - now), whole=max(1, end - start))
    return replace(line, amount=-rest if is_credit else rest)


def _begin_anew(world: World, *, subscription: Object, now: int) -> list[Line]:
    """Start a period now, and return its lines."""
    interval, count = _cycle(subscription)
    end = period_end(anchor=now, start=now, interval=interval, count=count)
    renewed = items.with_period(subscription, start=now, end=end)
    changes: dict[str, Any] = {"billing_cycle_anchor": now, "items": renewed}
    if subscription["status"] == "trialing":
        changes |= {"status": "active", "trial_end": now}
    world.change(subscription, **changes)
    return items.lines_ahead(world, subscription=subscription, start=now, end=end)


def _tell(world: World, *, before: Object, after: Object) -> None:
    previous = {name: before[name] for name in before if before[name] != after[name]}
    if previous:
        world.emit(statuses.UPDATED, after, previous=previous)


def _bill_now(call: Call, *, subscription: Object, lines: list[Line], before: Object) -> Object:
    """Invoice a change; one that has to be paid to count is taken back if it is not."""
    world = call.world
    invoice = periods.bill(world, subscription=subscription, lines=lines, reason="subscription_update")
    is_off_session = bool(call.get("off_session", True))
    has_to_be_paid = call.get("payment_behavior") == "error_if_incomplete"
    collection.finalize_and_collect(world, invoice=invoice, is_off_session=is_off_session)
    if has_to_be_paid and invoice["status"] == "open":
        invoices.void(world, invoice=invoice)
        changed = copy.deepcopy(subscription)
        world.change(subscription, **before)
        _tell(world, before=changed, after=subscription)
    return invoice
