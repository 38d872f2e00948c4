"""What lines cost together: discounts first, then tax, the same for a checkout page and an invoice."""

from dataclasses import dataclass, field

from dev.stripe_server import money
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World


@dataclass(frozen=True)
class Part:
    """What happens to one line: discounts by their id, and the tax on what is left."""

    amount: int
    discounts: dict[str, int] = field(default_factory=dict)
    tax: int = 0

    @property
    def discount(self) -> int:
        """The discounts together."""
        return sum(self.discounts.values())

    @property
    def total(self) -> int:
        """What the line costs in the end."""
        return self.amount - self.discount + self.tax


def split(amounts: list[int], *, coupons: dict[str, Object], is_taxed: bool) -> list[Part]:
    """Return a part for each amount; `coupons` are those of the discounts, by the discount's id."""
    left, by_line = list(amounts), [dict[str, int]() for _amount in amounts]
    for discount_id, coupon in coupons.items():
        for number, off in enumerate(_reduction(left, coupon=coupon)):
            if off:
                by_line[number][discount_id] = off
                left[number] -= off
    taxes = [money.tax_on(each) if is_taxed else 0 for each in left]
    return [Part(amount, discounts, tax) for amount, discounts, tax in zip(amounts, by_line, taxes, strict=True)]


def coupons_of(world: World, *, discount_ids: list[str]) -> dict[str, Object]:
    """Return the coupons of these discounts."""
    return {each: world.get("coupon", world.get("discount", each)["source"]["coupon"]) for each in discount_ids}


def _reduction(amounts: list[int], *, coupon: Object) -> list[int]:
    """Return what a coupon takes off each amount: a percentage of all, or a sum spread over what is positive."""
    if coupon["percent_off"] is not None:
        # Percentages have two places at most.
        return [money.share(amount, part=round(coupon["percent_off"] * 100), whole=10_000) for amount in amounts]
    positive = [max(0, amount) for amount in amounts]
    whole = sum(positive)
    off = min(coupon["amount_off"], whole)
    shares = [amount * off // whole if whole else 0 for amount in positive]
    for number, amount in enumerate(positive):
        if sum(shares) < off:
            shares[number] += min(off - sum(shares), amount - shares[number])
    return shares
