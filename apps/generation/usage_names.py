"""How what usage is added up by is called, and where its generations are."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from apps.accounts.models import ApiKey, User
from apps.generation import history, prompts
from apps.generation.history import Filters
from apps.generation.model_names import model_label
from apps.usage.breakdown import Group, Grouping


def name_groups(*, by: Grouping, groups: Collection[Group]) -> dict[Group, str]:
    """Return what people call each group. At most one query, in the scope of the workspace."""
    if by == Grouping.MODEL:
        return {group: model_label(str(group)) for group in groups}
    if by == Grouping.TEMPLATE:
        return _templates(groups)
    return _people(groups) if by == Grouping.MEMBER else _keys(groups)


def link_to_generations(*, by: Grouping, group: Group, first_day: date, last_day: date) -> str:
    """Return the address of the generations that a line counts; empty where the history has no word for them.

    There they are listed by when they were started (so those that ended after midnight UTC under the day before), by
    the model that was asked first, and with those that ended before any model was asked, which used nothing.
    """
    days = Filters(since=first_day, until=last_day, zone=history.IN_UTC)
    if by == Grouping.DAY:
        return days.url()
    if group is None:
        return days.url(key=history.OF_PAGES) if by == Grouping.KEY else ""
    names = {Grouping.TEMPLATE: "template", Grouping.MODEL: "model", Grouping.MEMBER: "member", Grouping.KEY: "key"}
    return days.url(**{names[by]: group}) if group else ""


def _templates(groups: Collection[Group]) -> dict[Group, str]:
    known = {template.slug: template.name for template in prompts.list_all()}
    return {group: known.get(str(group), str(group)) or _("Without a template") for group in groups}


def _people(groups: Collection[Group]) -> dict[Group, str]:
    people = User.objects.filter(pk__in=[group for group in groups if isinstance(group, int)])
    known: dict[Group, str] = {person.pk: person.display_name for person in people if person.erased_at is None}
    return {group: known.get(group, _("Erased person")) for group in groups}


def _keys(groups: Collection[Group]) -> dict[Group, str]:
    keys = ApiKey.objects.filter(pk__in=[group for group in groups if isinstance(group, UUID)])
    known: dict[Group, str] = {key.pk: key.name for key in keys}
    known[None] = _("On the pages")
    return {group: known.get(group, _("Erased key")) for group in groups}
