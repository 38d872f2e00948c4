"""The usage page: what a workspace used, by day, by model and by template; and the same as CSV."""

import csv
from datetime import date, timedelta
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.core.db import workspace_scope
from apps.core.htmx import render_page
from apps.core.text import plain
from apps.usage import selectors
from apps.usage.charts import draw_chart
from apps.usage.models import COUNTS, DailyUsage

DAY_COUNTS = (7, 30, 90)
DAY_COUNT_DEFAULT = 30
CSV_COLUMNS = ["day", "model", "template", "attempts", "input_tokens", "cached_input_tokens", "output_tokens"]
CSV_COLUMNS += ["credits"]


class Period(NamedTuple):
    """Whole days in UTC, both ends included."""

    first_day: date
    last_day: date
    day_count: int


@never_cache
@require_safe
@workspace_required
def usage_page(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show what was used in the last `?days=` days (7, 30 or 90; anything else is 30), today included. Days are UTC."""
    period = _period(request)
    workspace_id = request.workspace.pk
    with workspace_scope(workspace_id):
        by_day, by_model, by_template = (
            sum_up(workspace_id=workspace_id, first_day=period.first_day, last_day=period.last_day)
            for sum_up in (selectors.sum_by_day, selectors.sum_by_model, selectors.sum_by_template)
        )
        before = selectors.sum_credits(
            workspace_id=workspace_id,
            first_day=period.first_day - timedelta(days=period.day_count),
            last_day=period.first_day - timedelta(days=1),
        )
    total = {count: sum(getattr(totals, count) for totals in by_day) for count in COUNTS}
    context = period._asdict() | {
        "day_counts": DAY_COUNTS,
        "days": by_day[::-1],
        "models": by_model,
        "templates": by_template,
        "total": total,
        "change_percent": _change_percent(total["charged_credits"], before=before),
        "chart": draw_chart(
            {totals.group: totals.charged_credits for totals in by_day if isinstance(totals.group, date)},
            first_day=period.first_day,
            day_count=period.day_count,
        ),
    }
    return render_page(request, "usage/overview.html", context, partials=["usage-report"])


@never_cache
@require_safe
@workspace_required
def export(request: WorkspaceHttpRequest) -> HttpResponse:
    """Return the page's period as CSV: a line for each day, model and template."""
    period = _period(request)
    name = f"usage-{period.first_day}-{period.last_day}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    writer = csv.writer(response)
    writer.writerow(CSV_COLUMNS)
    with workspace_scope(request.workspace.pk):
        for row in selectors.list_daily_usage(
            workspace_id=request.workspace.pk, first_day=period.first_day, last_day=period.last_day
        ):
            writer.writerow([row.day, plain(row.model), plain(row.template), *_counts(row)])
    return response


def _period(request: HttpRequest) -> Period:
    asked = request.GET.get("days", "")
    day_count = next((count for count in DAY_COUNTS if str(count) == asked), DAY_COUNT_DEFAULT)
    last_day = timezone.now().date()
    return Period(last_day - timedelta(days=day_count - 1), last_day, day_count)


def _change_percent(credits: int, *, before: int) -> int | None:
    return round((credits - before) * 100 / before) if before else None


def _counts(row: DailyUsage) -> list[int]:
    return [row.records, row.input_tokens, row.cached_input_tokens, row.output_tokens, row.charged_credits]
