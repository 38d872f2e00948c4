"""A session is a new one whenever somebody else is in it than before, and nobody is in the old one any more."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from apps.accounts.models import User
from tests.accounts.conftest import PASSWORD, new_email, new_visitor
from tests.accounts.device import Device
from tests.accounts.factors import code_of, is_in, log_in, new_app
from tests.accounts.test_impersonation import acting_as
from tests.accounts.test_login_code import CONFIRM, last_code
from tests.accounts.test_login_code import ask as ask_for_code
from tests.accounts.test_mfa import SECOND_STEP
from tests.accounts.test_passkeys import add, browser_at_the_site, log_in_by, proved
from tests.accounts.test_social import _configured, go_through, provider, vouch_for  # noqa: F401
from tests.accounts.test_staff_roles import browser_of, staff

pytestmark = pytest.mark.django_db
COOKIE, TOKEN = settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME
LOGIN, OUT = "/accounts/login/", "/accounts/logout/"


@dataclass
class Cookies:
    """What a browser has kept."""

    session: str
    token: str

    @classmethod
    def of(cls, browser: Client) -> "Cookies":
        return cls(*(browser.cookies[name].value if name in browser.cookies else "" for name in (COOKIE, TOKEN)))


def planted(browser: Client) -> Cookies:
    """Give a browser a session and a token that somebody else knows, as an attacker would plant them."""
    session = browser.session
    session["planted"] = True
    session.save()
    browser.get(LOGIN)
    return Cookies.of(browser)


def by_password(browser: Client, user: User) -> None:
    log_in(browser, user.email)


def by_code(browser: Client, user: User) -> None:
    ask_for_code(browser, user.email)
    browser.post(CONFIRM, {"code": last_code()})


def by_second_factor(browser: Client, user: User) -> None:
    secret = new_app(user)
    log_in(browser, user.email)
    browser.post(SECOND_STEP, {"code": code_of(secret)})


WAYS: list[Callable[[Client, User], Any]] = [by_password, by_code, by_second_factor]


@pytest.mark.parametrize("way", WAYS)
def test_a_login_leaves_the_session_before_it_behind(owner, way):
    browser = new_visitor()
    before = planted(browser)

    way(browser, owner)

    assert_moved(browser, before)


def test_a_passkey_does_too(owner, settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    device, browser = Device(), browser_at_the_site()
    add(proved(owner), device)
    before = planted(browser)

    log_in_by(browser, device)

    assert_moved(browser, before)


@pytest.mark.usefixtures("_configured")
def test_an_account_elsewhere_does_too(visitor, provider):  # noqa: F811
    vouch_for(provider, new_email("ada"))
    before = planted(visitor)

    go_through(visitor, provider)

    assert_moved(visitor, before)


def test_logging_out_ends_the_session_in_the_database(owner):
    browser = new_visitor()
    log_in(browser, owner.email)
    before = Cookies.of(browser)

    browser.post(OUT)

    assert not is_in(browser)
    assert not lets_in(before.session)


def test_a_new_password_ends_the_other_sessions_and_renews_this_one(owner):
    here, elsewhere = new_visitor(), new_visitor()
    log_in(here, owner.email)
    log_in(elsewhere, owner.email)
    before = Cookies.of(here)

    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "another-horse-battery"})

    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert not lets_in(before.session)


def test_acting_as_a_customer_begins_and_ends_with_a_new_session(owner):
    support = staff("support")
    browser = acting_as(owner, by=support)
    acting = Cookies.of(browser)

    browser.post("/impersonation/ending/")

    assert browser.get("/admin/").status_code == 200
    assert Cookies.of(browser).session != acting.session
    assert not lets_in(acting.session)


def test_who_knew_the_session_before_does_not_act_as_the_customer(owner):
    support = staff("support")
    browser = browser_of(support)
    before = Cookies.of(browser)

    browser.post(f"/admin/accounts/user/{owner.pk}/impersonation/", {"reason": "ticket 7"})

    assert Cookies.of(browser).session != before.session
    assert not lets_in(before.session)


def assert_moved(browser: Client, before: Cookies) -> None:
    """Check that somebody is in, under another key and another token, and that the old ones are worth nothing."""
    after = Cookies.of(browser)
    assert is_in(browser)
    assert before.session
    assert before.token
    assert after.session != before.session
    assert after.token != before.token
    assert not lets_in(before.session)


def lets_in(session_key: str) -> bool:
    """Tell whether somebody gets in with a session that was known before."""
    browser = new_visitor()
    browser.cookies[COOKIE] = session_key
    return is_in(browser) or Session.objects.filter(session_key=session_key).exists()
