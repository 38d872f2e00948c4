"""What is for sale: plans and packs as plans.yaml lists them, read once and checked before the process starts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from apps.core.errors import DomainError

CATALOGUE_PATH = Path(__file__).with_name("plans.yaml")
FREE = "free"
MONTHS = {"month": 1, "year": 12}

Interval = Literal["month", "year"]
Feature = Literal["api", "top_up", "overage"]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Count = Annotated[int, Field(ge=1, le=10**15)]
# Stripe's own limit is eight digits.
Money = Annotated[int, Field(ge=1, le=99_999_999)]


class UnknownOfferError(DomainError):
    """There is no such plan, interval or pack for sale."""

    code = "unknown_offer"
    status = 422
    sentence = _("This offer is not available any more. Choose another one.")


class InvalidPlansError(ImproperlyConfigured):
    """The catalogue of plans is broken; the message names the place."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Limits(_Part):
    """What a plan allows; None is no limit. Days and months are UTC's."""

    requests_per_minute: Count | None = None
    concurrent_generations: Count | None = None
    generations_per_day: Count | None = None
    tokens_per_month: Count | None = None
    daily_budget_usd_micros: Count | None = None
    seats: Count | None = None
    models: list[str] = ["*"]

    def allows_model(self, model: str) -> bool:
        """Tell whether a model may be used."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)


class Trial(_Part):
    """The first days of a first subscription: no money, and some credits."""

    days: Annotated[int, Field(ge=1, le=730)]
    credits: Count


class Overage(_Part):
    """What credits beyond the balance cost: `price` minor units for each `credits`, begun ones counted whole."""

    credits: Count
    price: Money


class Plan(_Part):
    """An offer: what it costs in minor units by interval, the credits of a month, and what it allows."""

    slug: Slug
    name: str
    summary: str = ""
    is_highlighted: bool = False
    is_by_contact: bool = False
    prices: dict[Interval, Money] = {}
    monthly_credits: Annotated[int, Field(ge=0, le=10**12)] = 0
    monthly_allowance_credits: Annotated[int, Field(ge=0, le=10**12)] = 0
    trial: Trial | None = None
    overage: Overage | None = None
    limits: Limits = Limits()
    features: list[Feature] = []

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.prices and not self.monthly_credits:
            raise ValueError("a plan with a price needs monthly_credits")
        if ("overage" in self.features) and not (self.overage or self.is_by_contact):
            raise ValueError("the feature overage needs its price")
        return self

    def credits_per(self, interval: str) -> int:
        """Return the credits that one paid interval brings."""
        return self.monthly_credits * MONTHS[interval]


class Pack(_Part):
    """Credits bought once."""

    slug: Slug
    name: str
    price: Money
    credits: Count


class Rules(_Part):
    """How long credits last, and how long an overdue plan goes on."""

    plan_credits_rollover_days: Annotated[int, Field(ge=0, le=3650)] | None
    pack_credits_days: Annotated[int, Field(ge=1, le=3650)] | None
    grace_days: Annotated[int, Field(ge=0, le=90)]

    def plan_credits_expire_at(self, *, period_end: datetime) -> datetime | None:
        """Return when credits of a period expire; None is never."""
        days = self.plan_credits_rollover_days
        return None if days is None else period_end + timedelta(days=days)

    def pack_credits_expire_at(self, *, bought_at: datetime) -> datetime | None:
        """Return when credits of a pack expire; None is never."""
        return None if self.pack_credits_days is None else bought_at + timedelta(days=self.pack_credits_days)


class Catalogue(_Part):
    """Everything for sale, in one currency."""

    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")]
    rules: Rules
    plans: list[Plan]
    packs: list[Pack] = []

    @model_validator(mode="after")
    def _has_no_doubles(self) -> Self:
        for offers in (self.plans, self.packs):
            slugs = [offer.slug for offer in offers]
            if len(set(slugs)) < len(slugs):
                raise ValueError("two offers have the same slug")
        if FREE not in {plan.slug for plan in self.plans}:
            raise ValueError(f"the plan {FREE!r} is what holds without any other: it must be there")
        return self

    def find_plan(self, slug: str) -> Plan | None:
        """Return a plan, also one that is by contact only; None if there is none of that name."""
        return next((plan for plan in self.plans if plan.slug == slug), None)

    def get_free_plan(self) -> Plan:
        """Return the plan that holds without any other."""
        return next(plan for plan in self.plans if plan.slug == FREE)

    def get_pack(self, slug: str) -> Pack:
        """Return a pack. Raises UnknownOfferError."""
        for pack in self.packs:
            if pack.slug == slug:
                return pack
        raise UnknownOfferError

    def get_sold_plan(self, slug: str, *, interval: str) -> Plan:
        """Return a plan that is sold at an interval. Raises UnknownOfferError."""
        plan = self.find_plan(slug)
        if plan is None or interval not in plan.prices:
            raise UnknownOfferError
        return plan

    def list_sold_plans(self) -> Iterator[Plan]:
        """Return the plans that have a price, in the order of the file."""
        return (plan for plan in self.plans if plan.prices)


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue (plans.yaml, or PLANS_FILE), parsed once. Raises InvalidPlansError; called at the start."""
    return parse_catalogue(Path(settings.PLANS_FILE or CATALOGUE_PATH).read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> Catalogue:
    """Read and validate a catalogue. Raises InvalidPlansError with the place that is wrong."""
    try:
        return Catalogue.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise InvalidPlansError(f"plans.yaml is no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InvalidPlansError(f"plans.yaml: {place}: {first['msg']}.") from error
