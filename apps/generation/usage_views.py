"""The usage page: what a workspace used, by day, template, model, member and API key; the same as CSV; a forecast.

Who sees the workspace's money sees everybody's usage; everybody else sees their own.
"""

from typing import NamedTuple

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.access import permission_required, workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.core.db import workspace_scope
from apps.core.htmx import render_page
from apps.generation import usage_csv, usage_forecast
from apps.generation.usage_address import GROUPS, MEASURES, PERIODS, Asked, UsageForm
from apps.generation.usage_report import make_report
from apps.usage.breakdown import Span

COLUMN_LABELS: dict[str, str | Promise] = {
    "charged_credits": _("Credits"),
    "calls": _("Generations"),
    "records": _("Attempts"),
    "input_tokens": _("Input tokens"),
    "cached_input_tokens": _("of them cached"),
    "output_tokens": _("Output tokens"),
    "duration_ms": _("Time"),
}


class Column(NamedTuple):
    """A column of the table, the address that sorts by it, and how it is sorted now (a value of aria-sort)."""

    name: str
    label: str | Promise
    url: str
    sorted: str


@never_cache
@require_safe
@workspace_required
def overview(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show what was used in a span of days, grouped and sorted as the address says."""
    form = _form(request)
    asked = form.asked(today=timezone.now().date())
    with workspace_scope(request.workspace.pk):
        report = make_report(_span(request, asked), asked)
    context = {
        "asked": asked,
        "form": form,
        "report": report,
        "periods": [(name, label, asked.url(period=name)) for name, label in PERIODS.items()],
        "groups": [(name, GROUPS[name][1], asked.url(by=name, sort="")) for name in _groups(request)],
        "measures": [(name, label, asked.url(measure=name)) for name, label in MEASURES.items()],
        "measure_label": MEASURES[asked.measure],
        "columns": _columns(asked),
        "sees_all": _sees_all(request),
        "sees_generations": request.membership.may(Permission.SEE_GENERATIONS),
        "lines_url": asked.url("usage:export"),
        "records_url": asked.url("usage:records"),
    }
    return render_page(request, "usage/overview.html", context, partials=["usage-report"])


@never_cache
@require_safe
@workspace_required
def export(request: WorkspaceHttpRequest) -> HttpResponse:
    """Return the lines of the page as CSV."""
    asked = _form(request).asked(today=timezone.now().date())
    with workspace_scope(request.workspace.pk):
        report = make_report(_span(request, asked), asked)
    text = usage_csv.write_lines(report.lines, by=asked.by)
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=_attached(asked, f"usage-by-{asked.by}"))


@never_cache
@require_safe
@workspace_required
def records(request: WorkspaceHttpRequest) -> HttpResponseBase:
    """Return every single record of the page's days as CSV, sent as it is read."""
    asked = _form(request).asked(today=timezone.now().date())
    stream = usage_csv.stream_records(_span(request, asked))
    headers = _attached(asked, "usage-records")
    return StreamingHttpResponse(stream, content_type="text/csv; charset=utf-8", headers=headers)


@never_cache
@require_safe
@permission_required(Permission.SEE_MONEY)
def forecast(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show what is likely to be used until the period ends, beside the balance and the spend cap."""
    with workspace_scope(request.workspace.pk):
        context = {"forecast": usage_forecast.make_forecast(request.workspace.pk, at=timezone.now())}
    return render_page(request, "usage/forecast.html", context, partials=["usage-forecast"])


def _form(request: WorkspaceHttpRequest) -> UsageForm:
    return UsageForm(request.GET, groups=_groups(request))


def _groups(request: WorkspaceHttpRequest) -> list[str]:
    """Return by what usage can be grouped: for one person alone, not by people."""
    return [name for name in GROUPS if name != "member" or _sees_all(request)]


def _sees_all(request: WorkspaceHttpRequest) -> bool:
    return request.membership.may(Permission.SEE_MONEY)


def _span(request: WorkspaceHttpRequest, asked: Asked) -> Span:
    user_id = None if _sees_all(request) else request.user.pk
    return Span(request.workspace.pk, asked.first_day, asked.last_day, user_id)


def _columns(asked: Asked) -> list[Column]:
    labels = {"name": GROUPS[asked.by][1]} | COLUMN_LABELS
    direction = "descending" if asked.order.startswith("-") else "ascending"
    now = asked.order.removeprefix("-")
    return [
        Column(name, label, asked.sorted_url(name), direction if name == now else "none")
        for name, label in labels.items()
    ]


def _attached(asked: Asked, name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}-{asked.first_day}-{asked.last_day}.csv"'}
