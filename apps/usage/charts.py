"""The chart of a span as server-side SVG: each measure is a percentage, so that it fits any width and bends no text."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

# Of a bar's room, how much the bar takes.
BAR_SHARE = 0.68
BARS_MAX = 92
LABELS_MAX = 6
LINES = 4
UNITS = ("day", "week", "month", "year")


class Stretch(NamedTuple):
    """The days that one bar stands for, both included."""

    first_day: date
    last_day: date


class Piece(NamedTuple):
    """A part of a bar, of the series with this number (from 0), in percent of the plot's height from above."""

    series: int
    value: int
    y: str
    height: str


class Bar(NamedTuple):
    """One stretch of days, in percent of the plot's width."""

    stretch: Stretch
    value: int
    x: str
    width: str
    pieces: list[Piece]


class Mark(NamedTuple):
    """A value or a day at the edge of the plot, at a percentage of its height or width."""

    value: int | date
    at: str


class Chart(NamedTuple):
    """What the template draws."""

    unit: str
    bars: list[Bar]
    lines: list[Mark]
    labels: list[Mark]


def choose_unit(first_day: date, last_day: date) -> str:
    """Return the smallest unit of which no more than BARS_MAX cover the days."""
    return next((unit for unit in UNITS if len(stretches(first_day, last_day, unit=unit)) <= BARS_MAX), UNITS[-1])


def stretches(first_day: date, last_day: date, *, unit: str) -> list[Stretch]:
    """Return the days, weeks (from Monday), months or years from one day to another, cut off at both."""
    found, day = [], first_day
    while day <= last_day:
        following = _next_start(day, unit=unit)
        found.append(Stretch(day, min(following - timedelta(days=1), last_day)))
        day = following
    return found


def start_of(day: date, *, unit: str) -> date:
    """Return the first day of the unit in which a day lies."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def draw_chart(values: Sequence[Sequence[int]], *, bars: Sequence[Stretch], unit: str) -> Chart:
    """Return a bar for each stretch, those without a value too, under lines at round values.

    `values` has for each bar the parts that lie on one another, the lowest first.
    """
    step = round_step(max((sum(parts) for parts in values), default=0))
    pitch = 100 / len(bars)
    drawn = [
        Bar(
            stretch,
            sum(parts),
            x=_percent((position + (1 - BAR_SHARE) / 2) * pitch),
            width=_percent(pitch * BAR_SHARE),
            pieces=list(_pieces(parts, top=step * LINES)),
        )
        for position, (stretch, parts) in enumerate(zip(bars, values, strict=True))
    ]
    lines = [Mark(step * number, _percent(100 - number * 100 / LINES)) for number in range(LINES + 1)]
    labels = [Mark(bars[position].first_day, _percent((position + 0.5) * pitch)) for position in _labelled(len(bars))]
    return Chart(unit, drawn, lines, labels)


def round_step(highest: int) -> int:
    """Return the smallest step of 1, 2 or 5 times a power of ten that reaches a value within the chart's lines."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * LINES >= highest:
                return digit * power
        power *= 10


def _next_start(day: date, *, unit: str) -> date:
    if unit == "day":
        return day + timedelta(days=1)
    if unit == "week":
        return day + timedelta(days=7 - day.weekday())
    if unit == "month":
        return date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return date(day.year + 1, 1, 1)


def _pieces(parts: Sequence[int], *, top: int) -> Iterable[Piece]:
    below = 0.0
    total = sum(parts)
    # Any usage at all can be seen.
    factor = max(100 / top, 1 / total) if total else 0.0
    for series, value in enumerate(parts):
        if value:
            height = value * factor
            below += height
            yield Piece(series, value, y=_percent(100 - below), height=_percent(height))


def _labelled(count: int) -> Iterable[int]:
    """The bars under which a date fits, the newest always among them."""
    return range((count - 1) % (every := -(-count // LABELS_MAX)), count, every)


def _percent(number: float) -> str:
    # Never in the reader's own notation: SVG knows only the point.
    return f"{number:.3f}%"
