"""A confirmed address brings the welcome credits, once."""

import io

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.core.management import call_command

from apps.accounts.models import User
from apps.accounts.selectors import find_personal_workspace
from apps.billing import ledger, selectors
from apps.billing.models import LedgerEntry
from tests.accounts.conftest import PASSWORD, deliver_mails, link_in, new_email, new_visitor

pytestmark = pytest.mark.django_db


def confirm(user: User) -> None:
    address = EmailAddress.objects.get(user=user)
    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)


def test_sign_up_mail_confirmation_login_and_credits():
    visitor, email = new_visitor(), new_email("ada")
    visitor.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    [message] = deliver_mails()
    assert LedgerEntry.objects.count() == 0

    for browser in (visitor, visitor, new_visitor()):
        browser.post(link_in(message))

    new_visitor().post("/accounts/login/", {"login": email, "password": PASSWORD})
    workspace = find_personal_workspace(User.objects.get(email=email))
    assert selectors.get_balance(workspace.pk).available == 500
    assert LedgerEntry.objects.get().idempotency_key == "sign-up"
    assert "500" in visitor.get("/billing/").text


def test_a_second_confirmed_address_brings_nothing(owner, workspace):
    confirm(owner)
    confirm(owner)

    assert selectors.get_balance(workspace.pk).balance == 500


def test_a_changed_amount_brings_no_second_welcome_and_no_error(owner, workspace, settings):
    confirm(owner)
    settings.SIGN_UP_GRANT_CREDITS = 900

    confirm(owner)

    assert selectors.get_balance(workspace.pk).balance == 500


def test_no_welcome_means_no_entry(owner, settings):
    settings.SIGN_UP_GRANT_CREDITS = 0

    confirm(owner)

    assert LedgerEntry.objects.count() == 0


def test_when_the_grant_fails_the_link_stays_good(monkeypatch):
    visitor, email = new_visitor(), new_email("ada")
    visitor.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    [message] = deliver_mails()
    monkeypatch.setattr(ledger, "grant", lambda **arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        visitor.post(link_in(message))
    monkeypatch.undo()
    assert not EmailAddress.objects.get(email=email).verified

    visitor.post(link_in(message))

    assert LedgerEntry.objects.get().amount == 500


def test_the_demo_customer_starts_with_the_welcome(settings):
    settings.DEBUG, settings.ENVIRONMENT = True, "development"

    call_command("seed_demo", stdout=io.StringIO())
    call_command("seed_demo", stdout=io.StringIO())

    demo = find_personal_workspace(User.objects.get(email="demo@keel.local"))
    assert selectors.get_balance(demo.pk).available == 500
