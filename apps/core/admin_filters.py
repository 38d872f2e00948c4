"""Filters for admin lists of any size: none of them reads a whole table to make its choices."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.ids import since

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin

SHORTCUT_DAYS = 7
# Values that a column has had lately are looked for in this many rows.
LATEST_ROWS = 2_000


class TimeFilter(admin.ListFilter):
    """Narrow a list to days (UTC), or to what came since a moment: `?from=2026-05-04&to=2026-05-04`.

    Both days are included. The column is the `time_field` of the ModelAdmin.
    """

    title = gettext_lazy("time (UTC)")
    template = "admin/time_filter.html"
    parameters = ("from", "to")

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: AnyModelAdmin
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.given: dict[str, str] = {name: params.pop(name)[-1] for name in self.parameters if name in params}
        self.field: str = model_admin.time_field  # type: ignore[attr-defined]

    @property
    def first(self) -> datetime | None:
        """The moment from which rows are shown."""
        return _moment(self.given.get("from", ""))

    @property
    def end(self) -> datetime | None:
        """The moment before which rows are shown: the end of the last day."""
        last = _day(self.given.get("to", ""))
        return _midnight(last) + timedelta(days=1) if last else None

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.parameters)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.first:
            queryset = queryset.filter(since(self.first, field=self.field))
        return queryset.filter(**{f"{self.field}__lt": self.end}) if self.end else queryset

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Yield the shortcuts, and last what the form for other days needs."""
        yield self._shortcut(changelist, _("Any time"), {})
        yield self._shortcut(changelist, _("Last hour"), {"from": _hour_ago()})
        today = timezone.now().astimezone(UTC).date()
        for days_ago in range(SHORTCUT_DAYS):
            day = today - timedelta(days=days_ago)
            yield self._shortcut(changelist, _day_label(day, days_ago=days_ago), day_query(day))
        yield {"kept": self._kept(changelist), "first": _day_text(self.first), "last": self.given.get("to")}

    def _shortcut(self, changelist: ChangeList, label: str, query: dict[str, str]) -> dict[str, Any]:
        address = changelist.get_query_string(query, remove=[name for name in self.parameters if name not in query])
        return {"selected": query == self.given, "query_string": address, "display": label}

    def _kept(self, changelist: ChangeList) -> list[tuple[str, str]]:
        dropped = {*self.parameters, "p"}
        return [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name not in dropped
            for value in values
        ] + ([("q", changelist.query)] if changelist.query else [])


class LatelySeenFilter(admin.FieldListFilter):
    """Offer the values that a column had lately (and the one chosen): DISTINCT would read the whole table."""

    def __init__(
        self,
        field: "Field[Any, Any]",
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: AnyModelAdmin,
        field_path: str,
    ) -> None:
        self.parameter = field_path
        self.chosen = params.get(field_path, [])
        super().__init__(field, request, params, model, model_admin, field_path)
        newest = model._default_manager.order_by("-pk").values_list(field_path, flat=True)[:LATEST_ROWS]
        self.values = sorted({*newest, *self.chosen} - {""})

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def has_output(self) -> bool:
        return bool(self.values)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        everything = changelist.get_query_string(remove=[self.parameter])
        yield {"selected": not self.chosen, "query_string": everything, "display": _("All")}
        for value in self.values:
            address = changelist.get_query_string({self.parameter: value})
            yield {"selected": value in self.chosen, "query_string": address, "display": value}


def related_filter(name: str, *, title: str | Promise) -> type[admin.SimpleListFilter]:
    """Return a filter by a foreign key that shows itself only when an address uses it (`?user=5`), to take it off."""

    class RelatedFilter(admin.SimpleListFilter):
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: AnyModelAdmin) -> list[tuple[str, str]]:
            return [(str(value), str(value)) for value in self.used_parameters.values()]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            try:
                return queryset.filter(**{name: self.value()}) if self.value() else queryset
            except (ValueError, ValidationError) as error:
                raise IncorrectLookupParameters(error) from error

    RelatedFilter.title = title  # type: ignore[assignment]
    return RelatedFilter


def day_query(day: date) -> dict[str, str]:
    """Return the parameters of a list that is narrowed to one day."""
    return {"from": day.isoformat(), "to": day.isoformat()}


def query_string(**parameters: object) -> str:
    """Return parameters of an address, with the question mark; `from_` is written `from`."""
    return "?" + urlencode({name.rstrip("_"): value for name, value in parameters.items()})


def _moment(text: str) -> datetime | None:
    day = _day(text)
    if day:
        return _midnight(day)
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _hour_ago() -> str:
    return (timezone.now().astimezone(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")


def _day_text(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def _day_label(day: date, *, days_ago: int) -> str:
    return {0: _("Today"), 1: _("Yesterday")}.get(days_ago) or date_format(day, "D, M j")
