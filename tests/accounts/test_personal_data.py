"""A person can take their data along, and be forgotten; the money stays provable."""

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from apps.accounts import services
from apps.accounts.models import User, Workspace
from apps.core import mail
from apps.core.models import OutgoingMail
from apps.core.personal_data import erase_user, export_user
from tests.accounts.conftest import PASSWORD, new_visitor

pytestmark = pytest.mark.django_db


def test_the_export_tells_profile_addresses_and_workspaces(owner):
    exported = export_user(owner)["accounts"]

    assert exported["email"] == owner.email
    assert exported["addresses"] == [{"email": owner.email, "verified": True, "primary": True}]
    assert (exported["time_zone"], exported["wants_low_balance_mail"]) == ("UTC", True)
    [workspace] = exported["workspaces"]
    assert (workspace["name"], workspace["role"]) == (owner.email.split("@")[0], "owner")


def test_an_erased_person_is_nowhere_and_their_workspace_is_nameless(owner, stranger):
    mail.queue_mail(key="k", to=owner.email, subject="Hello", text="x")

    erase_user(owner)

    assert not User.objects.filter(email__contains="owner").exists()
    assert not EmailAddress.objects.filter(email__contains="owner").exists()
    assert not OutgoingMail.objects.filter(to__contains="owner").exists()
    assert Workspace.objects.get(members=owner).name == "erased"
    assert User.objects.get(pk=stranger.pk).email == stranger.email


def test_an_erased_person_is_logged_out_and_cannot_come_back(owner):
    browser, email = new_visitor(), owner.email
    browser.force_login(owner)

    erase_user(owner)

    assert browser.get("/accounts/email/").status_code == 302
    login = new_visitor().post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert "are not correct" in login.text


def test_the_export_tells_from_where_a_person_was_logged_in(owner):
    browser = new_visitor()
    browser.defaults["HTTP_USER_AGENT"] = "Firefox"
    browser.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})

    [session] = export_user(owner)["accounts"]["sessions"]

    assert (session["address"], session["browser"]) == (browser.defaults["REMOTE_ADDR"], "Firefox")


def test_nothing_tells_from_where_an_erased_person_came_or_what_they_chose(owner):
    services.save_preferences(user=owner, time_zone="Pacific/Pitcairn")
    owner.refresh_from_db()
    new_visitor().force_login(owner)

    erase_user(owner)

    assert not UserSession.objects.filter(user=owner).exists()
    assert not Session.objects.exists()
    assert User.objects.get(pk=owner.pk).time_zone == "UTC"
    assert User.objects.get(pk=owner.pk).wants_low_balance_mail is False
