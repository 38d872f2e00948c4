"""Money of the cost pages: `{{ row.cost_usd_micros|usd }}`, and a named figure of a row."""

from typing import Any

from django import template
from django.utils.formats import number_format

from apps.insights.figures import Figure

register = template.Library()
MICROS = 1_000_000
# A cent: what is less is shown with more places, so that a small cost is not nothing.
SMALL_MICROS = 10_000


@register.filter
def usd(micros: int) -> str:
    """Return micros of US dollars as people read them: "$12.40", "-$0.31", "$0.0042", "$0"."""
    if not micros:
        return "$0"
    places = 2 if abs(micros) >= SMALL_MICROS else 6
    shown = number_format(round(abs(micros) / MICROS, places), decimal_pos=places, force_grouping=True)
    shown = shown if places == 2 else shown.rstrip("0")
    return f"{'-' if micros < 0 else ''}${shown}"


@register.filter
def figure(row: Any, column: Figure) -> int:
    """Return a named figure of a row: of the database's, or of sums over some."""
    if isinstance(row, dict):
        number: int = row[column.name if column.name in row else f"{column.name}_sum"]
        return number
    return int(getattr(row, column.name))


@register.filter
def is_money(column: Figure) -> bool:
    """Tell whether a figure is micros of US dollars."""
    return column.name.endswith("_usd_micros")
