"""What is for sale in the words of the pages: the pricing page, the billing page and the paywall read it from here."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.billing.catalogue import MONTHS, Catalogue, Limits, Pack, Plan, load_catalogue
from apps.billing.money import format_money

Word = str | Promise
MICROS = 1_000_000

FEATURES: dict[str, Word] = {
    "api": gettext_lazy("API access"),
    "top_up": gettext_lazy("Auto top-up"),
    "overage": gettext_lazy("Overage"),
}


@dataclass(frozen=True)
class PriceTag:
    """What one interval of a plan costs and brings. `offer` is what a form sends to buy it."""

    offer: str
    interval: str
    amount: str
    saved: str
    credits: int


@dataclass(frozen=True)
class PlanOffer:
    """A plan as a card shows it: its prices by interval, and what it allows, in sentences."""

    plan: Plan
    prices: list[PriceTag]
    points: list[str]

    @property
    def monthly(self) -> PriceTag | None:
        """The price of a month, or of the shortest interval that is sold."""
        return next(iter(self.prices), None)


@dataclass(frozen=True)
class PackOffer:
    """A pack as a card shows it. `saved_percent` compares it with the smallest pack, per credit."""

    pack: Pack
    offer: str
    amount: str
    saved_percent: int

    @property
    def credits(self) -> int:
        """The credits that it brings."""
        return self.pack.credits


@dataclass(frozen=True)
class LimitRow:
    """One limit of all plans, side by side."""

    label: str
    values: list[str]


def list_plan_offers(catalogue: Catalogue | None = None) -> list[PlanOffer]:
    """Return all plans in the order of the file, the free one and those by contact too."""
    catalogue = catalogue or load_catalogue()
    return [describe_plan(plan, catalogue=catalogue) for plan in catalogue.plans]


def describe_plan(plan: Plan, *, catalogue: Catalogue | None = None) -> PlanOffer:
    """Return one plan in words."""
    catalogue = catalogue or load_catalogue()
    prices = [_price_tag(plan, interval, catalogue=catalogue) for interval in MONTHS if interval in plan.prices]
    return PlanOffer(plan, prices, list(_points(plan, catalogue=catalogue)))


def list_pack_offers(catalogue: Catalogue | None = None) -> list[PackOffer]:
    """Return all packs, the fewest credits first."""
    catalogue = catalogue or load_catalogue()
    packs = sorted(catalogue.packs, key=lambda pack: pack.credits)
    return [_pack_offer(pack, dearest=packs[0], currency=catalogue.currency) for pack in packs]


def compare_limits(catalogue: Catalogue | None = None) -> list[LimitRow]:
    """Return what each plan allows, one row per limit, in the order of the plans."""
    plans = (catalogue or load_catalogue()).plans
    limits = [plan.limits for plan in plans]
    rows = [
        LimitRow(_("Runs started in a minute"), [_count(limit.requests_per_minute) for limit in limits]),
        LimitRow(_("Runs at the same time"), [_count(limit.concurrent_generations) for limit in limits]),
        LimitRow(_("Runs in a day"), [_count(limit.generations_per_day) for limit in limits]),
        LimitRow(_("Tokens in a month"), [_count(limit.tokens_per_month) for limit in limits]),
        LimitRow(_("Model cost in a day"), [_daily_budget(limit) for limit in limits]),
        LimitRow(_("Models"), [_models(limit) for limit in limits]),
        LimitRow(_("People"), [_count(limit.seats) for limit in limits]),
    ]
    for feature, label in FEATURES.items():
        rows.append(LimitRow(str(label), [_("Yes") if feature in plan.features else "-" for plan in plans]))
    return rows


def _price_tag(plan: Plan, interval: str, *, catalogue: Catalogue) -> PriceTag:
    amount, months = plan.prices[interval], MONTHS[interval]  # type: ignore[index]
    saved = plan.prices.get("month", 0) * months - amount
    return PriceTag(
        offer=f"plan:{plan.slug}:{interval}",
        interval=interval,
        amount=format_money(amount, catalogue.currency),
        saved=format_money(saved, catalogue.currency) if saved > 0 else "",
        credits=plan.credits_per(interval),
    )


def _points(plan: Plan, *, catalogue: Catalogue) -> Iterator[str]:
    limits = plan.limits
    if limits.generations_per_day:
        yield ngettext("%(count)s run a day", "%(count)s runs a day", limits.generations_per_day) % {
            "count": intcomma(limits.generations_per_day)
        }
    if limits.concurrent_generations:
        yield ngettext("%(count)s run at a time", "%(count)s runs at the same time", limits.concurrent_generations) % {
            "count": intcomma(limits.concurrent_generations)
        }
    yield _models(limits)
    if limits.seats:
        yield ngettext("For %(count)s person", "For up to %(count)s people", limits.seats) % {
            "count": intcomma(limits.seats)
        }
    if "api" in plan.features:
        yield str(FEATURES["api"])
    if "top_up" in plan.features:
        yield _("Auto top-up, if you want it")
    if plan.overage:
        yield _("Goes on when credits run out: %(price)s for each %(credits)s, up to a cap that you set") % {
            "price": format_money(plan.overage.price, catalogue.currency),
            "credits": intcomma(plan.overage.credits),
        }


def _pack_offer(pack: Pack, *, dearest: Pack, currency: str) -> PackOffer:
    share = Decimal(pack.price * dearest.credits) / Decimal(dearest.price * pack.credits)
    return PackOffer(
        pack=pack,
        offer=f"pack:{pack.slug}",
        amount=format_money(pack.price, currency),
        saved_percent=max(0, int((1 - share) * 100)),
    )


def _models(limits: Limits) -> str:
    if "*" in limits.models:
        return _("Every model")
    return capfirst(", ".join(limits.models))


def _count(count: int | None) -> str:
    return _("No limit") if count is None else intcomma(count)


def _daily_budget(limits: Limits) -> str:
    if limits.daily_budget_usd_micros is None:
        return _("No limit")
    return format_money(limits.daily_budget_usd_micros * 100 // MICROS, "usd")
