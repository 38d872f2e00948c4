"""The day chart as server-side SVG: each measure is a percentage, so that it fits any width and bends no text."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

# Of a day's room, how much its bar takes.
BAR_SHARE = 0.68
LABELS_MAX = 6
LINES = 4


class Bar(NamedTuple):
    """One day, measured from its top left corner in percent of the plot."""

    day: date
    value: int
    x: str
    y: str
    width: str
    height: str


class Mark(NamedTuple):
    """A value or a day at the edge of the plot, at a percentage of its height or width."""

    value: int | date
    at: str


class Chart(NamedTuple):
    """What the template draws."""

    bars: list[Bar]
    lines: list[Mark]
    labels: list[Mark]


def draw_chart(values: Mapping[date, int], *, first_day: date, day_count: int) -> Chart:
    """Return a bar for each day, days without a value too, under lines at round values."""
    days = [first_day + timedelta(days=position) for position in range(day_count)]
    step = round_step(max(values.values(), default=0))
    top = step * LINES
    pitch = 100 / day_count
    bars = [
        Bar(
            day,
            values.get(day, 0),
            x=_percent((position + (1 - BAR_SHARE) / 2) * pitch),
            y=_percent(100 - _height(values.get(day, 0), top=top)),
            width=_percent(pitch * BAR_SHARE),
            height=_percent(_height(values.get(day, 0), top=top)),
        )
        for position, day in enumerate(days)
    ]
    lines = [Mark(step * number, _percent(100 - number * 100 / LINES)) for number in range(LINES + 1)]
    labels = [Mark(days[position], _percent((position + 0.5) * pitch)) for position in _labelled(day_count)]
    return Chart(bars, lines, labels)


def round_step(highest: int) -> int:
    """Return the smallest step of 1, 2 or 5 times a power of ten that reaches a value within the chart's lines."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * LINES >= highest:
                return digit * power
        power *= 10


def _height(value: int, *, top: int) -> float:
    # Any usage at all can be seen.
    return max(value * 100 / top, 1) if value else 0


def _labelled(day_count: int) -> Iterable[int]:
    """The days under which a date fits, the newest always among them."""
    return range((day_count - 1) % (every := -(-day_count // LABELS_MAX)), day_count, every)


def _percent(number: float) -> str:
    # Never in the reader's own notation: SVG knows only the point.
    return f"{number:.3f}%"
