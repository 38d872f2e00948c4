"""What each figure of the cost pages means, in words: the one place where that is said."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Figure(NamedTuple):
    """A column of the cost pages: its name in code, its heading, and its definition."""

    name: str
    label: str | Promise
    definition: str | Promise


TOKENS = Figure(
    "tokens",
    _("Tokens"),
    _("Input and output tokens of every call of a provider, failed ones too, counted on the day (UTC) it was settled."),
)
COST = Figure(
    "cost_usd_micros",
    _("Cost"),
    _("What the provider charges for these tokens by the rate of that day: the sum of the cost of all attempts."),
)
REVENUE = Figure(
    "revenue_usd_micros",
    _("Revenue"),
    _(
        "Payments in US dollars that came in during the month, less what was refunded or is disputed of them, whenever "
        "that was. For a user: of the workspaces that they own now, with two owners counted for both."
    ),
)
MARGIN = Figure("margin_usd_micros", _("Margin"), _("Revenue less cost."))
FAILED = Figure(
    "failed_cost_usd_micros",
    _("Failed"),
    _("Cost of runs that failed or were stopped, and for which nothing was charged. Part of the cost."),
)
FREE = Figure(
    "free_cost_usd_micros",
    _("Free"),
    _(
        "Cost of what was paid with credits that nobody had bought: sign-up credits, allowances, trials, promotions, "
        "gifts. The ledger spends what expires first; of a run paid with both kinds, the share of its credits counts. "
        "Credits that came back count as bought. Part of the cost."
    ),
)
CHARGED = Figure("charged_credits", _("Credits"), _("Credits that were captured for this usage."))
RECORDS = Figure("records", _("Calls"), _("Calls of a provider, and answers given again out of the cache."))

# The tables of customers, sorted by any of these; the tables of models and templates.
OF_CUSTOMERS = (TOKENS, COST, REVENUE, MARGIN, FAILED, FREE)
OF_USAGE = (RECORDS, TOKENS, CHARGED, COST, FAILED, FREE)
ALL = (RECORDS, TOKENS, CHARGED, COST, REVENUE, MARGIN, FAILED, FREE)
