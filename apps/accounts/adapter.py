"""Where allauth meets our house: its mails leave through the worker, it sees the same addresses as we do."""

import hashlib
from types import SimpleNamespace
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.http import HttpRequest

from apps.core import mail, tasks
from apps.core.http import client_address
from apps.core.request_id import current_request_id
from apps.core.ringing import ring_on_commit


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Queues each mail once per request: its key is what it says, to whom and why."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render allauth's mail and queue it for the worker, after commit."""
        request = allauth_context.request
        site = SimpleNamespace(name=settings.SITE_NAME, domain=settings.SITE_URL)
        message = self.render_mail(
            template_prefix, email, {"request": request, "email": email, "current_site": site, **context}
        )
        reason = f"{email}\n{message.body}\n{current_request_id()}"
        queued = mail.queue_mail(
            key=f"{template_prefix}:{hashlib.sha256(reason.encode()).hexdigest()}",
            to=email,
            subject=message.subject,
            text=str(message.body),
        )
        ring_on_commit(tasks.deliver_mail, mail_id=str(queued.pk))

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the caller's address as every other limit of ours reads it."""
        return client_address(request)
