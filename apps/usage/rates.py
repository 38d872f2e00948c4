"""The catalogue of dated rates: what a model's tokens are sold for, and what its provider charges for them."""

from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError

CATALOGUE_PATH = Path(__file__).with_name("rates.yaml")
TOKEN_KINDS = ("input", "cached_input", "output")
# Far above any real rate, and low enough that a record's bigint columns hold any count of tokens that exists.
RATE_MAX = 1_000_000_000


class UnratedModelError(DomainError):
    """No rate is in effect for a model: it may not be used, since nobody could say what it costs."""

    code = "model_without_rate"
    status = 422
    sentence = _("This model has no price yet, so it cannot be used. Choose another one.")


class InvalidCatalogueError(ImproperlyConfigured):
    """The catalogue of rates is broken; the message names the model."""


@dataclass(frozen=True)
class Rate:
    """A model's rate from one day (UTC) on, per million tokens: whole credits, and cost in USD micros."""

    model: str
    effective_from: date
    input_credits: int
    cached_input_credits: int
    output_credits: int
    input_cost_usd_micros: int
    cached_input_cost_usd_micros: int
    output_cost_usd_micros: int


class Catalogue:
    """Rates by model name or pattern."""

    def __init__(self, rates: dict[str, list[Rate]]) -> None:
        # Newest first, because the newest that has begun is in effect.
        self._rates = {
            model: sorted(rates[model], key=lambda rate: rate.effective_from, reverse=True)
            for model in sorted(rates, key=_specificity, reverse=True)
        }

    def find(self, *, model: str, on: date) -> Rate:
        """Return the most specific rate in effect for a model on a day. Raises UnratedModelError."""
        for pattern, rates in self._rates.items():
            if pattern == model or fnmatchcase(model, pattern):
                for rate in rates:
                    if rate.effective_from <= on:
                        return rate
        raise UnratedModelError


def find_rate(*, model: str, on: date) -> Rate:
    """Return the rate in effect for a model on a day (UTC). Raises UnratedModelError."""
    return load_catalogue().find(model=model, on=on)


@cache
def load_catalogue() -> Catalogue:
    """Return the checked-in catalogue, parsed once. Raises InvalidCatalogueError; called when the process starts."""
    return parse_catalogue(CATALOGUE_PATH.read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> Catalogue:
    """Read and validate a catalogue. Raises InvalidCatalogueError with the name of the broken model."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidCatalogueError(f"The catalogue of rates is no YAML: {error}") from error
    _require_keys(document, {"models"}, "the catalogue")
    rates: dict[str, list[Rate]] = {}
    for entry in _list_of(document["models"], "the catalogue"):
        model = _model_name(entry)
        _require(model not in rates, model, "is listed twice")
        rates[model] = [_rate(model, rate) for rate in _list_of(entry["rates"], model)]
        for earlier, later in pairwise(rates[model]):
            ascending = earlier.effective_from < later.effective_from
            _require(ascending, model, f"has rates that overlap or are out of order at {later.effective_from}")
    return Catalogue(rates)


def _specificity(model: str) -> tuple[bool, int]:
    wildcards = sum(model.count(character) for character in "*?[")
    return wildcards == 0, len(model) - wildcards


def _model_name(entry: Any) -> str:
    model = entry.get("model") if isinstance(entry, dict) else None
    if not isinstance(model, str) or not model or model != model.strip():
        raise InvalidCatalogueError(f"rates.yaml: {model!r} is no name of a model.")
    _require_keys(entry, {"model", "rates"}, model)
    return model


def _rate(model: str, entry: Any) -> Rate:
    _require_keys(entry, {"effective_from", "credits_per_million", "cost_usd_micros_per_million"}, model)
    effective_from = entry["effective_from"]
    # A datetime is a date to Python.
    is_day = isinstance(effective_from, date) and not isinstance(effective_from, datetime)
    _require(is_day, model, f"has {effective_from!r} where a day belongs")
    credits = _numbers(entry["credits_per_million"], model)
    cost = _numbers(entry["cost_usd_micros_per_million"], model)
    return Rate(model, effective_from, *credits, *cost)


def _numbers(entry: Any, model: str) -> tuple[int, int, int]:
    _require_keys(entry, set(TOKEN_KINDS), model)
    for kind in TOKEN_KINDS:
        # A bool is an int to Python.
        whole = type(entry[kind]) is int and 0 <= entry[kind] <= RATE_MAX
        _require(whole, model, f"has {entry[kind]!r} where a whole number up to {RATE_MAX} belongs")
    # Holds are estimated without knowing what will be cached: the cache may never make an answer dearer.
    _require(entry["cached_input"] <= entry["input"], model, "has cached input that is dearer than input")
    return entry["input"], entry["cached_input"], entry["output"]


def _list_of(value: Any, model: str) -> list[Any]:
    _require(isinstance(value, list) and value != [], model, "has no list where one belongs")
    return list(value)


def _require_keys(entry: Any, keys: set[str], model: str) -> None:
    found = set(entry) if isinstance(entry, dict) else None
    _require(found == keys, model, f"needs exactly {', '.join(sorted(keys))}")


def _require(condition: bool, model: str, complaint: str) -> None:
    if not condition:
        raise InvalidCatalogueError(f"rates.yaml: {model} {complaint}.")
