"""Objects as the pinned API version shows them: the library's annotations say which keys there are."""

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

import stripe
from stripe import StripeObject

Object = dict[str, Any]

API_VERSION = stripe.api_version


def _all_but(cls: type[StripeObject], *shown: str) -> frozenset[str]:
    """Return the keys of a class that has one for each kind of payment, of which an object shows its own."""
    return frozenset(cls.__annotations__) - set(shown)


# Shown by Stripe only where it is asked for by `expand`, or where the object is of that kind.
ON_DEMAND: dict[type[StripeObject], frozenset[str]] = {
    stripe.Customer: frozenset(
        {"sources", "subscriptions", "tax_ids", "cash_balance", "tax", "invoice_credit_balance"}
    ),
    stripe.Charge: frozenset({"refunds"}),
    stripe.Charge.PaymentMethodDetails: _all_but(stripe.Charge.PaymentMethodDetails, "type"),
    stripe.checkout.Session: frozenset({"line_items"}),
    stripe.Price: frozenset({"tiers", "currency_options"}),
    stripe.Coupon: frozenset({"applies_to", "currency_options"}),
    stripe.Dispute.PaymentMethodDetails: _all_but(stripe.Dispute.PaymentMethodDetails, "type"),
    stripe.Event: frozenset({"account", "context"}),
    stripe.Event.Data: frozenset({"previous_attributes"}),
    stripe.Invoice: frozenset({"payments", "confirmation_secret"}),
    stripe.PaymentIntent.LastPaymentError: _all_but(stripe.PaymentIntent.LastPaymentError, "type"),
    stripe.PaymentIntent.NextAction: _all_but(stripe.PaymentIntent.NextAction, "type"),
    stripe.PaymentMethod: _all_but(stripe.PaymentMethod, "allow_redisplay", "customer", "customer_account", "metadata"),
    stripe.Refund.DestinationDetails: _all_but(stripe.Refund.DestinationDetails, "type"),
}


def build(cls: type[StripeObject], **values: Any) -> Object:
    """Return an object of this class with every key that Stripe shows; what is not given is null.

    Raises TypeError for a key that the class does not have, and for a required one that is missing.
    """
    if name := getattr(cls, "OBJECT_NAME", None):
        values.setdefault("object", name)
    if "livemode" in cls.__annotations__:
        values.setdefault("livemode", False)
    required, nullable = _keys(cls)  # type: ignore[arg-type]
    unknown, missing = values.keys() - required - nullable, required - values.keys()
    if unknown or missing:
        raise TypeError(f"{cls.__qualname__}: unknown {sorted(unknown)}, missing {sorted(missing)}")
    # The library cannot read null where it expects entries by name, such as amounts by currency.
    by_name = set(getattr(cls, "_inner_class_dicts", ()))
    on_demand = ON_DEMAND.get(cls, frozenset()) | {"deleted"} | by_name
    filled = dict.fromkeys(sorted(nullable - on_demand)) | values
    inner: Mapping[str, type[StripeObject]] = getattr(cls, "_inner_class_types", {})
    return {name: _build_inner(value, cls=inner.get(name)) for name, value in filled.items()}


def listing(data: list[Object], *, url: str, has_more: bool = False) -> Object:
    """Return a page of a list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


@cache
def _keys(cls: type[StripeObject]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the required and the nullable keys."""
    annotations = {name: hint for name, hint in cls.__annotations__.items() if name != "OBJECT_NAME"}
    nullable = {name for name, hint in annotations.items() if type(None) in get_args(hint)}
    return frozenset(annotations.keys() - nullable), frozenset(nullable)


def _build_inner(value: Any, *, cls: type[StripeObject] | None) -> Any:
    if cls is None:
        return value
    if isinstance(value, dict):
        return build(cls, **value)
    if isinstance(value, list):
        return [_build_inner(item, cls=cls) for item in value]
    return value
