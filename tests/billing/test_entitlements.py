"""What a workspace may do follows from its subscription and the clock alone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from apps.billing.catalogue import load_catalogue
from apps.billing.entitlements import Standing, entitlements
from apps.billing.models import Subscription
from apps.core.db import system_scope
from tests.billing import steps

NOW = timezone.now()
GRACE = timedelta(days=load_catalogue().rules.grace_days)

pytestmark = pytest.mark.django_db


def subscribe(workspace_id, *, status: str = "active", plan: str = "pro", number: int = 1, **fields) -> Subscription:
    overdue = {"past_due_since": NOW} if status == "past_due" else {}
    return Subscription.objects.create(
        workspace_id=workspace_id,
        stripe_id=f"sub_{number}",
        status=status,
        plan=plan,
        interval="month",
        started_at=NOW - timedelta(days=40 - number),
        current_period_start=NOW - timedelta(days=10),
        current_period_end=NOW + timedelta(days=20),
        fetch_ticket=1,
        **(overdue | fields),
    )


def stand(workspace_id, *, at=None) -> tuple[str, str]:
    with system_scope():
        found = entitlements(workspace_id, at=at)
    return found.plan.slug, found.standing


@pytest.fixture
def workspace_id():
    return steps.new_workspace_id()


def test_without_a_subscription_the_free_plan_holds(workspace_id):
    assert stand(workspace_id) == ("free", Standing.FREE)


OF_STATUS = {
    "active": ("pro", Standing.PAID),
    "trialing": ("pro", Standing.TRIAL),
    "past_due": ("pro", Standing.GRACE),
    "incomplete": ("free", Standing.FREE),
    "unpaid": ("free", Standing.OVERDUE),
    "paused": ("free", Standing.OVERDUE),
    "canceled": ("free", Standing.FREE),
    "incomplete_expired": ("free", Standing.FREE),
}


def test_every_status_of_stripes_has_its_meaning():
    assert set(OF_STATUS) == set(Subscription.Status.values)


@pytest.mark.parametrize("status", OF_STATUS)
def test_the_status_decides(workspace_id, status):
    subscribe(workspace_id, status=status)

    assert stand(workspace_id) == OF_STATUS[status]


def test_an_overdue_plan_goes_on_until_its_grace_ends_and_not_a_moment_longer(workspace_id):
    subscribe(workspace_id, status="past_due")

    assert stand(workspace_id, at=NOW + GRACE - timedelta(seconds=1)) == ("pro", Standing.GRACE)
    assert stand(workspace_id, at=NOW + GRACE) == ("free", Standing.OVERDUE)


def test_a_subscription_that_is_served_counts_before_one_that_is_not(workspace_id):
    subscribe(workspace_id, status="unpaid", plan="pro", number=1)
    subscribe(workspace_id, status="active", plan="starter", number=2)

    assert stand(workspace_id) == ("starter", Standing.PAID)


def test_a_plan_that_the_file_no_longer_knows_allows_what_free_allows_and_is_reported(workspace_id):
    subscribe(workspace_id, plan="legacy")

    with capture_logs() as logs:
        assert stand(workspace_id) == ("free", Standing.PAID)

    assert [(line["event"], line["log_level"], line["plan"]) for line in logs] == [
        ("plan_not_in_catalogue", "error", "legacy")
    ]


def test_another_workspace_has_nothing_of_it(workspace_id):
    subscribe(workspace_id)

    assert stand(steps.new_workspace_id()) == ("free", Standing.FREE)


def test_one_query_tells_it(workspace_id, django_assert_num_queries):
    with django_assert_num_queries(1):
        entitlements(workspace_id)
