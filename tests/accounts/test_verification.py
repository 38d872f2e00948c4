"""Between signing up and the link in the mail: the address, the mail once more, and never who else is here."""

import re
import time
from urllib.parse import quote

import pytest

from apps.accounts.models import User
from apps.core.models import OutgoingMail
from tests.accounts.conftest import PASSWORD, comparable, deliver_mails, link_in, new_email, new_visitor

pytestmark = pytest.mark.django_db
SENT, AGAIN = "/accounts/confirm-email/", "/accounts/confirm-email/mails/"


@pytest.fixture
def email() -> str:
    return new_email("ada")


def sign_up(visitor, email):
    return visitor.post("/accounts/signup/", {"email": email, "password1": PASSWORD}, follow=True)


def seconds_pass(monkeypatch, settings):
    """The pause is over: for us and for allauth, which counts in Redis."""
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}
    moment = time.time() + settings.VERIFICATION_MAIL_PAUSE_SECONDS
    monkeypatch.setattr("apps.accounts.verification_views.time.time", lambda: moment)


def test_the_page_says_to_which_address_the_mail_went(visitor, email):
    page = sign_up(visitor, email).text

    assert f"<strong>{email}</strong>" in page
    assert re.search(r'data-wait-seconds="(60|59|58)"', page)


def test_somebody_else_sees_the_page_without_an_address(visitor, email):
    sign_up(visitor, email)

    page = new_visitor().get(SENT).text

    assert email not in page
    assert AGAIN not in page


def test_a_wrong_address_is_corrected_on_the_form_where_it_was_typed(visitor):
    page = sign_up(visitor, "ada+x@exmaple.com").text
    [address] = re.findall(r'href="(/accounts/signup/\?email=[^"]+)"', page)

    assert 'value="ada+x@exmaple.com"' in visitor.get(address).text


def test_within_the_pause_no_second_mail_leaves(visitor, email):
    sign_up(visitor, email)

    answer = visitor.post(AGAIN, follow=True)

    assert "Please wait" in answer.text
    assert OutgoingMail.objects.filter(to=email).count() == 1


def test_after_the_pause_a_second_mail_leaves_and_its_link_works(visitor, email, monkeypatch, settings):
    sign_up(visitor, email)
    seconds_pass(monkeypatch, settings)

    visitor.post(AGAIN)

    assert OutgoingMail.objects.filter(to=email).count() == 2
    assert visitor.post(link_in(deliver_mails()[-1]))["Location"] == "/generations/new/"


def test_the_second_mail_begins_a_new_pause(visitor, email, monkeypatch, settings):
    sign_up(visitor, email)
    seconds_pass(monkeypatch, settings)
    visitor.post(AGAIN)

    answer = visitor.post(AGAIN, follow=True)

    assert "Please wait 60 seconds" in answer.text
    assert OutgoingMail.objects.filter(to=email).count() == 2


def test_a_new_session_does_not_get_around_the_pause(email):
    for _ in range(3):
        sign_up(new_visitor(), email)

    assert OutgoingMail.objects.filter(to=email).count() == 1


def test_asking_again_tells_nobody_who_has_an_account(owner, email, monkeypatch, settings):
    pages = {}
    for address in (owner.email, email):
        browser = new_visitor()
        sign_up(browser, address)
        with monkeypatch.context() as later:
            seconds_pass(later, settings)
            pages[address] = comparable(browser.post(AGAIN, follow=True).text)

    hidden = [page.replace(address, "").replace(quote(address), "") for address, page in pages.items()]
    assert hidden[0] == hidden[1]
    assert OutgoingMail.objects.filter(to=owner.email).count() == OutgoingMail.objects.filter(to=email).count()


def test_without_a_sign_up_there_is_nothing_to_send_again(visitor):
    answer = visitor.post(AGAIN)

    assert answer["Location"] == "/accounts/login/"
    assert OutgoingMail.objects.count() == 0


def test_the_mail_is_limited_by_address(email, settings):
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "1/d")
    visitor = new_visitor()
    sign_up(visitor, email)

    assert [visitor.post(AGAIN).status_code for _ in range(2)] == [302, 429]


def test_confirming_leads_straight_to_the_composer_without_a_page_between(visitor, email):
    sign_up(visitor, email)
    [message] = deliver_mails()
    page = visitor.get(link_in(message)).text
    assert re.search(r"<button[^>]*autofocus", page)

    answer = visitor.post(link_in(message), follow=True)

    assert answer.redirect_chain == [("/generations/new/", 302)]
    assert answer.status_code == 200
    assert User.objects.get(email=email).last_login is not None


def test_the_link_opened_in_another_browser_confirms_and_asks_to_log_in(visitor, email):
    sign_up(visitor, email)
    [message] = deliver_mails()
    phone = new_visitor()

    answer = phone.post(link_in(message), follow=True)

    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
    assert phone.post("/accounts/login/", {"login": email, "password": PASSWORD})["Location"] == "/generations/new/"


def test_arriving_says_one_thing_not_two(visitor, email):
    sign_up(visitor, email)
    [message] = deliver_mails()

    page = visitor.post(link_in(message), follow=True).text

    assert page.count("Your address is confirmed.") == 1
    assert "signed in" not in page
