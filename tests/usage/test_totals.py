"""Totals over all customers: made by a job, the same however often it runs."""

from datetime import timedelta

import pytest
import time_machine

from apps.usage.models import COUNTS, DailyTotal, UsageRecord
from apps.usage.tasks import roll_up_totals
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(steps.NOON, tick=False) as traveller:
        yield traveller


def _totals() -> dict:
    return {(row.day, row.model): tuple(getattr(row, count) for count in COUNTS) for row in DailyTotal.objects.all()}


def _expected() -> dict:
    return steps.add_up(list(UsageRecord.objects.all()), by=lambda line: (steps.day_of(line), line.request_model))


def _use(*, days_ago: int = 0) -> None:
    for model in ("m-1", "m-1", "m-2"):
        at = steps.NOON - timedelta(days=days_ago)
        steps.record(steps.new_workspace_id(), steps.attempt(model=model), at=at, template=model + str(days_ago))


def test_the_first_run_adds_up_everything_over_all_customers() -> None:
    for days_ago in (0, 1, 5, 40):
        _use(days_ago=days_ago)

    roll_up_totals()

    assert len(_totals()) == 8
    assert _totals() == _expected()


def test_running_again_changes_nothing() -> None:
    _use()
    roll_up_totals()
    before = _totals()

    roll_up_totals()

    assert _totals() == before == _expected()


def test_usage_of_today_and_yesterday_that_came_since_is_added() -> None:
    _use(days_ago=1)
    _use()
    roll_up_totals()

    _use(days_ago=1)
    _use()
    roll_up_totals()

    assert _totals() == _expected()


def test_days_that_the_job_missed_are_made_up_for(clock) -> None:
    _use(days_ago=1)
    _use()
    roll_up_totals()
    _use(days_ago=1)

    for days_later in (0, 1, 2, 9):
        _use(days_ago=-days_later)
    clock.shift(timedelta(days=10))
    roll_up_totals()

    assert _totals() == _expected()


def test_a_settlement_writes_no_row_that_all_customers_share() -> None:
    _use()

    assert not DailyTotal.objects.exists()


def test_the_job_of_a_newer_release_may_send_more_arguments() -> None:
    roll_up_totals(invented_later="x")
