"""From tokens to credits and cost: whole numbers, exact, rounded up once, never negative."""

from datetime import date
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.usage import rates, rating
from apps.usage.rates import Rate
from apps.usage.rating import Confidence, TokenCount
from dev.model_server.wire import count_tokens

MILLION = 1_000_000
HUGE = st.integers(0, 10**30)
UNUSUAL_TEXT = st.text() | st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF))
EMOJI = st.text(alphabet=st.characters(min_codepoint=0x1F300, max_codepoint=0x1FAFF))


@st.composite
def rates_of_any_size(draw: st.DrawFn) -> Rate:
    numbers = [draw(HUGE) for _ in range(6)]
    numbers[1] = min(numbers[1], numbers[0])
    return Rate("m", date(2026, 1, 1), *numbers)


@st.composite
def token_counts(draw: st.DrawFn) -> TokenCount:
    input_tokens = draw(HUGE)
    return TokenCount(input_tokens, draw(HUGE), draw(st.integers(0, input_tokens)), Confidence.EXACT)


@given(UNUSUAL_TEXT | EMOJI)
def test_the_bound_is_never_below_what_the_local_model_server_counts_nor_below_the_estimate(text: str) -> None:
    assert rating.estimate_tokens_max(text) >= count_tokens(text)
    assert rating.estimate_tokens_max(text) >= rating.estimate_tokens(text)


@given(st.text(alphabet=st.characters(min_codepoint=0x800)))
def test_the_bound_allows_a_token_for_every_character_of_dense_scripts_and_emoji(text: str) -> None:
    assert rating.estimate_tokens_max(text) >= len(text)


@given(UNUSUAL_TEXT, UNUSUAL_TEXT)
def test_text_that_is_cut_is_never_bounded_lower_than_whole(left: str, right: str) -> None:
    apart = rating.estimate_tokens_max(left) + rating.estimate_tokens_max(right)

    assert rating.estimate_tokens_max(left + right) <= apart


@pytest.mark.parametrize(
    ("text", "bound", "estimate"),
    [("", 0, 0), ("a", 1, 1), ("abcd", 2, 1), ("abcde", 2, 2), ("漢字", 2, 2), ("🦭", 2, 1)],
)
def test_tokens_are_bounded_by_thirds_and_estimated_by_quarters_of_the_bytes(
    text: str, bound: int, estimate: int
) -> None:
    assert (rating.estimate_tokens_max(text), rating.estimate_tokens(text)) == (bound, estimate)


def test_text_that_utf_8_cannot_hold_is_counted_all_the_same() -> None:
    assert rating.estimate_tokens("\ud800") == 1


@given(rates_of_any_size(), token_counts())
def test_rating_is_exact_at_any_size(rate: Rate, tokens: TokenCount) -> None:
    fresh = tokens.input_tokens - tokens.cached_input_tokens
    exact = (
        Fraction(fresh * rate.input_credits, MILLION)
        + Fraction(tokens.cached_input_tokens * rate.cached_input_credits, MILLION)
        + Fraction(tokens.output_tokens * rate.output_credits, MILLION)
    )

    assert Fraction(rating.rate_microcredits(rate=rate, tokens=tokens), MILLION) == exact


@given(rates_of_any_size(), token_counts())
def test_cost_is_rounded_up_once(rate: Rate, tokens: TokenCount) -> None:
    exact = (
        Fraction((tokens.input_tokens - tokens.cached_input_tokens) * rate.input_cost_usd_micros, MILLION)
        + Fraction(tokens.cached_input_tokens * rate.cached_input_cost_usd_micros, MILLION)
        + Fraction(tokens.output_tokens * rate.output_cost_usd_micros, MILLION)
    )

    assert rating.cost_usd_micros(rate=rate, tokens=tokens) == ceil(exact)


@given(st.lists(HUGE))
def test_a_charge_is_rounded_up_once_over_all_attempts(microcredits: list[int]) -> None:
    assert rating.charge_credits(iter(microcredits)) == ceil(Fraction(sum(microcredits), MILLION))


@pytest.mark.parametrize(
    ("microcredits", "charged"), [([], 0), ([0, 0], 0), ([1], 1), ([1, 1, 1], 1), ([999_999, 1], 1), ([MILLION, 1], 2)]
)
def test_nothing_costs_nothing_and_any_part_of_a_credit_costs_one(microcredits: list[int], charged: int) -> None:
    assert rating.charge_credits(microcredits) == charged


@given(rates_of_any_size(), token_counts())
def test_an_estimate_is_never_below_the_charge_for_what_it_covers(rate: Rate, tokens: TokenCount) -> None:
    estimate = rating.estimate_credits(
        rate=rate, input_tokens=tokens.input_tokens, output_tokens_max=tokens.output_tokens
    )

    assert estimate >= rating.charge_credits([rating.rate_microcredits(rate=rate, tokens=tokens)]) >= 0


def test_cached_input_is_charged_at_its_own_rate() -> None:
    rate = Rate("m", date(2026, 1, 1), 1000, 500, 5000, 20, 10, 40)
    tokens = TokenCount(1000, 100, 400, Confidence.EXACT)

    assert rating.rate_microcredits(rate=rate, tokens=tokens) == 600 * 1000 + 400 * 500 + 100 * 5000


def test_an_answer_of_400_tokens_costs_at_least_two_credits_on_a_local_model() -> None:
    rate = rates.find_rate(model="keel-demo", on=date(2026, 1, 1))

    assert rating.charge_credits([rating.rate_microcredits(rate=rate, tokens=TokenCount(0, 400))]) == 2


@pytest.mark.parametrize("counts", [(-1, 0, 0), (0, -1, 0), (5, 0, -1), (5, 0, 6)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(AssertionError):
        TokenCount(*counts)


def test_a_negative_charge_is_refused() -> None:
    with pytest.raises(AssertionError):
        rating.charge_credits([5, -6])
