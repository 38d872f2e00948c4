"""The usage page as its address describes it: which days, added up by what, in which order; days are UTC's."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.usage.breakdown import Grouping, Measures

PERIODS: dict[str, str | Promise] = {
    "7-days": _("7 days"),
    "30-days": _("30 days"),
    "90-days": _("90 days"),
    "this-month": _("This month"),
    "last-month": _("Last month"),
}
PERIOD_DEFAULT = "30-days"
GROUPS: dict[str, tuple[Grouping, str | Promise]] = {
    "day": (Grouping.DAY, _("Day")),
    "template": (Grouping.TEMPLATE, _("Template")),
    "model": (Grouping.MODEL, _("Model")),
    "member": (Grouping.MEMBER, _("Member")),
    "key": (Grouping.KEY, _("API key")),
}
# What the chart can show.
MEASURES: dict[str, str | Promise] = {
    "credits": _("Credits"),
    "generations": _("Generations"),
    "tokens": _("Tokens"),
    "time": _("Time"),
}
# The columns of the table by which it can be sorted; a minus in front turns it around.
COLUMNS = ("name", *Measures._fields)
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class Asked:
    """What the page is to show. `period` is empty for days that were chosen one by one."""

    first_day: date
    last_day: date
    period: str = PERIOD_DEFAULT
    by: str = "day"
    measure: str = "credits"
    sort: str = ""

    @property
    def grouping(self) -> Grouping:
        """By what usage is added up."""
        return GROUPS[self.by][0]

    @property
    def day_count(self) -> int:
        """How many days these are."""
        return (self.last_day - self.first_day).days + 1

    @property
    def order(self) -> str:
        """By which column the table is sorted: if nothing was asked for, the newest day first, or the most credits."""
        return self.sort or ("-name" if self.by == "day" else "-charged_credits")

    def url(self, name: str = "usage:overview", **others: Any) -> str:
        """Return the address of the page, or of a file of it, with some of it different."""
        days: dict[str, Any] = {"since": self.first_day, "until": self.last_day}
        if self.period:
            days = {"period": self.period if self.period != PERIOD_DEFAULT else ""}
        if "period" in others:
            days = {}
        chosen = {
            "by": self.by if self.by != "day" else "",
            "measure": self.measure if self.measure != "credits" else "",
            "sort": self.sort,
        }
        query = urlencode({key: value for key, value in (days | chosen | others).items() if value})
        return reverse(name) + (f"?{query}" if query else "")

    def sorted_url(self, column: str) -> str:
        """Return the address with the table sorted by a column: the most first, and next time the other way round."""
        first, other = (column, f"-{column}") if column == "name" and self.by != "day" else (f"-{column}", column)
        return self.url(sort=other if self.order == first else first)


class UsageForm(forms.Form):
    """The one reader of the address."""

    period = forms.ChoiceField(label=_("Period"), required=False, choices=[("", ""), *PERIODS.items()])
    since = forms.DateField(label=_("From"), required=False, input_formats=["%Y-%m-%d"])
    until = forms.DateField(label=_("To"), required=False, input_formats=["%Y-%m-%d"])
    by = forms.ChoiceField(
        label=_("Grouped by"), required=False, choices=[("", ""), *((name, group[1]) for name, group in GROUPS.items())]
    )
    measure = forms.ChoiceField(label=_("Measure"), required=False, choices=[("", ""), *MEASURES.items()])
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[("", ""), *((order, "") for name in COLUMNS for order in (name, f"-{name}"))],
    )

    def __init__(self, data: QueryDict, *, groups: list[str]) -> None:
        super().__init__(data)
        by = self.fields["by"]
        assert isinstance(by, forms.ChoiceField)
        by.choices = [("", ""), *((name, GROUPS[name][1]) for name in groups)]

    def clean_since(self) -> date | None:
        """Refuse days that no calendar of ours has."""
        return _possible(self.cleaned_data["since"])

    def clean_until(self) -> date | None:
        """Refuse impossible days, and an end before the start."""
        until, since = _possible(self.cleaned_data["until"]), self.cleaned_data.get("since")
        if until and since and until < since:
            raise forms.ValidationError(_("This day is before the first one."))
        return until

    def asked(self, *, today: date) -> Asked:
        """Return what is to be shown: what could not be understood is left out, days win over a period."""
        self.full_clean()
        known = {name: value for name, value in self.cleaned_data.items() if value}
        since, until = known.pop("since", None), known.pop("until", None)
        period = known.pop("period", PERIOD_DEFAULT)
        if since or until:
            until = until or max(today, since)
            return Asked(since or until - timedelta(days=29), until, period="", **known)
        return Asked(*days_of(period, today=today), period=period, **known)

    def not_applied(self) -> list[str | Promise]:
        """Name what could not be understood."""
        return [self.fields[name].label or name for name in self.errors]


def days_of(period: str, *, today: date) -> tuple[date, date]:
    """Return the first and the last day of a period, as seen from a day."""
    if period == "this-month":
        return today.replace(day=1), today
    if period == "last-month":
        last_day = today.replace(day=1) - timedelta(days=1)
        return last_day.replace(day=1), last_day
    return today - timedelta(days=int(period.removesuffix("-days")) - 1), today


def _possible(day: date | None) -> date | None:
    if day and not _FIRST_DAY <= day <= _LAST_DAY:
        raise forms.ValidationError(_("Choose another day."))
    return day
