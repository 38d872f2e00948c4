"""What a plan limits: below, at and above it, at once, in another workspace, and after the plan has changed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from django.utils import timezone

from apps.billing.ledger import InsufficientCreditsError
from apps.billing.models import Hold
from apps.generation.limits import PlanRequestsError
from apps.generation.models import Generation, StartCounter
from apps.generation.quotas import PlanConcurrencyError, PlanDayError
from tests.billing import parallel
from tests.factories import FundedMembershipFactory, GenerationFactory
from tests.generation import plans, runs

EVENING = datetime(2031, 5, 14, 23, 59, 0, tzinfo=UTC)
REFUSALS = {
    "requests_per_minute": PlanRequestsError,
    "concurrent_generations": PlanConcurrencyError,
    "generations_per_day": PlanDayError,
}


@pytest.fixture
def many_threads(monkeypatch):
    monkeypatch.setattr(parallel, "THREADS", 20)


@pytest.fixture
def evening():
    with time_machine.travel(EVENING, tick=False) as clock:
        yield clock


def names(answers) -> Counter:
    return Counter(type(answer).__name__ for answer in answers)


# Counts of generations


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_as_many_start_as_the_plan_allows_and_no_more(customer, settings, limit_name):
    plans.allow(settings, free={limit_name: 3})
    started = [runs.start(customer) for _ in range(3)]

    with pytest.raises(REFUSALS[limit_name]):
        runs.start(customer)

    assert set(Generation.objects.values_list("pk", flat=True)) == {one.pk for one in started}
    assert Hold.objects.count() == 3


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_another_workspace_is_not_limited_by_it(customer, settings, limit_name):
    plans.allow(settings, free={limit_name: 1})
    runs.start(customer)

    runs.start(FundedMembershipFactory())


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_a_repeated_send_is_answered_when_the_limit_is_reached(customer, settings, limit_name):
    plans.allow(settings, free={limit_name: 1})
    first = runs.start(customer, key="one key")

    assert runs.start(customer, key="one key").pk == first.pk


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_of_twenty_different_sends_at_once_only_the_allowed_start(customer, settings, limit_name, many_threads):
    plans.allow(settings, free={limit_name: 7})

    answers = parallel.in_threads([partial(runs.start, customer)] * 20)

    assert names(answers) == {"Generation": 7, REFUSALS[limit_name].__name__: 13}
    assert Generation.objects.count() == Hold.objects.count() == 7


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_twenty_copies_of_one_send_at_once_are_one_start(customer, settings, limit_name, many_threads):
    plans.allow(settings, free={"generations_per_day": 50} | {limit_name: 1})

    answers = parallel.in_threads([partial(runs.start, customer, key="one key")] * 20)

    assert {answer.pk for answer in answers} == {Generation.objects.get().pk}
    assert StartCounter.objects.get().started == 1


def test_an_ended_generation_makes_room_for_the_next(customer, settings):
    plans.allow(settings, free={"concurrent_generations": 1})
    plans.end(runs.start(customer))

    runs.start(customer)


def test_a_running_generation_counts_as_a_queued_one_does(customer, settings):
    plans.allow(settings, free={"concurrent_generations": 1})
    soon = timezone.now() + timedelta(seconds=10)
    GenerationFactory(membership=customer, status="running", lease_expires_at=soon)

    with pytest.raises(PlanConcurrencyError):
        runs.start(customer)


def test_a_day_ends_at_midnight_utc(customer, settings, evening):
    plans.allow(settings, free={"generations_per_day": 1})
    runs.start(customer)
    with pytest.raises(PlanDayError) as refused:
        runs.start(customer)

    evening.shift(timedelta(seconds=refused.value.retry_after_seconds))

    runs.start(customer)
    assert StartCounter.objects.get().started == 1


def test_what_was_refused_or_could_not_be_paid_is_not_counted(workshop, settings):
    plans.allow(settings, free={"generations_per_day": 5})
    poor = FundedMembershipFactory(credits=1)
    for _ in range(9):
        with pytest.raises(InsufficientCreditsError):
            runs.start(poor)

    assert StartCounter.objects.count() == 0


def test_a_deleted_generation_still_counts_on_its_day(customer, settings):
    plans.allow(settings, free={"generations_per_day": 1})
    plans.end(runs.start(customer))
    Generation.objects.update(deleted_at=timezone.now())

    with pytest.raises(PlanDayError):
        runs.start(customer)


def test_a_process_with_a_late_clock_does_not_turn_the_day_back(customer, settings, evening):
    plans.allow(settings, free={"generations_per_day": 2})
    evening.shift(timedelta(hours=1))
    runs.start(customer)
    evening.shift(timedelta(hours=-1))
    runs.start(customer)
    evening.shift(timedelta(hours=1))

    with pytest.raises(PlanDayError):
        runs.start(customer)


# Plans


@pytest.mark.parametrize("limit_name", REFUSALS)
def test_after_an_upgrade_the_next_send_starts(customer, settings, limit_name):
    plans.allow(settings, free={limit_name: 1}, pro={limit_name: 2})
    runs.start(customer)
    with pytest.raises(REFUSALS[limit_name]):
        runs.start(customer)

    plans.subscribe(customer.workspace)

    runs.start(customer)
    with pytest.raises(REFUSALS[limit_name]):
        runs.start(customer)


@pytest.mark.parametrize(("overdue_days", "is_allowed"), [(6.9, True), (7.1, False)])
def test_an_overdue_plan_holds_as_long_as_its_grace(customer, settings, overdue_days, is_allowed):
    plans.allow(settings, free={"concurrent_generations": 1}, pro={"concurrent_generations": 2})
    since = timezone.now() - timedelta(days=overdue_days)
    plans.subscribe(customer.workspace, status="past_due", past_due_since=since)

    answers = [parallel._answer(partial(runs.start, customer)) for _ in range(2)]

    assert [isinstance(answer, Generation) for answer in answers] == [True, is_allowed]


@pytest.mark.parametrize("status", ["incomplete", "unpaid", "paused", "canceled"])
def test_a_subscription_that_is_not_paid_allows_nothing_more(customer, settings, status):
    plans.allow(settings, free={"concurrent_generations": 1}, pro={})
    ended_at = timezone.now() if status == "canceled" else None
    plans.subscribe(customer.workspace, status=status, ended_at=ended_at)
    runs.start(customer)

    with pytest.raises(PlanConcurrencyError):
        runs.start(customer)


def test_a_plan_without_limits_asks_for_nothing(customer, settings):
    plans.allow(settings, free={})
    plans.use(customer.workspace, tokens=10**12, cost_usd_micros=10**12)

    for _ in range(5):
        runs.start(customer)
    assert StartCounter.objects.count() == 0
