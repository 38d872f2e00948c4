"""Money as people read it. Amounts are integer minor units; how many decimals a currency has is ISO 4217's to say."""

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

# Stripe's list of currencies without minor units, and of those with three decimals (docs.stripe.com/currencies).
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def decimals(currency: str) -> int:
    """Return how many decimals a currency's amounts have."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def format_money(amount: int, currency: str) -> str:
    """Return an amount of minor units as text, for example "$12", "$12.50", "¥1,200" or "12.50 CHF"."""
    places = decimals(currency)
    major = Decimal(abs(amount)).scaleb(-places)
    shown = number_format(major, decimal_pos=0 if major == major.to_integral_value() else places, force_grouping=True)
    sign = "-" if amount < 0 else ""
    if currency in SIGNS:
        return f"{sign}{SIGNS[currency]}{shown}"
    return _("%(amount)s %(currency)s") % {"amount": f"{sign}{shown}", "currency": currency.upper()}
