"""What an invoice is made of, before discounts and tax."""

from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

import stripe

from dev.stripe_server import money
from dev.stripe_server.resources import meters
from dev.stripe_server.shapes import Object, build
from dev.stripe_server.totals import Part
from dev.stripe_server.world import World, new_id


@dataclass(frozen=True)
class Line:
    """One line. With a meter, quantity and amount are its usage from `start` until before `end`."""

    amount: int
    currency: str
    description: str
    start: int
    end: int
    price: str
    product: str
    unit_amount_decimal: str
    quantity: int | None = 1
    subscription: str | None = None
    subscription_item: str | None = None
    invoice_item: str | None = None
    is_proration: bool = False
    meter: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what `read_line` reads."""
        return asdict(self)

    def count_usage(self, world: World, *, customer: str) -> "Line":
        """Return the line with the usage that has been reported until now."""
        if self.meter is None:
            return self
        meter = world.get(meters.KIND, self.meter)
        used = meters.usage(world, meter=meter, customer=customer, start=self.start, end=self.end)
        amount = money.round_half_up(used * Decimal(self.unit_amount_decimal))
        return replace(self, quantity=int(used), amount=amount)

    def show(self, *, invoice: str, part: Part, is_taxed: bool) -> Object:
        """Return the line as an invoice shows it."""
        off = [{"amount": amount, "discount": each} for each, amount in part.discounts.items()]
        tax: Object = {"tax_behavior": "exclusive", "taxability_reason": "standard_rated", "type": "tax_rate_details"}
        tax |= {"tax_rate_details": {"tax_rate": "txr_standin"}, "taxable_amount": part.amount - part.discount}
        details = {"price": self.price, "product": self.product}
        return build(
            stripe.InvoiceLineItem,
            id=new_id("il_"),
            amount=self.amount,
            currency=self.currency,
            description=self.description,
            discountable=not self.is_proration,
            discounts=[],
            discount_amounts=off,
            invoice=invoice,
            metadata={},
            parent=self._parent(),
            period={"start": self.start, "end": self.end},
            pretax_credit_amounts=[],
            pricing={
                "type": "price_details",
                "price_details": details,
                "unit_amount_decimal": self.unit_amount_decimal,
            },
            quantity=self.quantity,
            subscription=self.subscription,
            subtotal=self.amount,
            taxes=[{**tax, "amount": part.tax}] if is_taxed else [],
        )

    def _parent(self) -> Object:
        details: Object
        if self.subscription_item is None:
            details = {"invoice_item": self.invoice_item or new_id("ii_"), "proration": self.is_proration}
            return {"type": "invoice_item_details", "invoice_item_details": details}
        details = {"invoice_item": self.invoice_item, "proration": self.is_proration}
        details |= {"subscription": self.subscription, "subscription_item": self.subscription_item}
        return {"type": "subscription_item_details", "subscription_item_details": details}


def read_line(value: dict[str, Any]) -> Line:
    """Return a line that `as_json` wrote."""
    return Line(**value)


def line_of_price(price: Object, *, quantity: int, description: str, start: int, end: int, **more: Any) -> Line:
    """Return the line for so many of a price."""
    return Line(
        amount=money.round_half_up(Decimal(price["unit_amount_decimal"]) * quantity),
        currency=price["currency"],
        description=description,
        start=start,
        end=end,
        price=price["id"],
        product=price["product"],
        unit_amount_decimal=price["unit_amount_decimal"],
        quantity=quantity,
        **more,
    )
