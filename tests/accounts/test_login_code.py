"""Logging in by a mailed code: once, soon, in the browser that asked, and nobody learns who has an account."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.utils import timezone

from apps.accounts.models import User
from apps.billing.models import LedgerEntry
from tests.accounts.conftest import PASSWORD, comparable, deliver_mails, new_email, new_user, new_visitor
from tests.accounts.factors import code_of, is_in, log_in, new_app

pytestmark = pytest.mark.django_db
ASK, CONFIRM, WORK = "/accounts/login/code/", "/accounts/login/code/confirm/", "/generations/new/"


def ask(browser, email, **more):
    return browser.post(ASK, {"email": email, **more}, follow=True)


def code_in(message) -> str:
    return re.search(r"^Code: (\S+)$", message.body, re.MULTILINE)[1]


def last_code() -> str:
    return code_in(deliver_mails()[-1])


def test_the_code_of_the_mail_logs_in_once(visitor, owner):
    ask(visitor, owner.email)
    code = last_code()

    assert visitor.post(CONFIRM, {"code": code.lower().replace("-", "")})["Location"] == WORK
    assert is_in(visitor)
    visitor.post("/accounts/logout/")
    visitor.post(CONFIRM, {"code": code})

    assert not is_in(visitor)


def test_the_subject_of_the_mail_and_its_row_do_not_keep_the_code(visitor, owner):
    ask(visitor, owner.email)
    [message] = deliver_mails()

    assert code_in(message) not in message.subject
    assert message.to == [owner.email]


def test_the_code_is_good_in_the_browser_that_asked_alone(visitor, owner):
    ask(visitor, owner.email)
    code, other = last_code(), new_visitor()
    ask(other, new_email("nobody"))

    other.post(CONFIRM, {"code": code})

    assert not is_in(other)


def test_the_code_is_good_for_ten_minutes(visitor, owner):
    ask(visitor, owner.email)
    code = last_code()

    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=5), tick=True):
        visitor.post(CONFIRM, {"code": code})

    assert not is_in(visitor)


def test_three_wrong_codes_end_it(visitor, owner):
    ask(visitor, owner.email)
    code = last_code()
    for _guess in range(3):
        visitor.post(CONFIRM, {"code": "BCDF-BCDF"})

    visitor.post(CONFIRM, {"code": code})

    assert not is_in(visitor)


def test_a_new_code_ends_the_one_before(visitor, owner):
    ask(visitor, owner.email)
    first = last_code()
    visitor.post(CONFIRM, {"action": "resend"})
    second = last_code()

    visitor.post(CONFIRM, {"code": first})
    assert not is_in(visitor)
    visitor.post(CONFIRM, {"code": second})

    assert is_in(visitor)


def test_nobody_learns_who_has_an_account(owner):
    browsers = [new_visitor(), new_visitor()]
    emails = [owner.email, new_email("nobody")]
    asked = [ask(browser, email).text.replace(email, "") for browser, email in zip(browsers, emails, strict=True)]
    wrong = [browser.post(CONFIRM, {"code": "BCDF-BCDF"}).text for browser in browsers]
    again = [browser.post(CONFIRM, {"action": "resend"}, follow=True).text for browser in browsers]

    assert comparable(asked[0]) == comparable(asked[1])
    assert "If there is an account with" in asked[0]
    for pages in (wrong, again):
        assert comparable(pages[0]).replace(emails[0], "") == comparable(pages[1]).replace(emails[1], "")


def test_who_is_not_known_is_told_so_in_the_mail_and_never_gets_in(visitor):
    ask(visitor, new_email("nobody"))

    [message] = deliver_mails()
    assert message.subject == "No Keel account with this address"
    visitor.post(CONFIRM, {"code": ""})
    visitor.post(CONFIRM, {"code": "None"})
    assert not is_in(visitor)


def test_the_second_factor_is_asked_for_after_a_code_too(visitor, owner):
    secret = new_app(owner)
    ask(visitor, owner.email)

    assert visitor.post(CONFIRM, {"code": last_code()})["Location"] == "/accounts/two-factor/authentication/"
    assert not is_in(visitor)
    visitor.post("/accounts/two-factor/authentication/", {"code": code_of(secret)})

    assert is_in(visitor)


def test_a_closed_account_gets_no_code(visitor, owner):
    User.objects.filter(pk=owner.pk).update(is_active=False)

    ask(visitor, owner.email)

    assert deliver_mails()[-1].subject == "No Keel account with this address"


def test_a_code_confirms_the_address_and_brings_the_welcome_credits(visitor):
    user = new_user(new_email("new"), verified=False)
    ask(visitor, user.email)

    visitor.post(CONFIRM, {"code": last_code()})

    assert is_in(visitor)
    assert EmailAddress.objects.get(user=user).verified
    assert LedgerEntry.objects.filter(account__workspace__members=user).count() == 1


def test_a_password_chosen_before_the_address_was_confirmed_does_not_outlive_the_code(visitor):
    user = new_user(new_email("victim"), verified=False)
    ask(visitor, user.email)
    visitor.post(CONFIRM, {"code": last_code()})

    thief = new_visitor()
    log_in(thief, user.email)

    assert not is_in(thief)
    assert "Set a password" in visitor.get("/settings/security/").text


def test_a_password_of_a_confirmed_address_stays(visitor, owner):
    ask(visitor, owner.email)
    visitor.post(CONFIRM, {"code": last_code()})

    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)


def test_codes_for_one_address_are_limited_wherever_they_are_asked_for(owner):
    answers = [ask(new_visitor(), owner.email).text for _ in range(4)]

    assert len(deliver_mails()) == 3
    assert "Too many" in answers[-1]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_a_code_leads_to_no_other_site(visitor, owner, target):
    ask(visitor, owner.email, next=target)

    assert visitor.post(CONFIRM, {"code": last_code(), "next": target})["Location"] == WORK
