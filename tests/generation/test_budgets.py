"""Budgets of the deployment: of all customers together, cut into slices, and of one person in all workspaces."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from django.db.models import Sum
from django.utils import timezone

from apps.core.db import system_scope
from apps.generation import budget_slices, budget_use, prompts, services
from apps.generation.budgets import BudgetExhaustedError, PersonDayBudgetError, PersonMonthBudgetError, TooDearError
from apps.generation.estimates import PromptTooLongError
from apps.generation.models import Budget, BudgetSlice, Conversation, Generation
from tests.billing import parallel
from tests.factories import FundedMembershipFactory, TeamFactory, grant
from tests.generation import chains, plans, runs

DEAR_MODEL = "gpt-4o"
NOON, EVENING = datetime(2031, 5, 14, 12, tzinfo=UTC), datetime(2031, 5, 14, 23, 59, 30, tzinfo=UTC)
SHARED = {"all": "", "feature": "generation"}


@pytest.fixture(autouse=True)
def dear_model(quick, settings, tmp_path, committed_db):
    # Templates name tasks of the real catalogue: read before there is another.
    prompts.get_template("summary")
    (tmp_path / "models").mkdir()
    chains.offer(settings, tmp_path / "models", chains.model(DEAR_MODEL, provider="openai", runs="keel-demo-fast"))
    settings.GENERATION_MODELS = [*settings.GENERATION_MODELS, DEAR_MODEL]


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def start(member=None, **more) -> Generation:
    return runs.start(member or FundedMembershipFactory(), model=DEAR_MODEL, **more)


@pytest.fixture
def one() -> int:
    """What one start reserves, in USD micros."""
    generation = start()
    services.cancel_generation(generation)
    assert generation.reserved_cost_usd_micros > 0
    return generation.reserved_cost_usd_micros


def allow(amount: int, *, scope: str = "all", subject: str = "", period: str = "day") -> Budget:
    return Budget.objects.create(scope=scope, subject=subject, period=period, amount_usd_micros=amount)


def use_of(budget: Budget, **more) -> budget_use.SharedUse:
    with system_scope():
        return budget_use.of_shared(budget, day=timezone.now().date(), **more)


# Of all together


@pytest.mark.parametrize(("scope", "subject"), SHARED.items())
def test_as_many_start_as_fit_whosever_they_are_and_no_more(one, scope, subject):
    allow(3 * one, scope=scope, subject=subject)
    first = FundedMembershipFactory()
    started = [start(first), start(), start(first)]

    for member in (first, FundedMembershipFactory()):
        with pytest.raises(BudgetExhaustedError) as refused:
            start(member)
        assert (refused.value.status, refused.value.code) == (503, "budget_exhausted")
        assert 0 < refused.value.retry_after_seconds <= 86_400
    assert Generation.objects.exclude(status="canceled").count() == Conversation.objects.count() - 1 == len(started)


def test_what_one_workspace_leased_and_does_not_use_another_gets(one):
    budget = allow(24 * one)
    start()
    assert use_of(budget).bound > use_of(budget).used

    with pytest.raises(BudgetExhaustedError):
        [start() for _ in range(24)]

    assert use_of(budget)[:2] == (24 * one, 24 * one)


def test_a_canceled_run_makes_room_for_another_workspace(one):
    allow(one)
    first = start()
    with pytest.raises(BudgetExhaustedError):
        start()

    services.cancel_generation(first)

    assert start().pk


def test_a_run_that_has_ended_counts_with_what_it_cost(one):
    budget = allow(one * 9 // 5)
    ended = runs.run(start())

    (record,) = runs.usage_of(ended)
    assert ended.status == "succeeded"
    assert use_of(budget).used == record.cost_usd_micros > 0
    assert record.cost_usd_micros < one
    assert start().pk


def test_of_forty_starts_at_once_in_five_workspaces_only_those_that_fit_get_in(one):
    budget = allow(7 * one + one // 2)
    members = [FundedMembershipFactory() for _ in range(5)]

    answers = parallel.in_threads([partial(start, members[number % 5]) for number in range(40)])

    kinds = Counter(type(answer).__name__ for answer in answers)
    assert kinds == {"Generation": 7, "BudgetExhaustedError": 33}
    assert use_of(budget).used == 7 * one


def test_a_repeated_send_is_answered_though_no_room_is_left(one):
    allow(one)
    member = FundedMembershipFactory()
    first = start(member, key="one key")

    assert start(member, key="one key").pk == first.pk


def test_what_costs_nothing_needs_no_room():
    allow(0)

    assert runs.start(FundedMembershipFactory(), model="keel-echo").reserved_cost_usd_micros == 0


def test_what_was_used_before_there_was_a_budget_counts(one):
    plans.use(FundedMembershipFactory().workspace, cost_usd_micros=one)
    start()
    allow(3 * one)

    assert start().pk
    with pytest.raises(BudgetExhaustedError):
        start()


def test_what_began_yesterday_and_still_runs_counts_today(one, noon):
    allow(2 * one)
    noon.move_to(EVENING - timedelta(minutes=5))
    start()

    noon.shift(timedelta(minutes=10))

    assert start().pk
    with pytest.raises(BudgetExhaustedError):
        start()


def test_a_start_in_the_last_minute_needs_room_on_both_days(one, noon):
    budget = allow(2 * one)
    noon.move_to(EVENING)
    member = FundedMembershipFactory()
    start(member)

    slices = BudgetSlice.objects.filter(budget=budget, workspace=member.workspace)
    assert sorted(slices.values_list("period_start", flat=True)) == [EVENING.date(), EVENING.date() + timedelta(days=1)]


def test_a_smaller_amount_holds_at_once(one):
    budget = allow(100 * one)
    member = FundedMembershipFactory()
    start(member)
    Budget.objects.update(amount_usd_micros=one)

    with system_scope():
        budget_slices.shrink(budget)

    with pytest.raises(BudgetExhaustedError):
        start(member)


def test_idle_workspaces_give_back_what_they_leased_and_busy_ones_keep_it(one):
    budget = allow(100 * one)
    start()
    leased = use_of(budget).bound

    assert (budget_slices.return_idle(now=timezone.now()), use_of(budget).bound) == (0, leased)
    assert budget_slices.return_idle(now=timezone.now() + budget_slices.IDLE + timedelta(seconds=1)) == 1
    assert use_of(budget).bound == one
    budget_slices.return_idle(now=timezone.now() + timedelta(days=4))
    assert BudgetSlice.objects.count() == 0


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_no_budget_is_exceeded_and_nothing_that_fits_is_refused(one, seed):
    dice = random.Random(seed)
    budget = allow(dice.randint(5 * one, 9 * one))
    members = [FundedMembershipFactory() for _ in range(4)]
    open_runs: list[Generation] = []
    for _step in range(40):
        used = use_of(budget).used
        if open_runs and dice.random() < 0.35:
            services.cancel_generation(open_runs.pop(dice.randrange(len(open_runs))))
            continue
        try:
            open_runs.append(start(dice.choice(members)))
        except BudgetExhaustedError:
            assert used + one > budget.amount_usd_micros
        leased = BudgetSlice.objects.aggregate(sum=Sum("leased_usd_micros"))["sum"]
        assert use_of(budget).used <= leased <= budget.amount_usd_micros


# Of one person


@pytest.mark.parametrize(
    ("period", "error", "status"), [("day", PersonDayBudgetError, 429), ("month", PersonMonthBudgetError, 402)]
)
def test_a_person_has_one_budget_in_all_of_their_workspaces(one, period, error, status):
    member = FundedMembershipFactory()
    allow(2 * one, scope="user", subject=str(member.user_id), period=period)
    elsewhere = FundedMembershipFactory(user=member.user)
    start(member)
    start(elsewhere)

    for one_of_theirs in (member, elsewhere):
        with pytest.raises(error) as refused:
            start(one_of_theirs)
        assert refused.value.status == status
    assert (refused.value.retry_after_seconds is not None) == (period == "day")
    assert start().pk


def test_a_budget_of_their_own_stands_in_for_that_of_everybody(one):
    member = FundedMembershipFactory()
    allow(one, scope="user")
    allow(2 * one, scope="user", subject=str(member.user_id))
    start(member)
    start(member)

    somebody = FundedMembershipFactory()
    start(somebody)
    with pytest.raises(PersonDayBudgetError):
        start(somebody)


def test_of_twenty_at_once_in_two_workspaces_a_person_starts_as_many_as_fit(one):
    member = FundedMembershipFactory()
    team = TeamFactory()
    grant(team, amount_credits=1_000_000)
    elsewhere = FundedMembershipFactory(user=member.user, workspace=team)
    allow(5 * one, scope="user")

    answers = parallel.in_threads([partial(start, each) for each in (member, elsewhere) * 10])

    assert Counter(type(answer).__name__ for answer in answers) == {"Generation": 5, "PersonDayBudgetError": 15}


def test_what_a_persons_ended_runs_cost_counts(one):
    member = FundedMembershipFactory()
    ended = runs.run(start(member))

    (record,) = runs.usage_of(ended)
    with system_scope():
        used = [budget_use.of_person(member.user_id, period=period, at=timezone.now()) for period in ("day", "month")]
    assert used == [record.cost_usd_micros] * 2


# What fits nowhere


@pytest.mark.parametrize("scope", ["all", "user"])
def test_what_is_more_than_a_whole_budget_is_refused_before_anything_is_written(one, scope):
    budget = allow(one - 1, scope=scope)

    with pytest.raises(TooDearError) as refused:
        start()

    assert (refused.value.status, refused.value.retry_after_seconds) == (422, None)
    assert Generation.objects.count() == 1
    assert budget.slices.count() == 0


def test_what_no_model_could_read_is_refused_before_anything_is_written(settings, tmp_path):
    small = chains.model(DEAR_MODEL, provider="openai", runs="keel-demo-fast", context_window=50)
    chains.offer(settings, tmp_path / "models", small)

    with pytest.raises(PromptTooLongError):
        start(text="word " * 100)
    assert Generation.objects.count() == Conversation.objects.count() == 0
