"""Every figure of the breakdown is what a slow, obvious oracle makes of the same history."""

from datetime import date, timedelta
from random import Random

import pytest
from django.contrib.auth import get_user_model

from apps.accounts.models import User
from apps.core.ids import uuid7
from apps.usage import breakdown, charts, personal_data
from apps.usage.breakdown import Grouping, Measures, Span
from apps.usage.models import MemberUsage
from tests.usage import histories, steps

pytestmark = pytest.mark.usefixtures("db")

FIRST, LAST = date(2026, 4, 25), date(2026, 5, 2)


@pytest.fixture
def users() -> list[User]:
    return [get_user_model().objects.create_user(f"{name}@example.com") for name in ("ada", "bob", "cem")]


def _history(seed: int, users: list[User]):
    """A workspace's history within the days, and the span that names them; another workspace has one, too."""
    random, keys = Random(seed), [None, uuid7(), uuid7()]
    workspace_id = steps.new_workspace_id()
    histories.live(random, steps.new_workspace_id(), users=users, keys=keys)
    lines = histories.live(random, workspace_id, users=users, keys=keys)
    within = [line for line in lines if FIRST <= line.day <= LAST]
    assert 0 < len(within) < len(lines)
    return within, Span(workspace_id, FIRST, LAST)


@pytest.mark.parametrize("seed", range(3))
def test_every_grouping_adds_up_to_what_the_oracle_says(seed: int, users: list[User]) -> None:
    lines, span = _history(seed, users)

    for by in Grouping:
        assert breakdown.sum_groups(span, by=by) == histories.add_up(lines, by=histories.GROUP_OF[by])
    assert breakdown.sum_span(span) == histories.add_up(lines)[None]


def test_one_person_sees_their_own_alone(users: list[User]) -> None:
    lines, span = _history(7, users)
    mine = [line for line in lines if line.user_id == users[0].pk]
    own = Span(span.workspace_id, FIRST, LAST, users[0].pk)

    assert breakdown.sum_groups(own, by=Grouping.MODEL) == histories.add_up(mine, by=lambda line: line.model)
    assert [record.subject_id for record in breakdown.list_records(own)] == [
        line.subject_id for line in sorted(mine, key=lambda line: line.at)
    ]


@pytest.mark.parametrize("unit", charts.UNITS)
def test_units_of_time_add_up_too_and_by_group(unit: str, users: list[User]) -> None:
    lines, span = _history(11, users)

    for by, groups in ((Grouping.MODEL, ["m-1", "m-3"]), (Grouping.KEY, [None])):
        of = histories.GROUP_OF[by]
        expected = histories.add_up(
            [line for line in lines if of(line) in groups],
            by=lambda line, of=of: (charts.start_of(line.day, unit=unit), of(line)),
        )
        assert breakdown.sum_units(span, unit=unit, by=by, groups=groups) == expected
    whole = histories.add_up(lines, by=lambda line: (charts.start_of(line.day, unit=unit), None))
    assert breakdown.sum_units(span, unit=unit) == whole


def test_nothing_was_used_where_there_is_nothing() -> None:
    span = Span(steps.new_workspace_id(), FIRST, LAST)

    assert breakdown.sum_span(span) == Measures()
    assert breakdown.sum_groups(span, by=Grouping.MEMBER) == {}


def test_two_erased_people_do_not_collide_and_nothing_is_lost(users: list[User]) -> None:
    lines, span = _history(5, users)
    for user in users[:2]:
        personal_data.erase(user)

    expected = histories.add_up(lines, by=lambda line: line.user_id if line.user_id == users[2].pk else None)
    assert breakdown.sum_groups(span, by=Grouping.MEMBER) == expected
    assert not MemberUsage.objects.filter(user__in=users[:2]).exists()


def test_a_run_that_ends_after_its_person_was_erased_still_counts() -> None:
    workspace_id = steps.new_workspace_id()
    for _ in range(2):
        steps.record(workspace_id, user_id=None, charged=4)

    span = Span(workspace_id, steps.NOON.date(), steps.NOON.date() + timedelta(days=1))
    assert breakdown.sum_groups(span, by=Grouping.MEMBER)[None].charged_credits == 8


def test_the_same_person_day_model_template_and_key_is_one_row(users: list[User]) -> None:
    workspace_id, key = steps.new_workspace_id(), uuid7()
    for api_key_id in (None, key, None, key):
        steps.record(workspace_id, user_id=users[0].pk, api_key_id=api_key_id)

    assert MemberUsage.objects.filter(workspace_id=workspace_id).count() == 2
