"""The chart of a span: bars, their parts, lines and labels."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from apps.usage.charts import BARS_MAX, Stretch, choose_unit, draw_chart, round_step, start_of, stretches

DAY = date(2026, 5, 1)


def _days(count: int) -> list[Stretch]:
    return stretches(DAY, DAY + timedelta(days=count - 1), unit="day")


def test_days_without_usage_have_a_place_and_no_bar() -> None:
    chart = draw_chart([[1], [0], [1000]], bars=_days(3), unit="day")

    assert [(bar.value, [piece.height for piece in bar.pieces]) for bar in chart.bars] == [
        (1, ["1.000%"]),
        (0, []),
        (1000, ["50.000%"]),
    ]
    assert [line.value for line in chart.lines] == [0, 500, 1000, 1500, 2000]


def test_the_parts_of_a_bar_lie_on_one_another() -> None:
    [bar] = draw_chart([[30, 0, 10]], bars=_days(1), unit="day").bars

    assert [(piece.series, piece.y, piece.height) for piece in bar.pieces] == [
        (0, "25.000%", "75.000%"),
        (2, "0.000%", "25.000%"),
    ]


@pytest.mark.parametrize(
    ("highest", "step"), [(0, 1), (4, 1), (5, 2), (9, 5), (20, 5), (21, 10), (401, 200), (10**12, 5 * 10**11)]
)
def test_lines_stand_at_round_values(highest: int, step: int) -> None:
    assert round_step(highest) == step


@pytest.mark.parametrize("day_count", [1, 7, 30, 90])
def test_a_few_days_are_named_the_newest_among_them(day_count: int) -> None:
    labels = draw_chart([[0]] * day_count, bars=_days(day_count), unit="day").labels

    assert labels[-1].value == DAY + timedelta(days=day_count - 1)
    assert len(labels) <= 6


@pytest.mark.parametrize(("days", "unit"), [(1, "day"), (92, "day"), (93, "week"), (640, "week"), (700, "month")])
def test_a_longer_span_has_bars_of_more_days(days: int, unit: str) -> None:
    last_day = DAY + timedelta(days=days - 1)

    bars = stretches(DAY, last_day, unit=choose_unit(DAY, last_day))

    assert choose_unit(DAY, last_day) == unit
    assert len(bars) <= BARS_MAX
    assert (bars[0].first_day, bars[-1].last_day) == (DAY, last_day)
    assert all(one.last_day + timedelta(days=1) == next_one.first_day for one, next_one in pairwise(bars))
    assert {start_of(bar.last_day, unit=unit) for bar in bars} == {start_of(bar.first_day, unit=unit) for bar in bars}
