"""Who has confirmed their address is welcomed once, with their credits and the first steps."""

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed

from apps.billing import ledger
from apps.core.models import OutgoingMail
from tests.accounts.conftest import PASSWORD, deliver_mails, link_in, new_email, new_visitor

pytestmark = pytest.mark.django_db


def confirm(user, *, email: str = "") -> None:
    address = EmailAddress(user=user, email=email or user.email)
    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)


def welcomes() -> list:
    return [message for message in deliver_mails() if message.subject.startswith("Welcome")]


def test_the_welcome_comes_with_the_confirmation_and_not_before():
    visitor, email = new_visitor(), new_email("ada")
    visitor.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    [asked] = deliver_mails()

    visitor.post(link_in(asked))

    [welcome] = welcomes()
    assert welcome.to == [email]
    assert "It starts with 500 free credits." in welcome.body
    assert "/generations/new/" in welcome.body


def test_nobody_is_welcomed_twice(owner, settings):
    confirm(owner)
    deliver_mails()
    settings.SIGN_UP_GRANT_CREDITS = 900
    confirm(owner)
    confirm(owner, email=new_email("another"))

    assert [message.to for message in welcomes()] == [[owner.email]]


def test_each_person_has_a_welcome_of_their_own(owner, stranger):
    confirm(owner)
    confirm(stranger)

    assert {message.to[0] for message in welcomes()} == {owner.email, stranger.email}


def test_without_free_credits_the_welcome_promises_none(owner, settings):
    settings.SIGN_UP_GRANT_CREDITS = 0

    confirm(owner)

    [welcome] = welcomes()
    assert "free credit" not in welcome.body + welcome.alternatives[0].content


def test_one_free_credit_is_one(owner, settings):
    settings.SIGN_UP_GRANT_CREDITS = 1

    confirm(owner)

    assert "It starts with 1 free credit." in welcomes()[0].body


def test_when_the_grant_fails_there_is_no_welcome_either(monkeypatch):
    visitor, email = new_visitor(), new_email("ada")
    visitor.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    [asked] = deliver_mails()
    monkeypatch.setattr(ledger, "grant", lambda **arguments: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        visitor.post(link_in(asked))

    assert OutgoingMail.objects.filter(key__startswith="welcome:").count() == 0
