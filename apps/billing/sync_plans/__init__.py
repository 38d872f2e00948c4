"""Make Stripe's products and prices what plans.yaml says: compare, and create, change or archive what differs.

Products have ids of our own, prices are found by their lookup key. A price of Stripe's never changes: one with another
amount or other credits is replaced by a new price, which takes over the lookup key, and archived. Who has subscribed
to the old one keeps it. Safe to repeat, also after it was cut off half way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from apps.billing import stripe_client
from apps.billing.catalogue import Catalogue, load_catalogue
from apps.billing.sync_plans import portal_configuration, wanted
from apps.core.errors import DomainError

Found = dict[str, Any]
PAGE = {"limit": 100}
PORTAL_CACHE_KEY = "billing.portal_configuration"
PORTAL_CACHED_SECONDS = 300


class CurrencyChangedError(DomainError):
    """Stripe keeps each customer in the currency of their first purchase, so the catalogue cannot change it."""

    code = "currency_changed"
    status = 409
    sentence = _(
        "plans.yaml sells in %(ours)s, but Stripe has prices in %(theirs)s. Customers cannot change their currency:"
        " use another Stripe account for the new one, or archive the old prices there first."
    )


class LiveKeyError(DomainError):
    """The key moves real money, and that was not asked for."""

    code = "live_key"
    status = 409
    sentence = _("STRIPE_SECRET_KEY is a live key. Add --live if customers should be offered this from now on.")


@dataclass(frozen=True)
class Change:
    """One thing in which Stripe differs from the catalogue, and what is done about it."""

    verb: str
    kind: str
    name: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.verb:<8} {self.kind:<8} {self.name:<24} {self.detail}".rstrip()


def sync_plans(*, apply: bool, live: bool = False, catalogue: Catalogue | None = None) -> list[Change]:
    """Return what has to change at Stripe, in order, and do it if `apply`.

    Raises LiveKeyError, CurrencyChangedError, UnsellableOverageError or what `stripe_client.ask` does.
    """
    if stripe_client.is_live() and not live:
        raise LiveKeyError
    sync = _Sync(catalogue=catalogue or load_catalogue(), apply=apply)
    sync.run()
    return sync.changes


def find_portal_configuration() -> str | None:
    """Return the id of our portal configuration, known for minutes; None before the first sync: Stripe's default holds.

    Raises StripeUnavailableError or StripeRefusedError.
    """
    known: str | None = cache.get(PORTAL_CACHE_KEY)
    if known is None:
        found = portal_configuration.fetch()
        known = str(found["id"]) if found else None
        cache.set(PORTAL_CACHE_KEY, known, PORTAL_CACHED_SECONDS)
    return known


def find_meter() -> Found | None:
    """Return Stripe's active meter of credits beyond the balance."""
    meters = _walk(lambda v1: v1.billing.meters.list({"status": "active", **PAGE}))
    return next((meter for meter in meters if meter["event_name"] == wanted.METER_EVENT_NAME), None)


