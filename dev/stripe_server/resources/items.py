"""The items of a subscription: which prices it has, from when until when, and the lines that they cost."""

from typing import Any

import stripe

from dev.stripe_server import money
from dev.stripe_server.calendar import period_end
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, missing_param
from dev.stripe_server.resources import products
from dev.stripe_server.resources.lines import Line, line_of_price, read_line
from dev.stripe_server.shapes import Object, build
from dev.stripe_server.world import World, new_id


def read_items(call: Call) -> list[tuple[Object, int | None]]:
    """Return the prices and quantities that a call sent as `items`. Raises StripeError."""
    if not call.get("items"):
        raise missing_param("items")
    return [read_item(call.world, sent=each, path=f"items[{n}]") for n, each in enumerate(call.params["items"])]


def read_item(world: World, *, sent: dict[str, Any], path: str) -> tuple[Object, int | None]:
    """Return the price and quantity of one item: a recurring price, without a quantity if it is metered."""
    if sent.get("price_data"):
        price = products.add_inline_price(world, sent=sent["price_data"])
    elif sent.get("price"):
        price = world.get("price", sent["price"], param=f"{path}[price]")
        require_active(price, param=f"{path}[price]")
    else:
        raise missing_param(f"{path}[price]")
    if price["type"] != "recurring":
        message = (
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."
        )
        raise StripeError(message, param=f"{path}[price]")
    return price, quantity_of(price, sent=sent.get("quantity"), param=f"{path}[quantity]")


def require_active(price: Object, *, param: str) -> None:
    """Refuse an archived price. Raises StripeError."""
    if not price["active"]:
        raise StripeError("The price specified is inactive. This field only accepts active prices.", param=param)


def quantity_of(price: Object, *, sent: int | None, param: str) -> int | None:
    """Return how many of a price: one if nothing is said, none if it is metered."""
    if not is_metered(price):
        return 1 if sent is None else sent
    if sent is not None:
        raise StripeError("Quantity should not be specified where usage_type is `metered`.", param=param)
    return None


def is_metered(price: Object) -> bool:
    """Whether a price is paid afterwards, by usage."""
    return bool(price["recurring"] and price["recurring"]["usage_type"] == "metered")


def add_item(
    *, subscription: str, price: Object, quantity: int | None, start: int, end: int, item_id: str | None = None
) -> Object:
    """Return an item; it lives in its subscription only."""
    more = {} if quantity is None else {"quantity": quantity}
    item = build(
        stripe.SubscriptionItem,
        id=item_id or new_id("si_"),
        created=start,
        current_period_start=start,
        current_period_end=end,
        discounts=[],
        metadata={},
        plan=products.as_plan(price),
        price=dict(price),
        subscription=subscription,
        tax_rates=[],
        **more,
    )
    if quantity is None:
        del item["quantity"]
    return item


def next_end(subscription: Object, *, start: int) -> int:
    """Return when the period that starts now ends, counted from the billing cycle's anchor."""
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    interval, count = recurring["interval"], recurring["interval_count"]
    return period_end(anchor=subscription["billing_cycle_anchor"], start=start, interval=interval, count=count)


def period_of(subscription: Object) -> tuple[int, int]:
    """Return the current period of a subscription."""
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


def with_period(subscription: Object, *, start: int, end: int) -> Object:
    """Return the list of items in another period."""
    data = [
        {**each, "current_period_start": start, "current_period_end": end} for each in subscription["items"]["data"]
    ]
    return {**subscription["items"], "data": data}


def lines_ahead(world: World, *, subscription: Object, start: int, end: int) -> list[Line]:
    """Return the lines of a period that is paid in advance."""
    made = []
    for item in subscription["items"]["data"]:
        if not is_metered(item["price"]):
            price, quantity = item["price"], item["quantity"]
            told = f"{quantity} {money.TIMES} {describe(world, price=price)}"
            links = {"subscription": subscription["id"], "subscription_item": item["id"]}
            made.append(line_of_price(price, quantity=quantity, description=told, start=start, end=end, **links))
    return made


def lines_behind(world: World, *, subscription: Object, start: int, end: int) -> list[Line]:
    """Return the lines of a period's usage."""
    made = []
    for item in subscription["items"]["data"]:
        if is_metered(item["price"]):
            price = item["price"]
            links = {"subscription": subscription["id"], "subscription_item": item["id"]}
            links["meter"] = price["recurring"]["meter"]
            told = f"Usage of {describe(world, price=price)}"
            line = line_of_price(price, quantity=0, description=told, start=start, end=end, **links)
            made.append(line.count_usage(world, customer=subscription["customer"]))
    return made


def describe(world: World, *, price: Object) -> str:
    """Return a price in words: `Pro (at $20.00 / month)`."""
    name = world.get("product", price["product"])["name"]
    amount, every = price["unit_amount"], price["recurring"]["interval"]
    shown = price["unit_amount_decimal"] if amount is None else money.show(amount, currency=price["currency"])
    return f"{name} (at {shown} / {every})"


def pending_lines(world: World, *, subscription: Object) -> list[Line]:
    """Return the prorations that wait for the next invoice."""
    return [read_line(each) for each in world.note(subscription["id"]).get("pending_lines", [])]


def keep_pending(world: World, *, subscription: Object, lines: list[Line]) -> None:
    """Replace the prorations that wait for the next invoice."""
    world.note(subscription["id"])["pending_lines"] = [each.as_json() for each in lines]
