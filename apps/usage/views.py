"""The usage page: what a workspace used, by day, by model and by template."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.core.db import workspace_scope
from apps.usage import selectors
from apps.usage.models import COUNTS
from apps.usage.selectors import UsageTotals

DAY_COUNTS = (7, 30, 90)
DAY_COUNT_DEFAULT = 30
# Units of the chart's own coordinates.
CHART_HEIGHT = 100
BAR_PITCH = 10


class Bar(NamedTuple):
    """One day in the chart, measured from its top left corner."""

    day: date
    charged_credits: int
    x: int
    y: int
    height: int


@require_safe
@workspace_required
def usage_page(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show what was used in the last `?days=` days (7, 30 or 90; anything else is 30), today included. Days are UTC."""
    day_count = _day_count(request.GET.get("days", ""))
    last_day = timezone.now().date()
    first_day = last_day - timedelta(days=day_count - 1)
    with workspace_scope(request.workspace.pk):
        by_day, by_model, by_template = (
            sum_up(workspace_id=request.workspace.pk, first_day=first_day, last_day=last_day)
            for sum_up in (selectors.sum_by_day, selectors.sum_by_model, selectors.sum_by_template)
        )
    context = {
        "day_count": day_count,
        "day_counts": DAY_COUNTS,
        "first_day": first_day,
        "last_day": last_day,
        "days": by_day[::-1],
        "models": by_model,
        "templates": by_template,
        "total": {count: sum(getattr(totals, count) for totals in by_day) for count in COUNTS},
        "bars": draw_bars(by_day, first_day=first_day, day_count=day_count),
        "chart_width": day_count * BAR_PITCH,
    }
    return render(request, "usage/overview.html", context)


def draw_bars(by_day: Iterable[UsageTotals], *, first_day: date, day_count: int) -> list[Bar]:
    """Return a bar per day, days without usage too; the highest fills the chart, and any usage at all can be seen."""
    credits = {totals.group: totals.charged_credits for totals in by_day}
    highest = max(credits.values(), default=0)
    bars = []
    for position in range(day_count):
        day = first_day + timedelta(days=position)
        charged = credits.get(day, 0)
        height = -(-charged * CHART_HEIGHT // highest) if charged else 0
        bars.append(Bar(day, charged, x=position * BAR_PITCH, y=CHART_HEIGHT - height, height=height))
    return bars


def _day_count(days: str) -> int:
    return next((count for count in DAY_COUNTS if str(count) == days), DAY_COUNT_DEFAULT)
