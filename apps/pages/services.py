"""Writing down what people tell us, and that it was handled."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.core import audit, mail, tasks
from apps.core.db import system_scope
from apps.core.ringing import ring_on_commit
from apps.pages.models import ContactMessage


def record_message(*, fields: dict[str, Any], key: UUID, user: User | None) -> ContactMessage:
    """Write down a message and mail it to SUPPORT_EMAIL, if there is one; the same key again returns the first."""
    with system_scope():
        message, created = ContactMessage.objects.get_or_create(idempotency_key=key, defaults={**fields, "user": user})
        if created and settings.SUPPORT_EMAIL:
            _tell_support(message)
    return message


def mark_handled(message_ids: Iterable[UUID], *, actor: str) -> int:
    """Close open messages, with an audit entry for each; return how many were open."""
    handled = 0
    with system_scope():
        for message_id in message_ids:
            still_open = ContactMessage.objects.filter(pk=message_id, status=ContactMessage.Status.OPEN)
            if still_open.update(status=ContactMessage.Status.HANDLED, handled_at=timezone.now()):
                audit.record(actor=actor, action="contact_message_handled", subject=f"contact_message:{message_id}")
                handled += 1
    return handled


def _tell_support(message: ContactMessage) -> None:
    address = reverse("admin:pages_contactmessage_change", args=[message.pk])
    queued = mail.queue_mail(
        key=f"contact:{message.pk}",
        to=settings.SUPPORT_EMAIL,
        subject=_("%(topic)s, from %(address)s") % {"topic": message.get_topic_display(), "address": message.reply_to},
        text=render_to_string("pages/support_mail.txt", {"message": message, "url": f"{settings.SITE_URL}{address}"}),
    )
    ring_on_commit(tasks.deliver_mail, mail_id=str(queued.pk))
