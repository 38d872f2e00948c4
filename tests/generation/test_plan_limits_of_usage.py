"""Tokens of a month and provider cost of a day: what counts, the upper bound of one start, and many at once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine

from apps.generation import estimates, prompts, quotas
from apps.generation.models import Conversation, Generation
from apps.generation.quotas import PlanBudgetError, PlanTokensError, PlanTooLittleError
from apps.usage import rates, rating
from tests.billing import parallel
from tests.factories import FundedMembershipFactory
from tests.generation import plans, runs

EVENING = datetime(2031, 5, 14, 23, 59, 0, tzinfo=UTC)
OUTPUT_MAX = 800
# It costs its provider something, and is never really asked here.
DEAR_MODEL = "gpt-4o"
REFUSALS = {"tokens_per_month": PlanTokensError, "daily_budget_usd_micros": PlanBudgetError}


@pytest.fixture(autouse=True)
def dear_model(quick, settings):
    settings.GENERATION_MODELS = [*settings.GENERATION_MODELS, DEAR_MODEL]


@pytest.fixture
def many_threads(monkeypatch):
    monkeypatch.setattr(parallel, "THREADS", 20)


@pytest.fixture
def evening():
    with time_machine.travel(EVENING, tick=False) as clock:
        yield clock


def start(member, **more):
    return runs.start(member, model=DEAR_MODEL, output_tokens_max=OUTPUT_MAX, **more)


def bounds(starts: int = 1) -> dict[str, int]:
    """Return the limits that just let in so many starts under way: each with its whole bound."""
    inputs = {"text": runs.TEXT, "format": "Bullet points"}
    tokens = estimates.most_input_tokens(prompts.get_template("summary").messages(inputs)), OUTPUT_MAX
    rate = rates.find_rate(model=DEAR_MODEL, on=EVENING.date())
    cost = rating.cost_usd_micros(rate=rate, tokens=rating.TokenCount(*tokens))
    return {"tokens_per_month": starts * sum(tokens), "daily_budget_usd_micros": starts * cost}


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_a_start_needs_room_for_its_whole_bound(customer, settings, limit_name):
    plans.allow(settings, free={limit_name: bounds()[limit_name] - 1})
    with pytest.raises(PlanTooLittleError) as refused:
        start(customer)
    assert (refused.value.status, refused.value.retry_after_seconds) == (422, None)
    assert Generation.objects.count() == Conversation.objects.count() == 0

    plans.allow(settings, free={limit_name: bounds()[limit_name]})

    start(customer)


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_what_was_used_counts(customer, settings, limit_name):
    plans.allow(settings, free={limit_name: bounds()[limit_name] + 500})
    plans.use(customer.workspace, tokens=501, cost_usd_micros=501)

    with pytest.raises(REFUSALS[limit_name]):
        start(customer)
    start(FundedMembershipFactory())


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_of_twenty_at_once_the_bounds_of_all_fit(customer, settings, limit_name, many_threads):
    plans.allow(settings, free={limit_name: bounds(starts=3)[limit_name]})

    answers = parallel.in_threads([partial(start, customer)] * 20)

    kinds = Counter(type(answer).__name__ for answer in answers)
    assert kinds == {"Generation": 3, REFUSALS[limit_name].__name__: 17}


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_a_repeated_send_is_answered_though_no_room_is_left(customer, settings, limit_name):
    plans.allow(settings, free={limit_name: bounds()[limit_name]})
    first = start(customer, key="one key")

    assert start(customer, key="one key").pk == first.pk


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_after_an_upgrade_there_is_room_at_once(customer, settings, limit_name):
    plans.allow(settings, free={limit_name: 1}, pro={limit_name: bounds()[limit_name]})
    with pytest.raises(PlanTooLittleError):
        start(customer)

    plans.subscribe(customer.workspace)

    start(customer)


def test_a_settled_generation_counts_with_what_it_really_took(customer, settings):
    plans.allow(settings, free={"tokens_per_month": 10_000})
    ended = runs.run(runs.start(customer))

    (record,) = runs.usage_of(ended)
    used = quotas.used(customer.workspace_id)
    assert used.tokens_per_month == record.input_tokens + record.output_tokens > 0
    assert (used.concurrent_generations, used.generations_per_day) == (0, 1)


@pytest.mark.parametrize(("days_ago", "is_counted"), [(13, True), (14, False)])
def test_tokens_count_from_the_first_of_the_month(customer, settings, evening, days_ago, is_counted):
    plans.use(customer.workspace, tokens=70, days_ago=days_ago)

    assert quotas.used(customer.workspace_id).tokens_per_month == (70 if is_counted else 0)


@pytest.mark.parametrize(("days_ago", "is_counted"), [(0, True), (1, False)])
def test_the_budget_counts_from_midnight(customer, settings, evening, days_ago, is_counted):
    plans.use(customer.workspace, cost_usd_micros=70, days_ago=days_ago)

    assert quotas.used(customer.workspace_id).daily_budget_usd_micros == (70 if is_counted else 0)


def test_an_empty_budget_is_full_again_after_the_wait(customer, settings, evening):
    plans.allow(settings, free={"daily_budget_usd_micros": bounds()["daily_budget_usd_micros"]})
    plans.use(customer.workspace, cost_usd_micros=1)
    with pytest.raises(PlanBudgetError) as refused:
        start(customer)

    evening.shift(timedelta(seconds=refused.value.retry_after_seconds))

    start(customer)


def test_a_model_that_has_lost_its_rate_stops_nobody(customer, settings):
    plans.allow(settings, free={"daily_budget_usd_micros": 10**9})
    generation = start(customer)
    type(generation).objects.update(request_model="nobody-knows-its-price")

    start(customer)
