"""The mails of a laptop, in the browser: what the file backend wrote under VAR_DIR/mail, as HTML and as text."""

import email
import email.policy
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from dev.mail_frame import framed_html, shows_a_frame

# The file backend's line between two mails of one connection.
SEPARATOR = b"\n" + b"-" * 79 + b"\n"
MAILS_SHOWN = 100


class Mail(NamedTuple):
    """One mail in a file; `name` and `position` find it again."""

    name: str
    position: int
    to: str
    subject: str
    sent_at: datetime | None
    text: str
    html: str


def inbox(request: HttpRequest) -> HttpResponse:
    """List the newest mails."""
    return render(request, "dev/mailbox.html", {"mails": _read_all()[:MAILS_SHOWN]})


@shows_a_frame
def read(request: HttpRequest, name: str, position: int) -> HttpResponse:
    """Show one mail, its links clickable."""
    return render(request, "dev/mail.html", {"mail": _find(name=name, position=position)})


@framed_html
def read_html(request: HttpRequest, name: str, position: int) -> str:
    """Return the HTML of one mail."""
    return _find(name=name, position=position).html


def _find(*, name: str, position: int) -> Mail:
    for mail in _read_all():
        if (mail.name, mail.position) == (name, position):
            return mail
    raise Http404


def _read_all() -> list[Mail]:
    folder = Path(settings.VAR_DIR) / "mail"
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [mail for file in files[:MAILS_SHOWN] for mail in _read_file(file)]


def _read_file(file: Path) -> list[Mail]:
    parts = [part for part in file.read_bytes().split(SEPARATOR) if part.strip()]
    mails = [_parse(part, name=file.name, position=position) for position, part in enumerate(parts)]
    return mails[::-1]


def _parse(content: bytes, *, name: str, position: int) -> Mail:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return Mail(
        name=name,
        position=position,
        to=message["to"] or "",
        subject=message["subject"] or "",
        sent_at=message["date"].datetime if message["date"] else None,
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    return body.get_content() if body else ""


urlpatterns = [
    path("", inbox, name="mailbox"),
    path("<str:name>/<int:position>/", read, name="mailbox_mail"),
    path("<str:name>/<int:position>/html/", read_html, name="mailbox_mail_html"),
]
