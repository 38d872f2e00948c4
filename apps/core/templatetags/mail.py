"""The parts of a mail: each knows how it looks as HTML and as text (templates/mail/components/)."""

import re
from typing import Any

from django import template
from django.template import Context
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.core import mail_rendering

register = template.Library()
# Lines that say more than one thing stand apart from each other by an empty line, as in any text.
_GAP = re.compile(r"\n\s*\n")


@register.filter
def html_paragraphs(text: str) -> SafeString:
    """Return each paragraph of a text as one of HTML."""
    return format_html_join("\n", '<p style="margin:0 0 16px">{}</p>', ((part,) for part in _paragraphs(text)))


@register.filter
def text_paragraphs(text: str) -> SafeString:
    """Return each paragraph of a text on one line of its own: mail programs fold it as wide as they are."""
    return mark_safe("\n\n".join(_paragraphs(text)))  # noqa: S308 - this is the body that is no markup


@register.simple_tag
def absolute_url(name: str, **arguments: Any) -> str:
    """Return the public address of a page."""
    return mail_rendering.absolute_url(name, **arguments)


@register.simple_tag(takes_context=True)
def button(context: Context, label: str, url: str) -> SafeString:
    """Return the one thing to do, with its link in full."""
    return _part(context, "button", label=label, url=url)


@register.simple_tag(takes_context=True)
def link(context: Context, label: str, url: str) -> SafeString:
    """Return something else that can be done."""
    return _part(context, "link", label=label, url=url)


@register.simple_tag(takes_context=True)
def fact(context: Context, label: str, value: object) -> SafeString:
    """Return one line of a small table."""
    return _part(context, "fact", label=label, value=value)


@register.simple_tag(takes_context=True)
def step(context: Context, number: int, text: str) -> SafeString:
    """Return one line of a numbered list."""
    return _part(context, "step", number=number, text=text)


def _part(context: Context, name: str, **more: object) -> SafeString:
    assert context.template is not None
    part = context.template.engine.get_template(f"mail/components/{name}.{context['mail_kind']}")
    with context.push(**more):
        return mark_safe(part.render(context).strip())  # noqa: S308 - the part has escaped what it shows


def _paragraphs(text: str) -> list[SafeString]:
    parts = _GAP.split(conditional_escape(text))
    return [mark_safe(mail_rendering.on_one_line(part)) for part in parts if part.strip()]  # noqa: S308 - escaped above
