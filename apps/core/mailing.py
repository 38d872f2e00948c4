"""Sending a mail that is a template: rendered, queued once per business key, and the worker is rung after commit."""

from typing import Any

from apps.core import mail, tasks
from apps.core.mail_rendering import render
from apps.core.models import OutgoingMail
from apps.core.ringing import ring_on_commit


def send(*, key: str, to: str, template: str, **context: Any) -> OutgoingMail:
    """Queue a mail in the transaction of its reason; the same key again is the first mail, and nothing is sent."""
    content = render(template, context)
    queued = mail.queue_mail(key=key, to=to, subject=content.subject, text=content.text, html=content.html)
    ring_on_commit(tasks.deliver_mail, mail_id=str(queued.pk))
    return queued
