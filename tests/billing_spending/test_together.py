"""The rules where they hold: at the start of a generation, and in the worker's tasks."""

import pytest

from apps.accounts.models import Membership
from apps.billing import tasks
from apps.billing.models import Hold, OverageReport
from apps.billing.spending import SpendCapError
from apps.core.models import OutgoingMail
from apps.generation.models import Conversation, Generation
from tests.billing_spending.customers import TOP_UP, allow_overage, give, list_overage, mails, set_rules, spend
from tests.generation import runs

pytestmark = pytest.mark.django_db
SWEEPS = [tasks.buy_top_ups, tasks.report_overage, tasks.give_allowances, tasks.notify_about_plans]


@pytest.fixture
def member(workspace) -> Membership:
    return workspace.memberships.get()


def test_a_generation_beyond_the_spend_cap_is_not_started_and_leaves_nothing(member):
    give(member.workspace_id, 10_000)
    set_rules(member.workspace_id, monthly_cap_credits=1)

    with pytest.raises(SpendCapError):
        runs.start(member, model="keel-demo")

    assert not Generation.objects.exists()
    assert not Conversation.objects.exists()
    assert not Hold.objects.exists()


def test_a_generation_without_credits_starts_with_overage_and_the_entry_names_it(member):
    allow_overage(member.workspace)

    generation = runs.start(member, model="keel-demo")

    assert list_overage(member.workspace) == [1_000]
    assert OverageReport.objects.get().entry.idempotency_key == f"overage:hold:generation:{generation.pk}"


def test_the_sweeps_do_nothing_where_nothing_is_sold_and_may_run_twice(workspace, settings):
    settings.STRIPE_SECRET_KEY = ""
    set_rules(workspace.pk, **TOP_UP, overage_cap_credits=1_000)

    for sweep in SWEEPS * 2:
        sweep(some_future_argument=1)

    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_sweep_that_waited_too_long_is_dropped(sweep):
    assert sweep.queue == "default"
    assert 0 < sweep.expires <= 600


def test_the_worker_buys_and_tells(shopper):
    shopper.buy_pack("medium")
    shopper.subscribe("starter")
    shopper.hear_everything()
    set_rules(shopper.workspace.pk, **TOP_UP, monthly_cap_credits=shopper.balance)
    spend(shopper.workspace.pk, shopper.balance)

    for sweep in SWEEPS:
        sweep()

    assert shopper.balance == 5_000
    assert len(mails("spend-cap:")) == 1
