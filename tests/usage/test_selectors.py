"""What a workspace reads of its usage: its own, within the days asked for, and what the records add up to."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from apps.usage import selectors
from apps.usage.models import COUNTS, UsageRecord
from apps.usage.selectors import UsageTotals
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("db")

FIRST, LAST = date(2026, 5, 5), date(2026, 5, 7)
SELECTORS: list[tuple[Callable[..., list[UsageTotals]], Callable[[UsageRecord], Any]]] = [
    (selectors.sum_by_day, steps.day_of),
    (selectors.sum_by_model, lambda line: line.request_model),
    (selectors.sum_by_template, lambda line: line.template),
]


@pytest.mark.parametrize(("select", "group"), SELECTORS)
@pytest.mark.parametrize("seed", range(3))
def test_totals_are_what_the_records_of_the_period_add_up_to(
    select: Callable[..., list[UsageTotals]], group: Callable[[UsageRecord], Any], seed: int
) -> None:
    workspace_id = _random_history(Random(seed))
    _random_history(Random(seed + 100))

    totals = select(workspace_id=workspace_id, first_day=FIRST, last_day=LAST)

    records = UsageRecord.objects.filter(workspace_id=workspace_id)
    within = [line for line in records if FIRST <= steps.day_of(line) <= LAST]
    assert 0 < len(within) < len(records)
    assert {row.group: tuple(getattr(row, count) for count in COUNTS) for row in totals} == steps.add_up(
        within, by=group
    )


def test_days_come_oldest_first_and_models_with_most_credits_first() -> None:
    workspace_id = steps.new_workspace_id()
    for days, model, charged in [(2, "m-1", 5), (1, "m-2", 9), (0, "m-3", 1)]:
        at = steps.NOON + timedelta(days=days)
        steps.record(workspace_id, steps.attempt(model=model), charged=charged, at=at)
    period = {"workspace_id": workspace_id, "first_day": date(2026, 5, 1), "last_day": date(2026, 5, 31)}

    days = [row.group.day for row in selectors.sum_by_day(**period)]
    models = [row.group for row in selectors.sum_by_model(**period)]

    assert (days, models) == ([4, 5, 6], ["m-2", "m-1", "m-3"])


def test_records_are_listed_newest_first_and_only_the_workspaces_own() -> None:
    workspace_id = steps.new_workspace_id()
    steps.record(steps.new_workspace_id(), charged=100)
    for hours in (1, 3, 2):
        steps.record(workspace_id, charged=hours, at=steps.NOON + timedelta(hours=hours))

    assert [line.charged_credits for line in selectors.list_usage_records(workspace_id)] == [3, 2, 1]


def _random_history(random: Random) -> UUID:
    workspace_id = steps.new_workspace_id()
    for _ in range(30):
        steps.record(
            workspace_id,
            *(
                steps.attempt(model=random.choice(["m-1", "m-2"]), output_tokens=random.randrange(10**6))
                for _ in range(2)
            ),
            charged=random.randrange(10**6),
            template=random.choice(["summary", "reply", ""]),
            at=steps.NOON + timedelta(hours=random.randrange(24 * 5)),
        )
    return workspace_id
