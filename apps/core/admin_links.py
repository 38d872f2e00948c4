"""Ways from row to row in the admin. Models are named "app.model", so that no floor needs to know those above it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString


class Related(NamedTuple):
    """A way to other rows: the model as "app.model", and what its list is narrowed to."""

    label: str | Promise
    model: str
    query: Mapping[str, object]


def link_to(row: Model | None, *, label: object = None) -> SafeString | str:
    """Link to the admin page of a row; a dash where there is none."""
    if row is None:
        return "-"
    return page_link(row._meta.label_lower, row.pk, label=row if label is None else label)


def page_link(model: str, key: object, *, label: object) -> SafeString | str:
    """Link to the admin page of a row of an "app.model" that this floor need not know."""
    try:
        address = reverse(f"admin:{model.replace('.', '_')}_change", args=[key])
    except NoReverseMatch:
        return str(label)
    return format_html('<a href="{}">{}</a>', address, label)


def list_url(model: str, **query: object) -> str:
    """Return the address of the admin list of an "app.model"; `from_` is written `from`."""
    address = reverse(f"admin:{model.replace('.', '_')}_changelist")
    named = {name.rstrip("_"): str(value) for name, value in query.items()}
    return f"{address}?{urlencode(named)}" if named else address


def related_links(related: Sequence[Related]) -> SafeString:
    """Show ways to other rows as a line of links; what the admin does not show is left out."""
    addresses = [(address, way.label) for way in related if (address := _find_list_url(way))]
    return format_html('<span class="see-also">{}</span>', format_html_join(" ", '<a href="{}">{}</a>', addresses))


def badge(status: str, *, label: object) -> SafeString:
    """Show a status in its color."""
    return format_html('<span class="badge badge-{}">{}</span>', status, label)


def _find_list_url(way: Related) -> str:
    try:
        return list_url(way.model, **way.query)
    except NoReverseMatch:
        return ""
