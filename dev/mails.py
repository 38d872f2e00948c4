"""Every mail of the product with sample data, HTML and text side by side: /dev/mails/ on a laptop."""

from datetime import date
from typing import Any, NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from apps.accounts.sign_up import current_offer
from apps.core import mail_rendering
from apps.core.mail_rendering import MailContent
from apps.usage.breakdown import Measures
from dev.billing_mails import list_billing_mails
from dev.mail_frame import framed_html, shows_a_frame

EMAIL = "ada@example.com"


class Sample(NamedTuple):
    """A mail, when it is sent, and what its template is given."""

    name: str
    when: str
    template: str
    context: dict[str, Any]


def list_samples() -> list[Sample]:
    """Return every mail that the product can send, in the order in which a person would meet them."""
    return [*_on_the_way_in(), *_about_changes(), *_about_money(), *_about_the_rest()]


def overview(request: HttpRequest) -> HttpResponse:
    """List every mail."""
    return render(request, "dev/mails.html", {"samples": list_samples()})


@shows_a_frame
def preview(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail: its subject, its HTML and its text."""
    sample = _find(name)
    return render(request, "dev/mail_preview.html", {"sample": sample, "content": _render(sample)})


@framed_html
def preview_html(request: HttpRequest, name: str) -> str:
    """Return the HTML of one mail."""
    return _render(_find(name)).html


def _on_the_way_in() -> list[Sample]:
    site = settings.SITE_URL
    confirmation = {"email": EMAIL, "activate_url": f"{site}/accounts/confirm-email/MQ:1sample:key/"}
    return [
        _account("email_confirmation_signup", "Somebody signed up", confirmation | {"confirmation_hours": 72}),
        Sample("welcome", "The address is confirmed", "mail/welcome.html", {"credits": 500}),
        Sample(
            "invitation",
            "Somebody is invited into a team",
            "mail/invitation.html",
            {
                "workspace_name": "North Sea Charts",
                "inviter": "Ada Lovelace",
                "role": "Member",
                "role_means": "Generates, and sees everybody's generations in this workspace.",
                "expires_at": timezone.now(),
                "invitation_url": f"{site}/invitations/sample-link/",
            },
        ),
        *_about_the_waitlist(site),
        _account("email_confirmation", "An address is confirmed later", confirmation | {"confirmation_hours": 72}),
        _account(
            "account_already_exists",
            "Signed up with an address that has an account",
            {"email": EMAIL, "password_reset_url": f"{site}/accounts/password/reset/"},
        ),
        _account(
            "password_reset_key",
            "A new password was asked for",
            {
                "email": EMAIL,
                "password_reset_url": f"{site}/accounts/password/reset/key/1-sample-key/",
                "password_reset_hours": 72,
            },
        ),
        _account(
            "login_code",
            "A code to log in was asked for",
            {"email": EMAIL, "code": "BCDF-GHJK", "login_code_minutes": 10},
        ),
        _account(
            "unknown_account",
            "A new password or a code was asked for with an unknown address",
            {"email": EMAIL, "signup_url": f"{site}/accounts/signup/", "sign_up": current_offer()},
        ),
    ]


def _about_the_waitlist(site: str) -> list[Sample]:
    leaving = {"email": EMAIL, "leaving_url": f"{site}/waitlist/leaving/sample-link/"}
    confirmation = {"confirmation_url": f"{site}/waitlist/confirmation/sample-link/", "lifetime_days": 7}
    invitation = {"invitation_url": f"{site}/waitlist/invitation/sample-link/", "expires_at": timezone.now()}
    return [
        Sample(
            "waitlist_confirmation",
            "Somebody joins the waitlist",
            "mail/waitlist_confirmation.html",
            leaving | confirmation,
        ),
        Sample(
            "waitlist_invitation",
            "It is somebody's turn",
            "mail/waitlist_invitation.html",
            leaving | invitation | {"credits": 500},
        ),
    ]


def _about_changes() -> list[Sample]:
    change = {"email": EMAIL, "timestamp": timezone.now(), "ip": "198.51.100.7", "device": "Firefox on Linux"}
    return [
        _account("password_reset", "A new password was chosen through a mail", change),
        _account("password_changed", "The password was changed", change),
        _account("password_set", "A password was chosen for the first time", change),
        _account(
            "email_changed",
            "The address was changed; goes to the one before",
            change | {"from_email": EMAIL, "to_email": "ada.lovelace@example.com"},
        ),
        Sample(
            "account_deletion",
            "The account is to be deleted",
            "mail/account_deletion.html",
            {"due_at": timezone.now(), "login_url": f"{settings.SITE_URL}/accounts/login/"},
        ),
        Sample(
            "data_export",
            "The file with a person's data is made",
            "mail/data_export.html",
            {"expires_at": timezone.now(), "data_url": f"{settings.SITE_URL}/settings/data/"},
        ),
        _account("email_deleted", "An address was removed", change | {"deleted_email": "old@example.com"}),
        *_about_ways_in(change),
    ]


def _about_ways_in(change: dict[str, Any]) -> list[Sample]:
    github = change | {"provider": {"name": "GitHub"}}
    return [
        _account("totp_activated", "An authenticator app was added", change, folder="mfa"),
        _account("totp_deactivated", "The authenticator app was removed", change, folder="mfa"),
        _account("webauthn_added", "A passkey was added", change, folder="mfa"),
        _account("webauthn_removed", "A passkey was removed", change, folder="mfa"),
        _account("recovery_codes_generated", "There are new recovery codes", change, folder="mfa"),
        _account("account_connected", "An account elsewhere was connected", github, folder="socialaccount"),
        _account("account_disconnected", "An account elsewhere was disconnected", github, folder="socialaccount"),
    ]


def _about_money() -> list[Sample]:
    return [Sample(mail.name, mail.when, f"mail/{mail.name}.html", mail.context) for mail in list_billing_mails()]


def _about_the_rest() -> list[Sample]:
    return [
        Sample(
            "alert",
            "Something needs those who run the product",
            "mail/alert.html",
            {
                "sentence": "The provider openai has failed five times in a row. The last error was idle_timeout.",
                "facts": [("last_error", "idle_timeout"), ("provider", "openai")],
                "admin_url": f"{settings.SITE_URL}/admin/core/alert/",
            },
        ),
        Sample(
            "member_removed",
            "Somebody is taken out of a team",
            "mail/member_removed.html",
            {"workspace_name": "North Sea Charts", "remover": "Ada Lovelace", "role": "Owner"},
        ),
        Sample(
            "low_balance",
            "Credits run low",
            "mail/low_balance.html",
            {
                "workspace_name": "Analytical Engines",
                "available": 42,
                "threshold": 50,
                "billing_url": mail_rendering.absolute_url("billing:overview"),
            },
        ),
        Sample("usage_summary", "A month with usage is over", "mail/usage_summary.html", _a_month()),
        Sample(
            "plain",
            "Any other mail of a library",
            "mail/plain.html",
            {
                "subject": "Sign-in code",
                "paragraphs": ["Your sign-in code is listed below.", "123456", f"{settings.SITE_URL}/"],
            },
        ),
    ]


def _a_month() -> dict[str, Any]:
    used = Measures(calls=412, records=430, input_tokens=81_250, output_tokens=310_400, charged_credits=1_841)
    return {
        "workspace_name": "Analytical Engines",
        "month": date(2026, 10, 1),
        "total": used,
        "before": Measures(charged_credits=1_520),
        "change_percent": 21,
        "templates": [("Summary", 1_204), ("Reply to a letter", 512), ("Others", 125)],
        "models": [("GPT-4o mini", 1_841)],
        "usage_url": f"{mail_rendering.absolute_url('usage:overview')}?since=2026-10-01&until=2026-10-31",
    }


def _account(name: str, when: str, context: dict[str, Any], *, folder: str = "account") -> Sample:
    return Sample(name, when, f"{folder}/email/{name}.html", context)


def _find(name: str) -> Sample:
    for sample in list_samples():
        if sample.name == name:
            return sample
    raise Http404


def _render(sample: Sample) -> MailContent:
    return mail_rendering.render(sample.template, sample.context)


urlpatterns = [
    path("", overview, name="dev_mails"),
    path("<slug:name>/", preview, name="dev_mail"),
    path("<slug:name>/html/", preview_html, name="dev_mail_html"),
]
