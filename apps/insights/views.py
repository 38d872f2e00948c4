"""The cost pages: what customers, models and templates cost, for staff who may see money."""

import re
from collections.abc import Callable
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.billing.catalogue import load_catalogue
from apps.insights import figures, selectors
from apps.insights.selectors import CostPage, Place

PERMISSION = "insights.view_workspacemonth"
TERM_LENGTH_MAX = 254
SORTED_AT_FIRST = figures.COST.name
# More digits than the database's numbers have make no sense.
PLACE = re.compile(r"(-?[0-9]{1,18})_([0-9]{1,18})")


def overview(request: HttpRequest) -> HttpResponse:
    """Show a month as a whole, by template version and by model, and what each figure means."""
    context = _context(request, title=_("Costs"))
    month = context["month"]
    context |= {
        "total": selectors.sum_month(month),
        "versions": selectors.sum_by_version(month),
        "models": selectors.sum_by_model(month),
        "columns": figures.OF_USAGE,
        "definitions": figures.ALL,
        "is_in_dollars": load_catalogue().currency == "usd",
    }
    return TemplateResponse(request, "insights/overview.html", context)


def workspaces(request: HttpRequest) -> HttpResponse:
    """Show every workspace that cost or brought something in a month."""
    page_of = selectors.page_of_workspaces
    return _customers(request, title=_("Costs by workspace"), template="insights/workspaces.html", page_of=page_of)


def users(request: HttpRequest) -> HttpResponse:
    """Show everybody who cost or brought something in a month."""
    page_of = selectors.page_of_users
    return _customers(request, title=_("Costs by user"), template="insights/users.html", page_of=page_of)


def _customers(request: HttpRequest, *, title: str, template: str, page_of: Callable[..., CostPage]) -> HttpResponse:
    context = _context(request, title=title)
    sort, is_ascending = _sorted_by(request.GET.get("sort", ""))
    term = request.GET.get("q", "").replace("\x00", "").strip()[:TERM_LENGTH_MAX]
    asked = request.GET.get("after", "")
    page = page_of(month=context["month"], sort=sort, is_ascending=is_ascending, after=_place(asked), term=term)
    kept = {"month": f"{context['month']:%Y-%m}", "sort": f"{'' if is_ascending else '-'}{sort}", "q": term}
    context |= {
        "rows": page.rows,
        "term": term,
        "sort": kept["sort"],
        "columns": [_Heading(column, kept) for column in figures.OF_CUSTOMERS],
        "is_first": _place(asked) is None,
        "first_url": _query(kept),
        "next_url": _query(kept | {"after": page.next}) if page.next else "",
    }
    return TemplateResponse(request, template, context)


class _Heading:
    """A column that its heading sorts by: the largest first, and at a second click the smallest."""

    def __init__(self, figure: figures.Figure, kept: dict[str, str]) -> None:
        self.name, self.label, self.definition = figure
        self.is_sorted = kept["sort"].removeprefix("-") == self.name
        self.is_ascending = kept["sort"] == self.name
        self.url = _query(kept | {"sort": self.name if kept["sort"] == f"-{self.name}" else f"-{self.name}"})


def _context(request: HttpRequest, *, title: str) -> dict[str, Any]:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    months = selectors.list_months(timezone.now().astimezone(UTC).date())
    asked = request.GET.get("month", "")
    month = next((month for month in months if f"{month:%Y-%m}" == asked), months[0])
    return admin.site.each_context(request) | {
        "title": title,
        "month": month,
        "months": months,
        "read_until": selectors.read_until(),
    }


def _sorted_by(asked: str) -> tuple[str, bool]:
    """Return the column and whether the smallest comes first; what makes no sense is the dearest first."""
    name = asked.removeprefix("-")
    if name in {figure.name for figure in figures.OF_CUSTOMERS}:
        return name, not asked.startswith("-")
    return SORTED_AT_FIRST, False


def _place(asked: str) -> Place | None:
    """Return where a page begins; what makes no sense is the beginning."""
    found = PLACE.fullmatch(asked)
    return Place(int(found[1]), int(found[2])) if found else None


def _query(kept: dict[str, Any]) -> str:
    return f"?{urlencode({name: value for name, value in kept.items() if value})}"