@dataclass
class _Sync:
    catalogue: Catalogue
    apply: bool
    changes: list[Change] = field(default_factory=list)

    def run(self) -> None:
        """Compare and change in the order in which things need each other; archive what is left over last."""
        wanted_products = {product.id: product for product in wanted.list_products(self.catalogue)}
        products = {
            each["id"]: each
            for each in _walk(lambda v1: v1.products.list(PAGE))
            if each["id"] in wanted_products or wanted.is_ours(each["id"], metadata=each["metadata"])
        }
        prices = [each for each in _walk(lambda v1: v1.prices.list(PAGE)) if each["product"] in products]
        self._require_same_currency(prices)
        for product_id, product in wanted_products.items():
            self._sync_product(product, products.get(product_id))
        meter_id = self._sync_meter()
        kept = {
            price.lookup_key: self._sync_price(price, prices=prices, meter_id=meter_id)
            for price in wanted.list_prices(self.catalogue)
        }
        self._sync_portal(kept)
        self._archive_prices(prices, kept=set(kept.values()))
        self._archive_products(products, kept=set(wanted_products))

    def _require_same_currency(self, prices: list[Found]) -> None:
        others = {each["currency"] for each in prices if each["active"]} - {self.catalogue.currency}
        if others:
            names = {"ours": self.catalogue.currency, "theirs": ", ".join(sorted(others))}
            raise CurrencyChangedError(str(CurrencyChangedError.sentence) % names)

    def _sync_product(self, product: wanted.Product, found: Found | None) -> None:
        values = {"name": product.name, "metadata": product.metadata, "active": True}
        optional = {"description": product.description, "unit_label": product.unit_label}
        if found is None:
            given = values | {name: value for name, value in optional.items() if value}
            self._change(
                Change("create", "product", product.id, product.name),
                lambda v1: v1.products.create({"id": product.id, **given}),
            )
            return
        changed = [name for name, value in values.items() if found[name] != value]
        changed += [name for name, value in optional.items() if (found[name] or "") != value]
        if changed:
            self._change(
                Change("change", "product", product.id, ", ".join(changed)),
                lambda v1: v1.products.update(product.id, {name: (values | optional)[name] for name in changed}),
            )

    def _sync_meter(self) -> str | None:
        """Return the id of the meter of overage; None where none is needed, or it would only be made."""
        if not any(plan.overage for plan in self.catalogue.list_sold_plans()):
            return None
        meter = find_meter()
        if meter is not None:
            return str(meter["id"])
        made = self._change(
            Change("create", "meter", wanted.METER_EVENT_NAME),
            lambda v1: v1.billing.meters.create(
                {
                    "display_name": "Credits beyond the balance",
                    "event_name": wanted.METER_EVENT_NAME,
                    "default_aggregation": {"formula": "sum"},
                    "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
                    "value_settings": {"event_payload_key": "value"},
                }
            ),
        )
        return str(made["id"]) if made else None

    def _sync_price(self, price: wanted.Price, *, prices: list[Found], meter_id: str | None) -> str:
        """Return the id of the price that a lookup key leads to; a made-up one where it would only be made."""
        found = next((each for each in prices if each["lookup_key"] == price.lookup_key), None)
        if found is None or not _is_same(found, price, meter_id=meter_id):
            return self._make_price(price, found=found, meter_id=meter_id)
        price_id = str(found["id"])
        if not found["active"] or found["metadata"] != price.metadata:
            self._change(
                Change("change", "price", price.lookup_key, "sold again" if not found["active"] else "metadata"),
                lambda v1: v1.prices.update(price_id, {"active": True, "metadata": price.metadata}),
            )
        return price_id

    def _make_price(self, price: wanted.Price, *, found: Found | None, meter_id: str | None) -> str:
        recurring: dict[str, Any] = {"interval": price.interval} if price.interval else {}
        if price.is_metered:
            recurring |= {"usage_type": "metered", "meter": meter_id}
        given: dict[str, Any] = {
            "product": price.product_id,
            "currency": price.currency,
            "unit_amount_decimal": price.amount,
            "lookup_key": price.lookup_key,
            "transfer_lookup_key": True,
            "metadata": price.metadata,
        }
        was = f" (was {_describe(found)})" if found else ""
        made = self._change(
            Change("replace" if found else "create", "price", price.lookup_key, f"{_describe_wanted(price)}{was}"),
            lambda v1: v1.prices.create(given | ({"recurring": recurring} if recurring else {})),
        )
        if self.apply:
            stripe_client.forget_price(price.lookup_key)
        return str(made["id"]) if made else f"new:{price.lookup_key}"

    def _sync_portal(self, kept: dict[str, str]) -> None:
        """Let customers change between the sold plans themselves."""
        sold = [
            {
                "product": f"{wanted.PLAN_PREFIX}{plan.slug}",
                "prices": [kept[f"{wanted.PLAN_PREFIX}{plan.slug}_{interval}"] for interval in plan.prices],
            }
            for plan in self.catalogue.list_sold_plans()
        ]
        found = portal_configuration.fetch()
        if found is None:
            self._change(Change("create", "portal", "configuration"), portal_configuration.creation(sold))
        elif portal_configuration.differs(found, sold=sold):
            self._change(Change("change", "portal", "configuration"), portal_configuration.change(found, sold=sold))
        if self.apply:
            cache.delete(PORTAL_CACHE_KEY)

    def _archive_prices(self, prices: list[Found], *, kept: set[str]) -> None:
        for price in prices:
            if price["active"] and price["id"] not in kept:
                price_id, name = price["id"], price["lookup_key"] or price["product"]
                self._change(
                    Change("archive", "price", name, f"{_describe(price)} ({price_id})"),
                    lambda v1, price_id=price_id: v1.prices.update(price_id, {"active": False}),
                )

    def _archive_products(self, products: dict[str, Found], *, kept: set[str]) -> None:
        for product_id, product in products.items():
            if product["active"] and product_id not in kept:
                self._change(
                    Change("archive", "product", product_id, product["name"]),
                    lambda v1, product_id=product_id: v1.products.update(product_id, {"active": False}),
                )

    def _change(self, change: Change, call: Callable[..., Any]) -> Found | None:
        """Note a change, and make it if that is wanted."""
        self.changes.append(change)
        return stripe_client.ask(call) if self.apply else None


def _walk(call: Callable[[Any], Any]) -> Iterator[Found]:
    return stripe_client.walk(call)


def _is_same(found: Found, price: wanted.Price, *, meter_id: str | None) -> bool:
    """Tell whether a price sells the same for the same; what may change without a new price is not looked at."""
    recurring = found["recurring"] or {}
    return (
        found["product"] == price.product_id
        and found["currency"] == price.currency
        and Decimal(found["unit_amount_decimal"] or 0) == price.amount
        and found["metadata"].get("credits") == price.metadata.get("credits")
        and recurring.get("interval") == price.interval
        and (recurring.get("usage_type") == "metered") == price.is_metered
        and (not price.is_metered or recurring.get("meter") == meter_id)
    )


def _describe_wanted(price: wanted.Price) -> str:
    return _words(price.amount, price.currency, price.interval, price.metadata.get("credits"))


def _describe(found: Found) -> str:
    interval = (found["recurring"] or {}).get("interval")
    return _words(
        Decimal(found["unit_amount_decimal"] or 0), found["currency"], interval, found["metadata"].get("credits")
    )


def _words(amount: Decimal, currency: str, interval: str | None, credits: str | None) -> str:
    """Return minor units as they are: what is printed is what is sent."""
    each = f"{amount.normalize():f} {currency}" + (f" a {interval}" if interval else "")
    return f"{each} for {credits} credits" if credits else f"{each} a credit"
