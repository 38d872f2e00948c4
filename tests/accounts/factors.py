"""What tests of second factors do again and again: prove who they are, set up an app, read its codes."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client

from apps.accounts.models import User
from tests.accounts.conftest import PASSWORD, new_visitor

PERIOD_SECONDS = 30


def proved(user: User) -> Client:
    """Return a browser in which somebody is logged in and has just proved who they are."""
    browser = new_visitor()
    log_in(browser, user.email)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


def log_in(browser: Client, email: str, **more: str):
    return browser.post("/accounts/login/", {"login": email, "password": PASSWORD, **more})


def is_in(browser: Client) -> bool:
    return browser.get("/settings/security/").status_code == 200


def new_app(user: User) -> str:
    """Give somebody an authenticator app; return its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def new_recovery_codes(user: User) -> list[str]:
    return RecoveryCodes.activate(user).generate_codes()


def code_of(secret: str, *, periods: int = 0) -> str:
    """Return the code that an app shows, now or some periods later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_SECONDS + periods))


def wrong_code_of(secret: str) -> str:
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in _accepted(secret))


def kinds_of(user: User) -> set[str]:
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))


def _accepted(secret: str) -> set[str]:
    return {code_of(secret, periods=periods) for periods in (-2, -1, 0, 1, 2)}
