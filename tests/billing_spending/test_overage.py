"""Credits beyond the balance: only what is missing, in whole blocks, within plan and cap, and told to Stripe once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.billing import ledger, overage
from apps.billing.ledger import InsufficientCreditsError
from apps.billing.models import OverageReport, Subscription
from apps.billing.selectors import get_balance
from apps.billing.spending import SpendCapError
from apps.core.db import workspace_scope
from tests.billing_spending.customers import allow_overage, give, hold, list_overage, set_rules, spend

pytestmark = pytest.mark.django_db
REFUSED = {
    "overdue": {"status": "past_due", "past_due_since": timezone.now() - timedelta(days=1)},
    "on trial": {"status": "trialing"},
    "unpaid": {"status": "unpaid"},
    "yearly": {"interval": "year"},
    "a plan without it": {"plan": "starter"},
    "not metered": {"stripe_id": "sub_other"},
}


def test_what_is_missing_is_granted_in_whole_blocks_and_the_rest_stays(workspace):
    subscription = allow_overage(workspace)
    give(workspace.pk, 300)

    hold(workspace.pk, 1_500, key="hold:generation:x")

    report = OverageReport.objects.get()
    assert (report.credits, report.stripe_subscription_id) == (2_000, subscription.stripe_id)
    assert report.entry.idempotency_key == "overage:hold:generation:x"
    assert get_balance(workspace.pk)[:3] == (2_300, 1_500, 800)


def test_exactly_one_block_is_one_block(workspace):
    allow_overage(workspace)
    give(workspace.pk, 10)

    hold(workspace.pk, 1_010)

    assert list_overage(workspace) == [1_000]


def test_what_the_balance_covers_brings_nothing(workspace):
    allow_overage(workspace)
    give(workspace.pk, 300)

    hold(workspace.pk, 300)

    assert list_overage(workspace) == []


def test_beyond_the_cap_of_the_period_nothing_is_list_overage(workspace):
    subscription = allow_overage(workspace, cap=2_000)
    hold(workspace.pk, 1_500)

    with pytest.raises(InsufficientCreditsError) as refused:
        hold(workspace.pk, 501)
    hold(workspace.pk, 500)

    assert (refused.value.available, list_overage(workspace)) == (500, [2_000])
    assert overage.count_used(subscription) == 2_000


def test_the_next_period_counts_anew(workspace):
    subscription = allow_overage(workspace, cap=1_000)
    hold(workspace.pk, 1_000)
    subscription.current_period_start += timedelta(days=30)
    subscription.current_period_end += timedelta(days=30)
    subscription.save()

    hold(workspace.pk, 1_000)

    assert list_overage(workspace) == [1_000, 1_000]


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_who_may_not_gets_none(workspace, fields):
    subscription = allow_overage(workspace)
    Subscription.objects.filter(pk=subscription.pk).update(**fields)

    with pytest.raises(InsufficientCreditsError):
        hold(workspace.pk, 1)

    assert list_overage(workspace) == []


def test_who_allows_none_gets_none(workspace):
    allow_overage(workspace, cap=0)

    with pytest.raises(InsufficientCreditsError):
        hold(workspace.pk, 1)


def test_a_debt_is_not_paid_with_overage(workspace):
    allow_overage(workspace)
    give(workspace.pk, 100)
    spend(workspace.pk, 100)
    ledger.adjust(
        workspace_id=workspace.pk, amount_credits=-50, idempotency_key="d", actor="t", note="t", allow_debt=True
    )

    with pytest.raises(InsufficientCreditsError):
        hold(workspace.pk, 10)

    assert list_overage(workspace) == []


def test_credits_that_have_just_expired_are_missing_too(workspace):
    allow_overage(workspace)
    give(workspace.pk, 400, expires_at=timezone.now() - timedelta(seconds=1))

    hold(workspace.pk, 100)

    assert list_overage(workspace) == [1_000]


def test_the_spend_cap_comes_first(workspace):
    allow_overage(workspace)
    set_rules(workspace.pk, monthly_cap_credits=50)

    with pytest.raises(SpendCapError):
        hold(workspace.pk, 51)

    assert list_overage(workspace) == []


def test_a_start_that_is_rolled_back_leaves_no_overage(workspace):
    allow_overage(workspace)

    with pytest.raises(ZeroDivisionError):
        _start_and_fail(workspace.pk)

    assert (list_overage(workspace), OverageReport.objects.count()) == ([], 0)


def _start_and_fail(workspace_id):
    with workspace_scope(workspace_id):
        hold(workspace_id, 10)
        raise ZeroDivisionError
