"""The limits of a plan in words: how refusals and pages name them and their numbers."""

from collections.abc import Callable

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.billing.money import format_money

USD_MICROS_PER_CENT = 10_000

# What customers see of their limits.
LABELS: dict[str, str | Promise] = {
    "concurrent_generations": gettext_lazy("Generations at the same time"),
    "generations_per_day": gettext_lazy("Generations today"),
    "tokens_per_month": gettext_lazy("Tokens this month"),
}


def describe_allowance(limit_name: str, limit: int) -> str:
    """Return what a limit allows, for example "50 generations a day"."""
    return _ALLOWANCES[limit_name](limit) % {"number": format_allowance(limit_name, limit)}


def format_allowance(limit_name: str, number: int) -> str:
    """Return a number of a limit as people read it: with separators, and money as money."""
    if limit_name == "daily_budget_usd_micros":
        return format_money(-(-number // USD_MICROS_PER_CENT), "usd")
    return str(number_format(number, force_grouping=True))


_ALLOWANCES: dict[str, Callable[[int], str]] = {
    "requests_per_minute": lambda limit: ngettext(
        "%(number)s new generation a minute", "%(number)s new generations a minute", limit
    ),
    "concurrent_generations": lambda limit: ngettext(
        "%(number)s generation at a time", "%(number)s generations at the same time", limit
    ),
    "generations_per_day": lambda limit: ngettext("%(number)s generation a day", "%(number)s generations a day", limit),
    "tokens_per_month": lambda limit: ngettext("%(number)s token a month", "%(number)s tokens a month", limit),
    "daily_budget_usd_micros": lambda _limit: _("models worth %(number)s a day"),
}
