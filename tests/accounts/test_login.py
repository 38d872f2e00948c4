"""Logging in and out, passwords, and every page on the way."""

import pytest

from apps.accounts.models import User
from apps.core.models import OutgoingMail
from tests.accounts.conftest import PASSWORD, comparable, deliver_mails, link_in, new_email, new_visitor

pytestmark = pytest.mark.django_db


def log_in(visitor, email, password=PASSWORD):
    return visitor.post("/accounts/login/", {"login": email, "password": password})


def test_login_leads_to_work_and_logout_back_to_the_start(visitor, owner):
    assert log_in(visitor, owner.email)["Location"] == "/generations/new/"
    assert visitor.get("/")["Location"] == "/generations/new/"

    assert visitor.post("/accounts/logout/")["Location"] == "/"
    assert 'href="/accounts/signup/"' in visitor.get("/").text


def test_a_wrong_password_and_an_unknown_address_look_the_same(visitor, owner):
    wrong, unknown = log_in(visitor, owner.email, "wrong"), log_in(visitor, new_email("nobody"))

    assert "are not correct" in wrong.text
    assert "are not correct" in unknown.text


def limit_to_three(settings) -> None:
    # A window of a day: one of a minute may end in the middle of a test.
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "3/d")


def test_login_is_limited_by_address_even_when_each_attempt_names_another_account(visitor, owner, settings):
    limit_to_three(settings)

    answers = [log_in(visitor, new_email("user")) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert log_in(new_visitor(), owner.email).status_code == 302


OPEN_FORMS = [
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/login/code/",
    "/accounts/passkeys/login/",
    "/admin/login/",
]


@pytest.mark.parametrize("path", OPEN_FORMS)
def test_other_open_forms_are_limited_and_a_spoofed_address_does_not_help(visitor, settings, path):
    limit_to_three(settings)

    codes = [visitor.post(path, {}, headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code for number in range(4)]

    assert [code == 429 for code in codes] == [False, False, False, True]


def test_a_forgotten_password_is_reset_through_the_mail(visitor, owner):
    assert visitor.post("/accounts/password/reset/", {"email": owner.email}).status_code == 302
    [message] = deliver_mails()
    form = visitor.get(link_in(message), follow=True)
    assert "Choose a new password" in form.text

    visitor.post(form.request["PATH_INFO"], {"password1": "another-horse-91", "password2": "another-horse-91"})

    assert log_in(new_visitor(), owner.email, "another-horse-91").status_code == 302
    assert "not valid" in new_visitor().get(link_in(message), follow=True).text


def test_nobody_learns_from_a_reset_who_has_an_account(owner):
    answers = [
        comparable(new_visitor().post("/accounts/password/reset/", {"email": email}, follow=True).text)
        for email in (owner.email, new_email("nobody"))
    ]

    assert answers[0] == answers[1]
    assert "mail with a link is on its way" in answers[0]


def test_asking_twice_sends_two_mails_but_one_request_sends_one(visitor):
    email = new_email("nobody")

    for request_id in ("first-request", "first-request", "second-request"):
        visitor.post("/accounts/password/reset/", {"email": email}, headers={"X-Request-ID": request_id})

    assert OutgoingMail.objects.count() == 2


def test_changing_the_password_needs_the_old_one(visitor, owner):
    visitor.force_login(owner)
    form = {"oldpassword": "wrong", "password1": "another-horse-91", "password2": "another-horse-91"}

    refused = visitor.post("/accounts/password/change/", form)
    accepted = visitor.post("/accounts/password/change/", form | {"oldpassword": PASSWORD})

    assert "Please type your current password." in refused.text
    assert accepted.status_code == 302
    assert User.objects.get(pk=owner.pk).check_password("another-horse-91")


def test_a_new_address_counts_once_it_is_confirmed(visitor, owner):
    visitor.force_login(owner)
    visitor.post("/accounts/reauthenticate/", {"password": PASSWORD})
    email = new_email("new")

    visitor.post("/accounts/email/", {"email": email, "action_add": ""})
    assert email in visitor.get("/accounts/email/").text
    assert User.objects.get(pk=owner.pk).email == owner.email
    [message] = deliver_mails()
    visitor.post(link_in(message))

    assert User.objects.get(pk=owner.pk).email == email


RESET_PAGES = ["password/reset/", "password/reset/done/", "password/reset/key/done/", "password/reset/key/1-x/"]
OPEN_PAGES = [
    "login/",
    "login/code/",
    "connections/canceled/",
    "signup/",
    "confirm-email/",
    "confirm-email/MTA:x:y/",
    "inactive/",
    *RESET_PAGES,
]
OWN_PAGES = ["email/", "password/change/", "reauthenticate/", "authenticator-app/", "logout/"]


@pytest.mark.parametrize("page", OPEN_PAGES + OWN_PAGES)
def test_every_page_is_in_our_frame(visitor, owner, page):
    if page in OWN_PAGES:
        visitor.force_login(owner)

    answer = visitor.get(f"/accounts/{page}", follow=True)

    assert answer.status_code in (200, 404)
    assert '<main id="main"' in answer.text
    assert "css/app.css" in answer.text
    assert "style=" not in answer.text
    assert "<script>" not in answer.text
