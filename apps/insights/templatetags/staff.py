"""What the pages of the admin show about customers' rows."""

from typing import Any

from django import template

from apps.generation.admin import customers_clock

register = template.Library()
register.filter("customers_clock", customers_clock)


@register.filter
def value_of(row: Any, name: str) -> Any:
    """Return a named value of a row: models call their times by different names."""
    return getattr(row, name)
