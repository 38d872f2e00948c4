"""The mails of a laptop, in the browser: what the file backend wrote under VAR_DIR/mail, shown as plain text."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

# The file backend's line between two mails of one connection.
SEPARATOR = b"\n" + b"-" * 79 + b"\n"
MAILS_SHOWN = 100


class Mail(NamedTuple):
    """One mail in a file; `name` and `position` find it again."""

    name: str
    position: int
    to: str
    subject: str
    date: str
    text: str


def inbox(request: HttpRequest) -> HttpResponse:
    """List the newest mails."""
    return render(request, "dev/mailbox.html", {"mails": _read_all()[:MAILS_SHOWN]})


def read(request: HttpRequest, name: str, position: int) -> HttpResponse:
    """Show one mail as text, its links clickable."""
    for mail in _read_all():
        if (mail.name, mail.position) == (name, position):
            return render(request, "dev/mail.html", {"mail": mail})
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
    body = message.get_body(preferencelist=("plain", "html"))
    text = body.get_content() if body else ""
    return Mail(name, position, message["to"] or "", message["subject"] or "", message["date"] or "", text)


urlpatterns = [
    path("", inbox, name="mailbox"),
    path("<str:name>/<int:position>/", read, name="mailbox_mail"),
]
