"""Before an act that could take an account away, whoever is logged in proves once more who they are."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.utils import timezone

from tests.accounts.conftest import PASSWORD, new_email, new_visitor
from tests.accounts.factors import code_of, log_in, new_app, new_recovery_codes, proved

pytestmark = pytest.mark.django_db
REAUTHENTICATE = "/accounts/reauthenticate/"
GUARDED = [
    "/accounts/authenticator-app/",
    "/accounts/authenticator-app/removal/",
    "/accounts/recovery-codes/",
    "/accounts/recovery-codes/new/",
    "/accounts/passkeys/new/",
    "/accounts/passkeys/1/name/",
    "/accounts/passkeys/1/removal/",
    "/accounts/connections/",
    "/accounts/email/",
    "/accounts/password/set/",
]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", GUARDED)
def test_a_dangerous_page_asks_again_who_it_is(visitor, owner, path, method):
    log_in(visitor, owner.email)

    answer = getattr(visitor, method)(path)

    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{REAUTHENTICATE}?next=")


def test_what_was_wanted_goes_on_after_the_password(visitor, owner):
    log_in(visitor, owner.email)
    email = new_email("new")
    asked = visitor.post("/accounts/email/", {"email": email, "action_add": ""})["Location"]
    assert not EmailAddress.objects.filter(email=email).exists()

    visitor.post(asked, {"password": PASSWORD, "next": "/accounts/email/"})

    assert EmailAddress.objects.filter(email=email).exists()


def test_a_wrong_password_proves_nothing(visitor, owner):
    log_in(visitor, owner.email)

    visitor.post(REAUTHENTICATE, {"password": "wrong"})

    assert visitor.get("/accounts/email/").status_code == 302


def test_the_proof_is_good_for_ten_minutes(owner):
    browser = proved(owner)

    with time_machine.travel(timezone.now() + timedelta(minutes=9), tick=True):
        assert browser.get("/accounts/email/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True):
        assert browser.get("/accounts/email/").status_code == 302


def test_a_code_of_the_app_or_a_recovery_code_proves_it_too(visitor, owner):
    secret = new_app(owner)
    new_recovery_codes(owner)
    visitor.force_login(owner)
    asked = visitor.get("/accounts/email/", follow=True)
    assert "Use a code" in asked.text

    visitor.post("/accounts/two-factor/reauthentication/", {"code": code_of(secret)})

    assert visitor.get("/accounts/email/").status_code == 200


def without_password(user):
    user.set_unusable_password()
    user.save()
    return user


def test_who_has_nothing_to_prove_it_with_logs_in_again(visitor, owner):
    visitor.force_login(without_password(owner))

    answer = visitor.get("/accounts/password/set/", follow=True)

    assert answer.redirect_chain == [("/accounts/login/?next=%2Faccounts%2Fpassword%2Fset%2F", 302)]
    assert "Please log in again to change this." in answer.text
    assert visitor.get("/settings/security/").status_code == 302


def test_guesses_of_the_password_are_limited(owner):
    browsers = [new_visitor() for _ in range(2)]
    for browser in browsers:
        browser.force_login(owner)

    codes = [browsers[number % 2].post(REAUTHENTICATE, {"password": "wrong"}).status_code for number in range(12)]

    assert codes[0] == 200
    assert codes[-1] == 429


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_proof_leads_to_no_other_site(visitor, owner, target):
    log_in(visitor, owner.email)

    answer = visitor.post(REAUTHENTICATE, {"password": PASSWORD, "next": target})

    assert answer["Location"] == "/generations/new/"
