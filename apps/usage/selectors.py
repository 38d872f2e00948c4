"""Reads of the meter: every one belongs to one workspace. Days are UTC, and both ends are included."""

from datetime import date
from typing import NamedTuple, cast
from uuid import UUID

from django.db.models import QuerySet, Sum

from apps.usage.models import COUNTS, DailyUsage, UsageRecord


class UsageTotals(NamedTuple):
    """What was used, added up for one group: a day, a model or a template. Cost is ours, not the customer's."""

    group: date | str
    records: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    charged_credits: int
    cost_usd_micros: int


def sum_by_day(*, workspace_id: UUID, first_day: date, last_day: date) -> list[UsageTotals]:
    """Return the totals of each day that saw usage, oldest first. One query."""
    return _sum_by("day", _between(workspace_id, first_day, last_day), order="day")


def sum_by_model(*, workspace_id: UUID, first_day: date, last_day: date) -> list[UsageTotals]:
    """Return the totals of each model, most credits first. One query."""
    return _sum_by("model", _between(workspace_id, first_day, last_day), order="-charged_credits_sum")


def sum_by_template(*, workspace_id: UUID, first_day: date, last_day: date) -> list[UsageTotals]:
    """Return the totals of each template, most credits first. One query."""
    return _sum_by("template", _between(workspace_id, first_day, last_day), order="-charged_credits_sum")


def sum_credits(*, workspace_id: UUID, first_day: date, last_day: date) -> int:
    """Return the credits that were charged. One query."""
    total = _between(workspace_id, first_day, last_day).aggregate(total=Sum("charged_credits"))["total"]
    return int(total or 0)


def sum_ever(workspace_id: UUID) -> tuple[int, int]:
    """Return the credits that were ever charged, and the tokens that were written for them. One query."""
    usage = DailyUsage.objects.filter(workspace_id=workspace_id)
    sums = usage.aggregate(credits=Sum("charged_credits"), tokens=Sum("output_tokens"))
    return int(sums["credits"] or 0), int(sums["tokens"] or 0)


def list_daily_usage(*, workspace_id: UUID, first_day: date, last_day: date) -> QuerySet[DailyUsage]:
    """Return the usage of each day, model and template, newest first."""
    return _between(workspace_id, first_day, last_day).order_by("-day", "model", "template")


def list_usage_records(workspace_id: UUID) -> QuerySet[UsageRecord]:
    """Return the usage records of a workspace, newest first."""
    return UsageRecord.objects.filter(workspace_id=workspace_id).order_by("-created_at", "-id")


def _between(workspace_id: UUID, first_day: date, last_day: date) -> QuerySet[DailyUsage]:
    return DailyUsage.objects.filter(workspace_id=workspace_id, day__gte=first_day, day__lte=last_day)


def _sum_by(group: str, usage: QuerySet[DailyUsage], *, order: str) -> list[UsageTotals]:
    sums = {f"{count}_sum": Sum(count) for count in COUNTS}
    rows = usage.values(group).annotate(**sums).order_by(order, group).values_list(group, *sums)
    # PostgreSQL adds bigints up as numeric.
    return [UsageTotals(row[0], *(int(cast(int, number)) for number in row[1:])) for row in rows]
