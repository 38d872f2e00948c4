"""Products and prices."""

from decimal import Decimal
from typing import Any

import stripe

from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, missing_param
from dev.stripe_server.money import CURRENCIES, round_half_up
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

PRODUCT_FIELDS = [
    *("active", "description", "images", "marketing_features", "name", "shippable", "statement_descriptor"),
    *("tax_code", "unit_label", "url"),
]
LOOKUP_KEY_LENGTH_MAX = 200


def create_product(call: Call) -> Object:
    """Make a product; its id may be given."""
    given = call.get("id")
    if given and call.world.find("product", given):
        raise StripeError(f"Product already exists: {given}", code="resource_already_exists", param="id")
    fields = {"active": True, "images": [], "marketing_features": [], **call.chosen(*PRODUCT_FIELDS)}
    values = {**fields, "metadata": call.metadata(), "type": "service", "updated": call.world.now()}
    product = call.world.add(stripe.Product, prefix="prod_", **({"id": given} if given else {}), **values)
    call.world.emit("product.created", product)
    if default := call.get("default_price_data"):
        price = _add_price(call.world, product=product["id"], sent=default, metadata=default.get("metadata", {}))
        call.world.change(product, default_price=price["id"])
    return product


def update_product(call: Call) -> Object:
    """Change a product."""
    product = call.world.get("product", call.id)
    changes = call.chosen(*PRODUCT_FIELDS, "default_price")
    if changes.get("default_price"):
        call.world.get("price", changes["default_price"], param="default_price")
    changes |= {"metadata": call.metadata(product), "updated": call.world.now()}
    call.world.update(product, event="product.updated", **changes)
    return product


def create_price(call: Call) -> Object:
    """Make a price of a product, which may come along as `product_data`."""
    if ("product" in call.params) == ("product_data" in call.params):
        raise missing_param("product")
    product = _product_of(call)
    lookup_key = _take_lookup_key(call)
    metadata = call.metadata()
    price = _add_price(call.world, product=product, sent=call.params, metadata=metadata, lookup_key=lookup_key)
    call.world.emit("price.created", price)
    return price


def update_price(call: Call) -> Object:
    """Change what may change about a price; its amount never does."""
    price = call.world.get("price", call.id)
    changes = call.chosen("active", "nickname", "tax_behavior") | {"metadata": call.metadata(price)}
    if "lookup_key" in call.params:
        changes["lookup_key"] = _take_lookup_key(call, owner=price)
    _change_price(call.world, price=price, changes=changes)
    return price


def add_inline_price(world: World, *, sent: dict[str, Any]) -> Object:
    """Make the price, and the product, that a line item brings along as `price_data`."""
    product = sent.get("product")
    if product is None:
        data = dict(sent.get("product_data") or {})
        if not data:
            raise missing_param("line_items[0][price_data][product]")
        call = Call(world=world, params=data)
        product = create_product(call)["id"]
    world.get("product", product, param="line_items[0][price_data][product]")
    price = _add_price(world, product=product, sent=sent, metadata={})
    # Made for one session, so nobody can buy it again.
    world.change(price, active=False)
    return price


def as_plan(price: Object) -> Object:
    """Return the old shape of a recurring price, which subscription items still show."""
    recurring = price["recurring"]
    shared = ("id", "active", "created", "currency", "livemode", "metadata", "nickname", "product", "billing_scheme")
    return {name: price[name] for name in shared} | {
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "meter": recurring["meter"],
        "usage_type": recurring["usage_type"],
        "trial_period_days": None,
        "tiers_mode": None,
        "transform_usage": None,
    }


def has_price_type(price: Object, value: str) -> bool:
    """Filter prices by type."""
    return bool(price["type"] == value)


def has_recurring(price: Object, value: dict[str, Any]) -> bool:
    """Filter prices by what recurs."""
    recurring = price["recurring"] or {}
    return all(recurring.get(name) == wanted for name, wanted in value.items())


def _product_of(call: Call) -> str:
    if "product" in call.params:
        return str(call.world.get("product", call.params["product"], param="product")["id"])
    product = create_product(Call(world=call.world, params=dict(call.params["product_data"])))
    return str(product["id"])


def _add_price(
    world: World, *, product: str, sent: dict[str, Any], metadata: dict[str, str], lookup_key: str | None = None
) -> Object:
    currency = sent["currency"].lower()
    if currency not in CURRENCIES:
        raise StripeError(f"Invalid currency: {currency}.", param="currency")
    amount, exact = _amount(sent)
    recurring = _recurring(world, sent=sent["recurring"]) if sent.get("recurring") else None
    return world.add(
        stripe.Price,
        prefix="price_",
        active=sent.get("active", True),
        billing_scheme="per_unit",
        currency=currency,
        metadata=metadata,
        product=product,
        type="recurring" if recurring else "one_time",
        lookup_key=lookup_key,
        nickname=sent.get("nickname"),
        recurring=recurring,
        tax_behavior=sent.get("tax_behavior", "unspecified"),
        unit_amount=amount,
        unit_amount_decimal=exact,
    )


def _amount(sent: dict[str, Any]) -> tuple[int | None, str]:
    """Return the amount in whole smallest units (None if it is a fraction of one) and exactly."""
    unsupported = {"tiers", "tiers_mode", "custom_unit_amount", "currency_options", "transform_quantity"} & sent.keys()
    if unsupported:
        raise StripeError(f"The stand-in has no prices with {', '.join(sorted(unsupported))}.", param=min(unsupported))
    if "unit_amount" not in sent and "unit_amount_decimal" not in sent:
        raise missing_param("unit_amount")
    exact = Decimal(sent.get("unit_amount_decimal", sent.get("unit_amount", 0)))
    if exact < 0:
        raise StripeError(
            "This value must be greater than or equal to 0.", code="parameter_invalid_integer", param="unit_amount"
        )
    return (round_half_up(exact) if exact == exact.to_integral_value() else None), f"{exact.normalize():f}"


def _recurring(world: World, *, sent: dict[str, Any]) -> Object:
    usage_type, meter = sent.get("usage_type", "licensed"), sent.get("meter")
    if usage_type == "metered" and not meter:
        raise StripeError("Metered prices need a meter.", code="parameter_missing", param="recurring[meter]")
    if meter:
        world.get("billing.meter", meter, param="recurring[meter]")
    return {
        "interval": sent["interval"],
        "interval_count": sent.get("interval_count", 1),
        "meter": meter,
        "trial_period_days": sent.get("trial_period_days"),
        "usage_type": usage_type,
    }


def _take_lookup_key(call: Call, *, owner: Object | None = None) -> str | None:
    """Return the lookup key that was sent, taken from the price that has it if that is wanted."""
    key: str | None = call.get("lookup_key")
    if key is None:
        return None
    if len(key) > LOOKUP_KEY_LENGTH_MAX:
        raise StripeError("Invalid string: lookup_key must be at most 200 characters", param="lookup_key")
    for other in call.world.all("price"):
        if other["lookup_key"] == key and other is not owner:
            if not call.get("transfer_lookup_key"):
                message = f"A price (`{other['id']}`) already uses that lookup key."
                raise StripeError(message, param="lookup_key")
            _change_price(call.world, price=other, changes={"lookup_key": None})
    return key


def _change_price(world: World, *, price: Object, changes: dict[str, Any]) -> None:
    """Change a price, also where subscriptions show it."""
    world.update(price, event="price.updated", **changes)
    for subscription in world.all("subscription"):
        for item in subscription["items"]["data"]:
            if item["price"]["id"] == price["id"]:
                item.update(price=dict(price), plan=as_plan(price))
