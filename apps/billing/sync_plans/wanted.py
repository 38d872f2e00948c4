"""The catalogue in Stripe's words: which products and prices there should be, under which names."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ImproperlyConfigured

from apps.billing.catalogue import Catalogue, Overage, Plan

METER_EVENT_NAME = "overage_credits"
PLAN_PREFIX, PACK_PREFIX, OVERAGE_PREFIX = "plan_", "pack_", "overage_"
# Stripe's own limit for an amount of a price.
DECIMALS_MAX = 12


class UnsellableOverageError(ImproperlyConfigured):
    """The price of one credit beyond the balance is no number that Stripe takes."""


@dataclass(frozen=True)
class Product:
    """A product that Stripe should have, by an id of our own."""

    id: str
    name: str
    description: str
    metadata: dict[str, str]
    unit_label: str = ""


@dataclass(frozen=True)
class Price:
    """A price that Stripe should have under its lookup key; `amount` is minor units, perhaps a part of one."""

    lookup_key: str
    product_id: str
    amount: Decimal
    currency: str
    metadata: dict[str, str]
    interval: str | None = None
    is_metered: bool = False


def list_products(catalogue: Catalogue) -> Iterator[Product]:
    """Return the products of what is for sale, plans first."""
    for plan in catalogue.list_sold_plans():
        yield Product(f"{PLAN_PREFIX}{plan.slug}", plan.name, plan.summary, {"plan": plan.slug})
        if plan.overage:
            name = f"{plan.name}: credits beyond the balance"
            yield Product(f"{OVERAGE_PREFIX}{plan.slug}", name, "", {"overage": plan.slug}, unit_label="credit")
    for pack in catalogue.packs:
        yield Product(f"{PACK_PREFIX}{pack.slug}", pack.name, "", {"pack": pack.slug})


def list_prices(catalogue: Catalogue) -> Iterator[Price]:
    """Return the prices of what is for sale, plans first. Raises UnsellableOverageError."""
    for plan in catalogue.list_sold_plans():
        yield from _plan_prices(plan, currency=catalogue.currency)
    for pack in catalogue.packs:
        name = f"{PACK_PREFIX}{pack.slug}"
        sold = {"pack": pack.slug, "credits": str(pack.credits)}
        yield Price(name, name, Decimal(pack.price), catalogue.currency, sold)


def is_ours(product_id: str, *, metadata: dict[str, str]) -> bool:
    """Tell whether a product of Stripe's was made from the catalogue, as it is or as it was."""
    prefixes = {"plan": PLAN_PREFIX, "pack": PACK_PREFIX, "overage": OVERAGE_PREFIX}
    return any(product_id == f"{prefix}{metadata.get(name)}" for name, prefix in prefixes.items())


def _plan_prices(plan: Plan, *, currency: str) -> Iterator[Price]:
    product_id = f"{PLAN_PREFIX}{plan.slug}"
    for interval, amount in plan.prices.items():
        sold = {"plan": plan.slug, "credits": str(plan.credits_per(interval))}
        yield Price(f"{product_id}_{interval}", product_id, Decimal(amount), currency, sold, interval)
    if plan.overage:
        name, amount_each = f"{OVERAGE_PREFIX}{plan.slug}", _price_of_one_credit(plan.overage, plan=plan)
        yield Price(name, name, amount_each, currency, {"overage": plan.slug}, "month", is_metered=True)


def _price_of_one_credit(overage: Overage, *, plan: Plan) -> Decimal:
    """Return what Stripe multiplies with the metered credits; whole blocks are reported, so the sum is whole again."""
    each = Decimal(overage.price) / overage.credits
    if each * overage.credits != overage.price or -int(each.normalize().as_tuple().exponent) > DECIMALS_MAX:
        raise UnsellableOverageError(
            f"plans.yaml: {plan.slug}.overage: {overage.price} / {overage.credits} has no end. Sell credits in blocks"
            " of 10, 100 or 1000, so that one credit has a price."
        )
    return each
