"""Caps that hold however many start at the same time: threads, each with a connection and commits of its own."""

from datetime import timedelta
from functools import partial

from django.utils import timezone

from apps.billing import allowances, checkout, spending, top_ups
from apps.billing.ledger import InsufficientCreditsError
from apps.billing.models import Hold, TopUp
from apps.billing.selectors import get_balance
from apps.billing.spending import SpendCapError
from tests.billing.parallel import in_threads
from tests.billing_spending.customers import TOP_UP, allow_overage, give, hold, list_overage, set_rules, spend


def test_many_starts_at_once_never_pass_the_cap(committed_shopper):
    workspace_id = committed_shopper.workspace.pk
    give(workspace_id, 10_000)
    set_rules(workspace_id, monthly_cap_credits=1_000)

    answers = in_threads([partial(hold, workspace_id, 90) for _ in range(30)])

    assert sum(isinstance(answer, SpendCapError) for answer in answers) == 30 - 11
    assert Hold.objects.filter(account_id=workspace_id).count() == 11


def test_holds_that_end_meanwhile_are_never_counted_by_neither_sum(committed_shopper):
    workspace_id = committed_shopper.workspace.pk
    give(workspace_id, 10_000)
    set_rules(workspace_id, monthly_cap_credits=1_000)

    in_threads([partial(spend, workspace_id, 90) for _ in range(40)])

    assert spending.count_spent(workspace_id, at=timezone.now()) == (990, 0)


def test_many_starts_at_once_stay_within_cap_and_blocks(committed_shopper):
    workspace = committed_shopper.workspace
    allow_overage(workspace, cap=3_000)

    answers = in_threads([partial(hold, workspace.pk, 200) for _ in range(24)])

    assert sum(isinstance(answer, InsufficientCreditsError) for answer in answers) == 24 - 15
    assert sum(list_overage(workspace)) == 3_000
    assert get_balance(workspace.pk)[:3] == (3_000, 3_000, 0)


def test_many_workers_at_once_buy_one_top_up_at_a_time_within_the_cap(committed_shopper):
    shopper = committed_shopper
    checkout.sync_session(shopper.subscribe("starter").stripe_id)
    set_rules(shopper.workspace.pk, **TOP_UP | {"top_up_monthly_cap_amount": 1_000})
    give(shopper.workspace.pk, 1)

    for _round in range(3):
        if shopper.balance:
            spend(shopper.workspace.pk, shopper.balance)
        answers = in_threads([top_ups.start_due, top_ups.settle_pending] * 6)
        assert [answer for answer in answers if isinstance(answer, Exception)] == []

    assert list(TopUp.objects.values_list("status", "price_amount")) == [("succeeded", 500)] * 2
    assert shopper.balance == 0


def test_many_sweeps_at_once_give_one_allowance(committed_shopper):
    workspace_id, next_month = committed_shopper.workspace.pk, timezone.now() + timedelta(days=32)
    give(workspace_id, 30)

    in_threads([partial(allowances.fill_up, now=next_month)] * 12)

    assert get_balance(workspace_id).balance == 100
