"""Icons, inline: `{% icon "check" %}`. They are Lucide's (ISC licence), one file each in templates/icons/."""

import re
from functools import cache

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def icon(name: str, **attributes: str) -> SafeString:
    """Return an icon that says nothing to a screen reader; the words beside it do. Raises FileNotFoundError."""
    classes = f"icon {attributes.get('class', '')}".strip()
    return format_html('<svg class="{}" aria-hidden="true" {}</svg>', classes, mark_safe(_inside(name)))  # noqa: S308


@cache
def _inside(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise FileNotFoundError(name)
    path = settings.BASE_DIR / "templates" / "icons" / f"{name}.svg"
    return path.read_text().strip().removeprefix("<svg ").removesuffix("</svg>")
