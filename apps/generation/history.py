"""The history as its address describes it: which generations are meant, and how to say so again in an address."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.text import storable
from apps.generation import catalogue, prompts, search
from apps.generation.models import Generation

DELETED, ARCHIVED = "deleted", "archived"
# Where a generation came from: a batch can be thousands of them.
SOURCES = {"single": _("Without batches"), "batch": _("From batches")}
# Of whom, by which key, and days as the usage page counts them: for its links.
OF_PAGES, IN_UTC = "pages", "utc"
SEARCH_CHARACTERS = 200
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class Filters:
    """What a person looks for; empty means everything. Days are of their own time zone, or UTC's, both included."""

    q: str = ""
    status: str = ""
    template: str = ""
    model: str = ""
    tag: str = ""
    source: str = ""
    since: date | None = None
    until: date | None = None
    zone: str = ""
    member: int | None = None
    key: UUID | str | None = None
    view: str = ""

    @property
    def is_deleted(self) -> bool:
        """Whether this is the view of what was deleted lately."""
        return self.view == DELETED

    @property
    def is_archived(self) -> bool:
        """Whether this is the view of what was put away."""
        return self.view == ARCHIVED

    @property
    def is_chosen(self) -> bool:
        """Whether any filter besides the search is in effect."""
        return any(value for name, value in asdict(self).items() if name not in {"q", "view"})

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the view is asked for."""
        return bool(self.q) or self.is_chosen

    def starts_at(self) -> datetime | None:
        """The first moment of the first day."""
        return self._midnight(self.since) if self.since else None

    def ends_at(self) -> datetime | None:
        """The first moment after the last day."""
        return self._midnight(self.until + timedelta(days=1)) if self.until else None

    def url(self, **others: Any) -> str:
        """Return the address of the list with these filters, and with others (a None takes one away)."""
        values = asdict(self) | others
        query = urlencode({name: value for name, value in values.items() if value})
        return reverse("generation:list") + (f"?{query}" if query else "")

    def _midnight(self, day: date) -> datetime:
        return timezone.make_aware(datetime.combine(day, time.min), UTC if self.zone == IN_UTC else None)


class Chip(NamedTuple):
    """A filter that is in effect, and the address without it."""

    label: str | Promise
    value: str | Promise
    remove_url: str


class HistoryForm(forms.Form):
    """The filters above the list, and the one reader of their values."""

    q = forms.CharField(label=_("Search"), required=False, max_length=SEARCH_CHARACTERS)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any status")), *Generation.Status.choices]
    )
    template = forms.ChoiceField(label=_("Template"), required=False)
    model = forms.CharField(label=_("Model"), required=False, max_length=128)
    tag = forms.CharField(label=_("Tag"), required=False, max_length=64)
    source = forms.ChoiceField(
        label=_("Batches"), required=False, choices=[("", _("With and without")), *SOURCES.items()]
    )
    since = forms.DateField(label=_("From"), required=False, input_formats=["%Y-%m-%d"])
    until = forms.DateField(label=_("To"), required=False, input_formats=["%Y-%m-%d"])
    zone = forms.ChoiceField(required=False, choices=[("", ""), (IN_UTC, "")])
    member = forms.IntegerField(label=_("Member"), required=False, min_value=1, max_value=2**31 - 1)
    key = forms.CharField(label=_("API key"), required=False, max_length=36)
    view = forms.ChoiceField(required=False, choices=[("", ""), (DELETED, ""), (ARCHIVED, "")])

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        template = self.fields["template"]
        assert isinstance(template, forms.ChoiceField)
        template.choices = [
            ("", _("Any template")),
            *((template.slug, template.name) for template in prompts.list_all()),
        ]

    def clean_q(self) -> str:
        """Refuse what holds no word."""
        wanted = " ".join(storable(str(self.cleaned_data["q"])).split())
        if wanted and not search.has_words(wanted):
            raise forms.ValidationError(_("There is no word in this."))
        return wanted

    def clean_model(self) -> str:
        """Take any name: a model that is not offered any more has its generations still."""
        return storable(str(self.cleaned_data["model"]))

    def clean_tag(self) -> str:
        """Take any tag, as tags are kept."""
        return " ".join(storable(str(self.cleaned_data["tag"])).split()).lower()

    def clean_key(self) -> UUID | str | None:
        """Take a key's id, or the word for what came without one."""
        text = str(self.cleaned_data["key"])
        if not text or text == OF_PAGES:
            return text
        try:
            return UUID(text)
        except ValueError:
            raise forms.ValidationError(_("There is no such key.")) from None

    def clean_since(self) -> date | None:
        """Refuse days that no calendar of ours has."""
        return _possible(self.cleaned_data["since"])

    def clean_until(self) -> date | None:
        """Refuse impossible days, and an end before the start."""
        until, since = _possible(self.cleaned_data["until"]), self.cleaned_data.get("since")
        if until and since and until < since:
            raise forms.ValidationError(_("This day is before the first one."))
        return until

    def filters(self) -> Filters:
        """Return what is to be applied: what could not be understood is left out."""
        self.full_clean()
        return Filters(**{name: value for name, value in self.cleaned_data.items() if value})

    def not_applied(self) -> list[str | Promise]:
        """Name the filters that could not be understood."""
        return [self.fields[name].label or name for name in self.errors]

    def models(self) -> list[str]:
        """The models to choose from: those that are offered, and the one that is asked for."""
        asked = self.cleaned_data.get("model", "")
        offered = catalogue.offered()
        return [*offered, *([asked] if asked and asked not in offered else [])]


def chips(filters: Filters, *, names: Mapping[str, str]) -> list[Chip]:
    """Return the filters in effect, each with the address that takes it away; `names` are of the member and the key."""
    template = prompts.find_template(filters.template)
    shown: dict[str, tuple[str | Promise, str | Promise]] = {
        "q": (_("Search"), filters.q),
        "status": (_("Status"), Generation.Status(filters.status).label if filters.status else ""),
        "template": (_("Template"), template.name if template else ""),
        "model": (_("Model"), filters.model),
        "tag": (_("Tag"), filters.tag),
        "source": (_("Batches"), SOURCES.get(filters.source, "")),
        "since": (_("From"), date_format(filters.since) if filters.since else ""),
        "until": (_("To"), date_format(filters.until) if filters.until else ""),
        "zone": (_("Days"), _("in UTC") if filters.zone else ""),
        "member": (_("Member"), names.get("member", "")),
        "key": (_("API key"), names.get("key", "")),
    }
    return [Chip(label, value, filters.url(**{name: None})) for name, (label, value) in shown.items() if value]


def _possible(day: date | None) -> date | None:
    if day and not _FIRST_DAY <= day <= _LAST_DAY:
        raise forms.ValidationError(_("Choose another day."))
    return day
