"""From tokens to credits and cost: pure whole-number arithmetic, estimated before the fact and rated after it.

A microcredit is a millionth of a credit: tokens times credits per million tokens, so nothing is rounded on the way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from apps.usage.rates import Rate

MILLION = 1_000_000


class Confidence(TextChoices):
    """How well tokens are known: counted by the provider, estimated from the text, or not at all."""

    EXACT = "exact", _("Exact")
    ESTIMATED = "estimated", _("Estimated")
    UNKNOWN = "unknown", _("Unknown")


@dataclass(frozen=True)
class TokenCount:
    """The tokens of one provider call; what was cached is part of the input, what is reasoning part of the output."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    confidence: Confidence = Confidence.UNKNOWN
    reasoning_tokens: int = 0

    def __post_init__(self) -> None:
        assert self.output_tokens >= 0, f"{self.output_tokens} output tokens"
        assert 0 <= self.cached_input_tokens <= self.input_tokens, (
            f"{self.cached_input_tokens} of {self.input_tokens} input tokens cached"
        )
        assert 0 <= self.reasoning_tokens <= self.output_tokens, (
            f"{self.reasoning_tokens} of {self.output_tokens} output tokens are reasoning"
        )


def estimate_tokens_max(text: str) -> int:
    """Return an upper bound on the tokens of written text in any script: UTF-8 bytes / 3, rounded up. For holds.

    Text made of single characters between spaces can have more; usage above a hold is captured at the hold.
    """
    return _divide_up(_byte_count(text), 3)


def estimate_tokens(text: str) -> int:
    """Return the likely tokens of text: UTF-8 bytes / 4, rounded up. For calls whose provider sent no usable count."""
    return _divide_up(_byte_count(text), 4)


def estimate_credits(*, rate: Rate, input_tokens: int, output_tokens_max: int) -> int:
    """Return the most credits that a call can be charged: nothing cached, and the whole output cap used."""
    tokens = TokenCount(input_tokens=input_tokens, output_tokens=output_tokens_max)
    return charge_credits([rate_microcredits(rate=rate, tokens=tokens)])


def rate_microcredits(*, rate: Rate, tokens: TokenCount) -> int:
    """Return the list price of a call in microcredits, exactly."""
    return (
        (tokens.input_tokens - tokens.cached_input_tokens) * rate.input_credits
        + tokens.cached_input_tokens * rate.cached_input_credits
        + tokens.output_tokens * rate.output_credits
    )


def cost_usd_micros(*, rate: Rate, tokens: TokenCount) -> int:
    """Return what the provider charges for a call in USD micros, rounded up."""
    return _divide_up(
        (tokens.input_tokens - tokens.cached_input_tokens) * rate.input_cost_usd_micros
        + tokens.cached_input_tokens * rate.cached_input_cost_usd_micros
        + tokens.output_tokens * rate.output_cost_usd_micros,
        MILLION,
    )


def charge_credits(microcredits: Iterable[int]) -> int:
    """Return the credits to charge for a generation's attempts: rounded up once, over their sum; 0 stays 0."""
    total = sum(microcredits)
    assert total >= 0, f"a charge of {total} microcredits"
    return _divide_up(total, MILLION)


def _byte_count(text: str) -> int:
    # A lone surrogate is never stored, but counting it must not fail a settlement.
    return len(text.encode("utf-8", "surrogatepass"))


def _divide_up(number: int, divisor: int) -> int:
    return -(-number // divisor)
