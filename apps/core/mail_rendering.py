"""A mail is one template: rendered three times, as its subject, as text and as HTML, each within a layout of its own.

The template says `{% extends layout %}` and fills the blocks of templates/mail/layout.html. What it shows of people's
own words are texts in the context: each is put on one line, so that nobody writes paragraphs into our mails.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.template import Context, Engine
from django.template.base import Template
from django.urls import reverse
from django.utils.text import Truncator

from apps.core.brand import palette
from apps.core.models import OutgoingMail

SUBJECT_LENGTH_MAX: int = OutgoingMail._meta.get_field("subject").max_length or 0


class MailContent(NamedTuple):
    """What a mail says; both bodies say the same and have the same links."""

    subject: str
    text: str
    html: str


def render(template_name: str, context: Mapping[str, Any]) -> MailContent:
    """Render a mail's template in the active language and time zone. Raises TemplateDoesNotExist."""
    template = Engine.get_default().get_template(template_name)
    known = {name: on_one_line(value) if isinstance(value, str) else value for name, value in context.items()}
    known |= {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "colors": palette()}
    subject = on_one_line(_render(template, known, layout="mail/layout_subject.txt", kind="txt"))
    return MailContent(
        subject=Truncator(subject).chars(SUBJECT_LENGTH_MAX),
        text=_tidy(_render(template, known, layout="mail/layout.txt", kind="txt")),
        html=_render(template, known, layout="mail/layout.html", kind="html").strip() + "\n",
    )


def absolute_url(name: str, **arguments: Any) -> str:
    """Return the public address of a page by its URL name: under SITE_URL, whatever host a request has named."""
    path: str = reverse(name, kwargs=arguments)
    return f"{settings.SITE_URL}{path}"


def on_one_line(text: str) -> str:
    """Return a text without line breaks and doubled spaces."""
    return " ".join(text.split())


def _render(template: Template, context: Mapping[str, Any], *, layout: str, kind: str) -> str:
    # Text is no markup: escaped, a name with an ampersand would be shown wrong.
    filled = Context({**context, "layout": layout, "mail_kind": kind}, autoescape=kind == "html")
    return template.render(filled)


def _tidy(text: str) -> str:
    lines = "\n".join(line.strip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
