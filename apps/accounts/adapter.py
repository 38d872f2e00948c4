"""Where allauth meets our house: its mails leave through the worker, it sees the same addresses as we do."""

import hashlib
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import reverse

from apps.accounts import sign_up
from apps.accounts.devices import read_device
from apps.accounts.invitations import FOLLOWED
from apps.accounts.models import User
from apps.core import mail, tasks
from apps.core.http import client_address
from apps.core.mail_rendering import MailContent, render
from apps.core.request_id import current_request_id
from apps.core.ringing import ring_on_commit


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Queues each mail once per request: its key is what it says, to whom and why."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render allauth's mail with our template of its name and queue it for the worker, after commit."""
        content = self._render(template_prefix, email, context)
        reason = f"{email}\n{content.text}\n{current_request_id()}"
        queued = mail.queue_mail(
            key=f"{template_prefix}:{hashlib.sha256(reason.encode()).hexdigest()}",
            to=email,
            subject=content.subject,
            text=content.text,
            html=content.html,
        )
        ring_on_commit(tasks.deliver_mail, mail_id=str(queued.pk))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where a log-in leads: back to the invitation that was followed, if there is one."""
        return _invitation_page(request) or str(super().get_login_redirect_url(request))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Return where signing up leads, as a log-in does."""
        return _invitation_page(request) or str(super().get_signup_redirect_url(request))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tell whether anybody can make an account in this browser; with which address, the form says."""
        return sign_up.admits(request)

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """Tell whether an address is confirmed before an account has it: by a link that was mailed there."""
        return sign_up.proves_address(request, email=email) or bool(super().is_email_verified(request, email))

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the caller's address as every other limit of ours reads it."""
        return client_address(request)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Say why somebody with the right password is not let in."""
        if user.suspended_at is None:
            return super().respond_user_inactive(request, user)  # type: ignore[no-any-return]
        return redirect("account_suspended")

    def _render(self, template_prefix: str, email: str, context: dict[str, Any]) -> MailContent:
        known = context | {name: _at_site(url) for name, url in context.items() if name.endswith("_url")}
        if not _exists(f"{template_prefix}.html"):
            return self._render_plain(template_prefix, email, known)
        more = {
            "email": email,
            "sign_up": sign_up.current_offer(),
            "device": read_device(context.get("user_agent", "")).name,
            "confirmation_hours": app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS * 24,
            "login_code_minutes": app_settings.LOGIN_BY_CODE_TIMEOUT // 60,
            "password_reset_hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
        }
        return render(f"{template_prefix}.html", known | more)

    def _render_plain(self, template_prefix: str, email: str, context: dict[str, Any]) -> MailContent:
        site = SimpleNamespace(name=settings.SITE_NAME, domain=settings.SITE_URL)
        theirs = {"request": allauth_context.request, "email": email, "current_site": site, **context}
        message = self.render_mail(template_prefix, email, theirs)
        paragraphs = str(message.body).split("\n\n")
        return render("mail/plain.html", {"subject": message.subject, "paragraphs": paragraphs})


def _invitation_page(request: HttpRequest) -> str:
    return reverse("invitation_waiting") if FOLLOWED in request.session else ""


def _at_site(url: str) -> str:
    """Lead to SITE_URL, whatever host the request has named."""
    parts = urlsplit(url)
    return f"{settings.SITE_URL}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _exists(template_name: str) -> bool:
    try:
        get_template(template_name)
    except TemplateDoesNotExist:
        return False
    return True
