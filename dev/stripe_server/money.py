"""Currencies, taxes and the rounding of shares."""

from decimal import ROUND_HALF_UP, Decimal

ZERO_DECIMAL = frozenset({"clp", "jpy", "krw", "pyg", "ugx", "vnd", "xaf", "xof", "xpf"})
_OTHERS = "aud brl cad chf czk dkk eur gbp hkd inr mxn nok nzd pln sek sgd usd zar"
CURRENCIES = ZERO_DECIMAL | frozenset(_OTHERS.split())
TIMES = "\u00d7"
# The smallest charge in the currency's smallest unit; Stripe refuses less.
CHARGE_MIN = {"usd": 50, "eur": 50, "gbp": 30, "cad": 50, "aud": 50, "chf": 50, "jpy": 50}
# A flat rate that nobody can take for a real one.
TAX_PERCENT = 10


def share(amount: int, *, part: int, whole: int) -> int:
    """Return `amount * part / whole`, halves rounded up, as Stripe rounds prorations."""
    return round_half_up(Decimal(amount) * part / whole)


def round_half_up(value: Decimal) -> int:
    """Return the nearest whole number of the smallest currency unit."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def tax_on(amount: int) -> int:
    """Return the tax that automatic tax adds to an amount."""
    return share(amount, part=TAX_PERCENT, whole=100)


def show(amount: int, *, currency: str) -> str:
    """Return an amount as people read it: `$12.00`, `€12.00`, `¥1,200`, `12.00 CHF`."""
    sign, units = ("-" if amount < 0 else ""), abs(amount)
    number = f"{units:,}" if currency in ZERO_DECIMAL else f"{units // 100:,}.{units % 100:02d}"
    symbol = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency.upper()}"
