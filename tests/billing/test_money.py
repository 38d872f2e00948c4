"""Amounts are minor units; how they are read depends on the currency."""

import pytest

from apps.billing.money import format_money

READ = [
    (1200, "usd", "$12"),
    (1250, "usd", "$12.50"),
    (5, "usd", "$0.05"),
    (-1250, "usd", "-$12.50"),
    (123456789, "eur", "€1,234,567.89"),
    (1200, "jpy", "¥1,200"),
    (1200, "krw", "1,200 KRW"),
    (12345, "kwd", "12.345 KWD"),
    (0, "usd", "$0"),
]


@pytest.mark.parametrize(("amount", "currency", "expected"), READ)
def test_an_amount_reads_as_its_currency_is_written(amount, currency, expected):
    assert format_money(amount, currency) == expected
