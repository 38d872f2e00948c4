"""The mails of allauth leave in our layout, as HTML and as text, with links to our site and nobody else's."""

from importlib.resources import files

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from django.test import RequestFactory

from apps.core.models import OutgoingMail
from tests.accounts.conftest import PASSWORD, deliver_mails, link_in, new_email, new_visitor
from tests.guards.source import ROOT

pytestmark = pytest.mark.django_db
SITE = "https://keel.example"
NEW_PASSWORD = "a-battery-staple-horse"
# Mails of allauth that no page of ours can send: each belongs to a way to log in, or to confirm, that is turned off.
TURNED_OFF = {"password_reset_code", "email_confirm"}
FOLDERS = ["account", "mfa", "socialaccount"]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = SITE
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]


def logged_in(user):
    browser = new_visitor()
    browser.force_login(user)
    # Pages that change an account ask for the password unless it was given just now.
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


def html_of(message) -> str:
    [alternative] = message.alternatives
    assert alternative.mimetype == "text/html"
    return alternative.content


def test_the_mail_of_a_sign_up_has_both_bodies_and_one_link_to_our_site():
    email = new_email("ada")

    new_visitor().post("/accounts/signup/", {"email": email, "password1": PASSWORD}, headers={"host": "other.example"})

    [message] = deliver_mails()
    link = SITE + link_in(message)
    assert message.subject == "Confirm your e-mail address"
    assert link in message.body
    assert f'href="{link}"' in html_of(message)
    assert "other.example" not in message.body + html_of(message)


def test_a_reset_leads_through_its_link_to_a_new_password_and_says_so(owner):
    visitor = new_visitor()
    visitor.post("/accounts/password/reset/", {"email": owner.email}, headers={"host": "other.example"})
    [asked] = deliver_mails()
    assert asked.body.count(f"{SITE}/accounts/password/reset/key/") == 1

    form = visitor.get(link_in(asked))["Location"]
    visitor.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    [_, told] = deliver_mails()
    assert (told.subject, told.to) == ("Your password was changed", [owner.email])
    assert "chose a new password" in told.body
    assert new_visitor().post("/accounts/login/", {"login": owner.email, "password": NEW_PASSWORD}).status_code == 302


def test_a_changed_password_is_told_with_time_address_and_device(owner):
    browser = logged_in(owner)
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    browser.post("/accounts/password/change/", form, headers={"user-agent": agent})

    [message] = deliver_mails()
    assert message.subject == "Your password was changed"
    assert "Device: Firefox on Linux\n" in message.body
    assert f"IP address: {browser.defaults['REMOTE_ADDR']}\n" in message.body
    assert f"{SITE}/accounts/password/reset/" in html_of(message)


def test_a_changed_address_is_told_to_the_one_before(owner):
    browser, before, after = logged_in(owner), owner.email, new_email("new")
    browser.post("/accounts/email/", {"email": after, "action_add": ""})
    [asked] = deliver_mails()
    assert (asked.to, asked.subject) == ([after], "Confirm your e-mail address")

    browser.post(link_in(asked))

    told = {message.to[0]: message for message in deliver_mails()}[before]
    assert told.subject == "Your e-mail address was changed"
    assert (f"Before: {before}\nNow: {after}\n" in told.body, f"{SITE}/contact/" in told.body) == (True, True)
    assert EmailAddress.objects.get(user=owner).email == after


def test_who_is_not_known_is_told_so_in_a_mail_and_nowhere_else():
    email = new_email("nobody")

    new_visitor().post("/accounts/password/reset/", {"email": email})

    [message] = deliver_mails()
    assert (message.to, message.subject) == ([email], "No Keel account with this address")
    assert f"{SITE}/accounts/signup/" in message.body
    assert "/settings/" not in message.body + html_of(message)


def test_who_signs_up_twice_is_led_to_the_login(owner):
    new_visitor().post("/accounts/signup/", {"email": owner.email, "password1": PASSWORD})

    [message] = deliver_mails()
    assert message.subject == "You already have a Keel account"
    assert {f"{SITE}/accounts/login/", f"{SITE}/accounts/password/reset/"} <= set(message.body.split())


def test_the_same_mail_of_one_request_is_one_and_of_the_next_another(owner):
    context = {"email": owner.email, "password_reset_url": "http://testserver/x/"}

    with allauth_context.request_context(RequestFactory().get("/")):
        for _ in range(2):
            get_adapter().send_mail("account/email/password_reset_key", owner.email, context)

    assert OutgoingMail.objects.count() == 1


def test_a_mail_of_a_library_without_a_template_of_ours_keeps_its_words_in_our_layout(owner):
    with allauth_context.request_context(RequestFactory().get("/")):
        get_adapter().send_mail("account/email/password_reset_code", owner.email, {"code": "123456"})

    [message] = deliver_mails()
    assert message.subject == "Password Reset Code"
    assert "\n\n123456\n\n" in message.body
    assert ">123456</p>" in html_of(message)
    assert f"{SITE}/settings/notifications/" in message.body


@pytest.mark.parametrize("app", FOLDERS)
def test_every_mail_that_allauth_can_send_here_has_a_template_of_ours(app):
    folder = files("allauth") / "templates" / app / "email"
    theirs = {path.name.removesuffix("_subject.txt") for path in folder.iterdir() if path.name.endswith("_subject.txt")}
    ours = {path.stem for path in (ROOT / "templates" / app / "email").glob("*.html")}

    assert theirs - ours == (TURNED_OFF if app == "account" else set())
    assert ours <= theirs
