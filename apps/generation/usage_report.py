"""What the usage page shows: a line for each group, their total, and the chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from apps.generation.usage_address import Asked
from apps.generation.usage_names import link_to_generations, name_groups
from apps.usage import breakdown, charts
from apps.usage.breakdown import Group, Grouping, Measures, Span
from apps.usage.charts import Chart, Stretch

# Beyond these a chart is no help; they are shown together.
SERIES_MAX = 5
LINES_MAX = 100
MEASURED: dict[str, Callable[[Measures], int]] = {
    "credits": lambda measures: measures.charged_credits,
    "generations": lambda measures: measures.calls,
    "tokens": lambda measures: measures.tokens,
    "time": lambda measures: -(-measures.duration_ms // 1000),
}


class Line(NamedTuple):
    """One group: how it is called, what it used, and where that is explained."""

    group: Any
    name: str
    measures: Measures
    generations_url: str = ""
    entries_url: str = ""


@dataclass(frozen=True)
class Report:
    """The figures of one span of days. `series` names the parts of the bars, the lowest first; none for one alone."""

    lines: list[Line]
    total: Measures
    before: Measures
    chart: Chart
    series: list[str]

    @property
    def shown(self) -> list[Line]:
        """The lines of the table; the file has all of them."""
        return self.lines[:LINES_MAX]

    @property
    def hidden_count(self) -> int:
        """How many lines only the file has."""
        return max(0, len(self.lines) - LINES_MAX)

    @property
    def change_percent(self) -> int | None:
        """How many percent more credits than in as many days before; None where nothing was charged then."""
        before = self.before.charged_credits
        return round((self.total.charged_credits - before) * 100 / before) if before else None


def make_report(span: Span, asked: Asked) -> Report:
    """Return the report. At most five queries, in the scope of the workspace."""
    unit = charts.choose_unit(span.first_day, span.last_day)
    by_unit = {first: measures for (first, _none), measures in breakdown.sum_units(span, unit=unit).items()}
    bars = charts.stretches(span.first_day, span.last_day, unit=unit)
    per_bar = [by_unit.get(charts.start_of(bar.first_day, unit=unit), Measures()) for bar in bars]
    if asked.grouping == Grouping.DAY:
        used = [(bar, measures) for bar, measures in zip(bars, per_bar, strict=True) if any(measures)]
        lines = [_line_of_days(bar, measures, unit=unit) for bar, measures in used]
    else:
        lines = _lines_of_groups(span, asked)
    series, parts = _stack(span, asked, lines=lines, per_bar=per_bar, bars=bars, unit=unit)
    return Report(
        lines=_sorted(lines, asked),
        total=add_up(per_bar),
        before=breakdown.sum_span(_before(span)),
        chart=charts.draw_chart(parts, bars=bars, unit=unit),
        series=series,
    )


def in_words(duration_ms: int) -> str:
    """Return how long something took, as people say it: two units at most."""
    if duration_ms < 10_000:
        return _("%(seconds)s s") % {"seconds": number_format(duration_ms / 1000, 1)}
    minutes, rest = divmod(round(duration_ms / 1000), 60)
    if not minutes:
        return _("%(seconds)s s") % {"seconds": rest}
    if minutes < 60:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}
    hours, minutes = divmod(minutes, 60)
    return _("%(hours)s h %(minutes)d min") % {"hours": number_format(hours, use_l10n=True), "minutes": minutes}


def add_up(measures: Sequence[Measures]) -> Measures:
    """Return all of them together."""
    return Measures(*(sum(column) for column in zip(*measures, strict=True))) if measures else Measures()


def _lines_of_groups(span: Span, asked: Asked) -> list[Line]:
    by = asked.grouping
    sums = breakdown.sum_groups(span, by=by)
    names = name_groups(by=by, groups=sums)
    days = {"first_day": span.first_day, "last_day": span.last_day}
    return [
        Line(group, names[group], measures, link_to_generations(by=by, group=group, **days))
        for group, measures in sums.items()
    ]


def _line_of_days(bar: Stretch, measures: Measures, *, unit: str) -> Line:
    generations = link_to_generations(
        by=Grouping.DAY, group=bar.first_day, first_day=bar.first_day, last_day=bar.last_day
    )
    entries = f"{reverse('billing:overview')}?day={bar.first_day}" if unit == "day" else ""
    return Line(bar.first_day, name_days(bar, unit=unit), measures, generations, entries)


def name_days(bar: Stretch, *, unit: str) -> str:
    """Return how a day, week, month or year is called."""
    if unit == "day" or bar.first_day == bar.last_day:
        return date_format(bar.first_day)
    if unit == "week":
        return _("%(first)s to %(last)s") % {"first": date_format(bar.first_day), "last": date_format(bar.last_day)}
    return date_format(bar.first_day, "F Y" if unit == "month" else "Y")


def _sorted(lines: list[Line], asked: Asked) -> list[Line]:
    is_by_day = asked.grouping == Grouping.DAY
    column, backwards = asked.order.removeprefix("-"), asked.order.startswith("-")
    named = sorted(lines, key=lambda line: line.group if is_by_day else line.name.casefold())
    if column == "name":
        return named[::-1] if backwards else named
    return sorted(named, key=lambda line: getattr(line.measures, column), reverse=backwards)


def _stack(
    span: Span,
    asked: Asked,
    *,
    lines: list[Line],
    per_bar: list[Measures],
    bars: list[Stretch],
    unit: str,
) -> tuple[list[str], list[list[int]]]:
    """Return the names of the series and, for each bar, their values."""
    measure = MEASURED[asked.measure]
    totals = [measure(measures) for measures in per_bar]
    if asked.grouping == Grouping.DAY:
        return [], [[total] for total in totals]
    largest = sorted(lines, key=lambda line: (-measure(line.measures), line.name.casefold()))[:SERIES_MAX]
    groups = [line.group for line in largest if measure(line.measures)]
    cells = breakdown.sum_units(span, unit=unit, by=asked.grouping, groups=groups)
    parts = [
        _parts(total, cells=cells, groups=groups, start=charts.start_of(bar.first_day, unit=unit), measure=measure)
        for total, bar in zip(totals, bars, strict=True)
    ]
    names = [line.name for line in largest[: len(groups)]]
    return ([*names, _("Others")] if any(part[-1] for part in parts) else names), parts


def _parts(
    total: int,
    *,
    cells: Mapping[tuple[Any, Group], Measures],
    groups: list[Group],
    start: Any,
    measure: Callable[[Measures], int],
) -> list[int]:
    named = [measure(cells.get((start, group), Measures())) for group in groups]
    # Seconds are rounded up for each part, so that together they may be a little more.
    return [*named, max(0, total - sum(named))]


def _before(span: Span) -> Span:
    length = span.last_day - span.first_day + timedelta(days=1)
    return replace(span, first_day=span.first_day - length, last_day=span.first_day - timedelta(days=1))
