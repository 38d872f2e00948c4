"""What the runs of an API key may use in a month: counted with the hold, never exceeded, shown on the key's page."""

from datetime import timedelta
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts import api_keys
from apps.accounts.models import ApiKey, Membership
from apps.accounts.scopes import SCOPES
from apps.core.ids import uuid7
from apps.generation import key_budgets, leases, services, settling
from apps.generation.key_budgets import KeyBudgetError
from apps.generation.models import Generation
from apps.generation.outcomes import RunOutcome
from tests.accounts.conftest import new_visitor
from tests.accounts.team import browser_of
from tests.billing import parallel
from tests.billing_pages.plans import subscribe
from tests.factories import FundedMembershipFactory, UserFactory
from tests.generation import runs

RUNS, PAGE = "/api/v1/generations/", "/settings/api-keys/"
BODY = {"template": "summary", "model": "keel-demo", "inputs": {"text": runs.TEXT, "format": "Bullet points"}}


@pytest.fixture
def member(db) -> Membership:
    return FundedMembershipFactory()


def make_key(member, *, budget: int | None) -> api_keys.NewApiKey:
    return api_keys.create_key(
        user=member.user,
        workspace_id=member.workspace_id,
        name="Website",
        scopes=list(SCOPES),
        idempotency_key=str(uuid7()),
        actor="test",
        budget_credits=budget,
        needs_plan=False,
    )


def start(token: str, *, key: str = ""):
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid7())}
    return Client(REMOTE_ADDR="198.51.100.9").post(RUNS, BODY, content_type="application/json", headers=headers)


def needed_by(member) -> int:
    """What one of these runs holds: it is started with a key that has no budget, and stopped."""
    key = make_key(member, budget=None)
    generation = runs.fresh(Generation(pk=start(key.token).json()["id"]))
    services.cancel_generation(generation)
    return generation.hold.amount


def used(key: ApiKey, *, at=None) -> int:
    return key_budgets.count_used_by_keys(key.workspace_id, at=at or timezone.now()).get(key.pk, 0)


def test_a_run_that_fits_exactly_starts_and_the_next_does_not(member):
    made = make_key(member, budget=needed_by(member))

    first, second = start(made.token), start(made.token)

    assert (first.status_code, second.status_code, second.json()["code"]) == (201, 402, "api_key_budget")
    assert Generation.objects.get(pk=first.json()["id"]).api_key_id == made.key.pk
    assert Generation.objects.filter(api_key=made.key).count() == 1


def test_sending_a_run_again_is_not_a_second_run(member):
    made = make_key(member, budget=needed_by(member))

    answers = [start(made.token, key="one") for _ in range(2)]

    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}


def test_what_was_only_held_comes_back(member):
    needed = needed_by(member)
    made = make_key(member, budget=needed)

    services.cancel_generation(runs.fresh(Generation(pk=start(made.token).json()["id"])))

    assert used(made.key) == 0
    assert start(made.token).status_code == 201


def test_what_was_charged_counts_for_this_month_and_not_for_the_next(member):
    made = make_key(member, budget=1_000)
    lease = leases.claim(start(made.token).json()["id"])
    assert settling.settle(lease, RunOutcome("succeeded", "A text", (), "stop"))
    Generation.objects.filter(pk=lease.generation_id).update(charged_credits=3)

    assert used(made.key) == 3
    assert used(made.key, at=timezone.now() + timedelta(days=32)) == 0


def test_other_keys_and_the_pages_do_not_count(member):
    needed = needed_by(member)
    made, other = make_key(member, budget=needed), make_key(member, budget=None)
    assert start(other.token).status_code == 201

    assert start(made.token).status_code == 201
    assert used(made.key) == needed


def test_a_key_without_a_budget_uses_what_there_is(member):
    made = make_key(member, budget=None)

    assert [start(made.token).status_code for _ in range(2)] == [201, 201]


@pytest.mark.usefixtures("committed_db")
def test_fifty_starts_at_once_do_not_pass_the_budget():
    member = FundedMembershipFactory()
    subscribe(member.workspace)
    needed = needed_by(member)
    key = make_key(member, budget=needed * 5 + 1).key

    answers = parallel.in_threads([partial(runs.start, member, model="keel-demo", api_key=key)] * 50)

    started = [answer for answer in answers if isinstance(answer, Generation)]
    assert (len(started), used(key)) == (5, needed * 5)
    assert {type(answer) for answer in answers} == {Generation, KeyBudgetError}


def test_an_erased_key_leaves_its_runs_behind(member):
    made = make_key(member, budget=None)
    run = start(made.token).json()["id"]

    ApiKey.objects.filter(pk=made.key.pk).delete()

    assert Generation.objects.get(pk=run).api_key_id is None


def test_the_page_takes_a_budget_and_shows_what_is_used_and_left(member):
    subscribe(member.workspace)
    browser = browser_of(member.user)
    form = {"name": "Website", "scopes": list(SCOPES), "lifetime": "90", "requests_per_minute": "60"}
    browser.post(PAGE, form | {"budget_credits": "5000", "idempotency_key": str(uuid7())})
    key = ApiKey.objects.get()
    held = runs.start(member, model="keel-demo", api_key=key).hold_id

    page = browser.get(PAGE).text

    amount = runs.fresh(Generation.objects.get(hold_id=held)).hold.amount
    assert key.budget_credits == 5000
    assert f"<b>{amount}</b> of 5,000 credits this month, {5000 - amount:,} left" in page


@pytest.mark.parametrize("budget", ["0", "-1", "1.5", "many", str(10**13)])
def test_a_budget_that_is_no_number_of_credits_is_refused(member, budget):
    subscribe(member.workspace)
    form = {"name": "x", "scopes": list(SCOPES), "lifetime": "90", "requests_per_minute": "60"}

    answer = browser_of(member.user).post(PAGE, form | {"budget_credits": budget, "idempotency_key": str(uuid7())})

    assert (answer.status_code, ApiKey.objects.count()) == (422, 0)


def test_a_stranger_sees_nothing_of_it(member):
    make_key(member, budget=4321)
    stranger = new_visitor()
    stranger.force_login(UserFactory())

    assert "4,321" not in stranger.get(PAGE).text
