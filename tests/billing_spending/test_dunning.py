"""What time does to a plan: a trial that ends is announced, a grace that has ended is told, each once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.billing import dunning
from tests.billing_spending.customers import mails, subjects, subscribe

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def on_trial(workspace, *, days: float, **fields):
    return subscribe(workspace, "starter", status="trialing", trial_end=NOW + timedelta(days=days), **fields)


def overdue(workspace, *, days: float, status="past_due"):
    return subscribe(workspace, status=status, past_due_since=NOW - timedelta(days=days))


def test_a_trial_that_ends_within_three_days_is_announced_once(workspace):
    on_trial(workspace, days=2.9)

    assert [dunning.notify_plans(now=NOW), dunning.notify_plans(now=NOW)] == [1, 1]

    [mail] = mails("trial-ends:")
    assert "Your trial of Starter ends on" in mail.subject
    assert "$12 a month" in mail.text


@pytest.mark.parametrize("days", [3.1, -0.1])
def test_a_trial_that_goes_on_or_is_over_is_not(workspace, days):
    on_trial(workspace, days=days)

    assert dunning.notify_plans(now=NOW) == 0


def test_a_canceled_trial_says_that_nothing_is_charged(workspace):
    on_trial(workspace, days=1, cancel_at=NOW + timedelta(days=1))

    dunning.notify_plans(now=NOW)

    [mail] = mails("trial-ends:")
    assert "nothing will be charged" in mail.text
    assert "$12" not in mail.text


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_the_end_of_a_grace_is_told_once(workspace, status):
    overdue(workspace, days=7.1, status=status)

    for days in (0, 0, 2):
        dunning.notify_plans(now=NOW + timedelta(days=days))

    assert subjects("grace-ended:") == ["Your plan Pro is on hold"]


@pytest.mark.parametrize("days", [6.9, 30])
def test_within_the_grace_or_long_after_it_nothing_is_told(workspace, days):
    overdue(workspace, days=days)

    assert dunning.notify_plans(now=NOW) == 0


def test_a_second_time_overdue_is_told_again(workspace):
    subscription = overdue(workspace, days=8)
    dunning.notify_plans(now=NOW)
    subscription.past_due_since = NOW + timedelta(days=20)
    subscription.save()

    dunning.notify_plans(now=NOW + timedelta(days=28))

    assert len(mails("grace-ended:")) == 2
