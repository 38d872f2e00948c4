"""Where allauth meets our house: its mails leave through the worker."""

import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter

from apps.core import mail, tasks
from apps.core.ringing import ring_on_commit


class AccountAdapter(DefaultAccountAdapter):
    """Queues each mail once: its key is what it says and to whom."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render allauth's mail and queue it for the worker, after commit."""
        message = self.render_mail(template_prefix, email, {"request": self.request, "email": email, **context})
        digest = hashlib.sha256(f"{email}\n{message.body}".encode()).hexdigest()
        queued = mail.queue_mail(
            key=f"{template_prefix}:{digest}"[:128], to=email, subject=message.subject, text=str(message.body)
        )
        ring_on_commit(tasks.deliver_mail, mail_id=str(queued.pk))
