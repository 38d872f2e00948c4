"""The monthly spend cap: counted with what is held, exact at once, anew each month, told at 80 % and at the end."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.billing import ledger, spending
from apps.billing.ledger import InsufficientCreditsError
from apps.billing.spending import SpendCapError
from tests.billing_spending.customers import give, hold, set_rules, spend, subjects

NEXT_MONTH = timedelta(days=32)
pytestmark = pytest.mark.django_db


@pytest.fixture
def capped(workspace):
    """A workspace with 10,000 credits, of which 1,000 may be used in a month."""
    give(workspace.pk, 10_000)
    set_rules(workspace.pk, monthly_cap_credits=1_000)
    return workspace.pk


def test_what_fits_exactly_starts_and_one_credit_more_does_not(capped):
    spend(capped, 600)
    hold(capped, 300)

    with pytest.raises(SpendCapError) as refused:
        hold(capped, 101)
    hold(capped, 100)

    assert (refused.value.cap, refused.value.spent, refused.value.needed) == (1_000, 900, 101)
    assert (refused.value.code, refused.value.status) == ("spend_cap", 402)


def test_what_was_held_and_not_used_comes_back(capped):
    spend(capped, 10, held=1_000)

    hold(capped, 990)


def test_a_released_hold_does_not_count(capped):
    placed = hold(capped, 1_000)
    ledger.release(hold_id=placed.id, idempotency_key="release")

    hold(capped, 1_000)


def test_last_month_does_not_count(capped):
    spend(capped, 1_000)

    assert spending.count_spent(capped, at=timezone.now()) == (1_000, 0)
    assert spending.count_spent(capped, at=timezone.now() + NEXT_MONTH) == (0, 0)


def test_the_month_begins_at_midnight_utc():
    late = datetime(2026, 12, 1, 1, 30, tzinfo=UTC).astimezone()

    assert spending.month_start(late) == datetime(2026, 12, 1, tzinfo=UTC)


def test_without_rules_or_without_a_cap_the_balance_alone_decides(workspace):
    give(workspace.pk, 5_000)
    hold(workspace.pk, 2_000)
    set_rules(workspace.pk, top_up_threshold_credits=5)
    hold(workspace.pk, 3_000)

    with pytest.raises(InsufficientCreditsError):
        hold(workspace.pk, 1)


def test_the_cap_of_one_workspace_is_not_anothers(capped, owner):
    spend(capped, 1_000)
    other = owner.workspaces.create(name="Other")
    give(other.pk, 100)
    set_rules(other.pk, monthly_cap_credits=100)

    hold(other.pk, 100)


def test_free_work_starts_at_the_cap(capped):
    spend(capped, 1_000)

    hold(capped, 0)


def test_the_sum_of_a_month_is_read_from_the_index_alone(capped):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT sum(amount) FROM billing_ledgerentry"
            " WHERE account_id = %s AND kind = 'capture' AND created_at >= %s",
            [capped, timezone.now()],
        )
        plan = " ".join(row[0] for row in cursor.fetchall())

    assert "entry_captured" in plan


def test_most_of_the_cap_is_told_once_and_all_of_it_once(capped):
    spend(capped, 799)
    assert spending.notify_caps() == 0

    for used in (1, 100, 100):
        spend(capped, used)
        spending.notify_caps()
        spending.notify_caps()

    assert subjects("spend-cap:") == [
        "80 % of this month's spend cap is used",
        "This month's spend cap is reached",
    ]


def test_a_new_month_is_told_anew(capped):
    spend(capped, 900)
    spending.notify_caps()
    spending.notify_caps(at=timezone.now() + NEXT_MONTH)

    assert len(subjects("spend-cap:")) == 1
