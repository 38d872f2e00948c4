"""What a workspace used, by day, template, model, person or API key: from its own daily rows, whole days in UTC."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.db.models.functions import Trunc

from apps.usage.models import MemberUsage, UsageRecord


class Grouping(StrEnum):
    """By what usage is added up; the values are columns."""

    DAY = "day"
    TEMPLATE = "template"
    MODEL = "model"
    MEMBER = "user_id"
    KEY = "api_key_id"


class Measures(NamedTuple):
    """What is added up. A call is what was asked for; each of its attempts is an attempt. Time is the attempts' own."""

    calls: int = 0
    records: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    charged_credits: int = 0
    duration_ms: int = 0

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Measures") -> "Measures":
        """Return both together."""
        return Measures(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


Row = TypeVar("Row", MemberUsage, UsageRecord)
# A day, a slug, a model, a user's or a key's id; None for who was erased, and for what came without a key.
Group = date | str | int | UUID | None


@dataclass(frozen=True)
class Span:
    """Whose usage is meant, and of which days, both included; with a `user_id` that person's own alone."""

    workspace_id: UUID
    first_day: date
    last_day: date
    user_id: int | None = None


def sum_groups(span: Span, *, by: Grouping) -> dict[Group, Measures]:
    """Return the measures of each group that saw usage, in no order. One query."""
    return {row[0]: _measures(row[1:]) for row in _summed(_rows(span), by.value)}


def sum_units(
    span: Span, *, unit: str, by: Grouping | None = None, groups: Collection[Group] = ()
) -> dict[tuple[date, Group], Measures]:
    """Return the measures of each day, week, month or year (its first day), for each of some groups if `by` is given.

    Weeks begin on Monday. One query.
    """
    rows = _rows(span).annotate(unit=Trunc("day", unit))
    if by is None:
        return {(row[0], None): _measures(row[1:]) for row in _summed(rows, "unit")}
    named = {f"{by.value}__in": [group for group in groups if group is not None]}
    chosen = rows.filter(**named)
    if None in groups:
        chosen |= rows.filter(**{f"{by.value}__isnull": True})
    return {(row[0], row[1]): _measures(row[2:]) for row in _summed(chosen, "unit", by.value)}


def sum_span(span: Span) -> Measures:
    """Return the measures of all of it. One query."""
    return _measures(_rows(span).aggregate(**_SUMS).values())


def list_records(span: Span) -> QuerySet[UsageRecord]:
    """Return the single records, oldest first: by time, then by id."""
    until = _midnight(span.last_day + timedelta(days=1))
    found = UsageRecord.objects.filter(
        workspace_id=span.workspace_id, created_at__gte=_midnight(span.first_day), created_at__lt=until
    )
    return _own(found, span).order_by("created_at", "id")


_SUMS = {f"{name}_sum": Sum(name) for name in Measures._fields}


def _rows(span: Span) -> QuerySet[MemberUsage]:
    days = {"day__gte": span.first_day, "day__lte": span.last_day}
    return _own(MemberUsage.objects.filter(workspace_id=span.workspace_id, **days), span)


def _own(rows: QuerySet[Row], span: Span) -> QuerySet[Row]:
    return rows if span.user_id is None else rows.filter(user_id=span.user_id)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _summed(rows: QuerySet[Any], *groups: str) -> Any:
    return rows.order_by().values(*groups).annotate(**_SUMS).values_list(*groups, *_SUMS)


def _measures(sums: Any) -> Measures:
    # PostgreSQL adds bigints up as numeric.
    return Measures(*(int(cast(int, number) or 0) for number in sums))
