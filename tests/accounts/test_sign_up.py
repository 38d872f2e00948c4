"""Signing up: user, address, workspace and membership together; a mail; a confirmed address before any login."""

import io
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command

from apps.accounts.models import Membership, User, Workspace
from apps.core.models import OutgoingMail
from tests.accounts.conftest import PASSWORD, comparable, deliver_mails, link_in, new_email, new_user, new_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def email() -> str:
    return new_email("ada")


def sign_up(visitor, email, password=PASSWORD):
    return visitor.post("/accounts/signup/", {"email": email, "password1": password})


def test_a_person_signs_up_confirms_and_is_in(visitor, email):
    assert sign_up(visitor, email.title())["Location"] == "/accounts/confirm-email/"
    [message] = deliver_mails()
    assert message.to == [email]
    assert "Confirm your e-mail address" in visitor.get(link_in(message)).text

    confirmed = visitor.post(link_in(message))

    assert confirmed["Location"] == "/generations/new/"
    assert visitor.session["_auth_user_id"] == str(User.objects.get(email=email).pk)


def test_sign_up_makes_user_address_workspace_and_membership(visitor, email):
    sign_up(visitor, email)

    membership = Membership.objects.get(user__email=email)
    assert membership.role == Membership.Role.OWNER
    assert (membership.workspace.kind, membership.workspace.name) == (Workspace.Kind.PERSONAL, email.split("@")[0])
    assert EmailAddress.objects.filter(email=email, verified=False, primary=True).exists()


def test_without_confirmation_nobody_gets_in(visitor, email):
    sign_up(visitor, email)

    answer = new_visitor().post("/accounts/login/", {"login": email, "password": PASSWORD})

    assert answer["Location"] == "/accounts/confirm-email/"
    assert visitor.get("/accounts/email/").status_code == 302


STEPS = {
    "the user": (User, "save"),
    "the workspace": (Workspace, "save"),
    "the membership": (Membership, "save"),
    "the address": (EmailAddress, "save"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_leaves_nothing(visitor, email, monkeypatch, step):
    save = getattr(*STEPS[step])

    def save_and_die(self, *args, **kwargs):
        save(self, *args, **kwargs)
        raise RuntimeError("the process dies here")

    monkeypatch.setattr(*STEPS[step], save_and_die)

    with pytest.raises(RuntimeError, match="dies here"):
        sign_up(visitor, email)

    assert [model.objects.count() for model in (User, Workspace, Membership, EmailAddress, OutgoingMail)] == [0] * 5


def test_the_mail_is_queued_and_the_worker_is_rung_after_commit(visitor, email, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as rings:
        sign_up(visitor, email)

    assert OutgoingMail.objects.get().status == OutgoingMail.Status.QUEUED
    assert len(rings) == 1


def test_a_second_click_on_sign_up_makes_no_second_account_and_looks_the_same(visitor, email):
    first = sign_up(visitor, email)
    second = sign_up(new_visitor(), email)

    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert User.objects.count() == 1


def test_nobody_learns_from_sign_up_who_has_an_account(owner, email):
    taken, free = new_visitor(), new_visitor()

    answers = [sign_up(taken, owner.email), sign_up(free, email)]

    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/accounts/confirm-email/")}
    pages = {owner.email: taken.get("/accounts/confirm-email/").text, email: free.get("/accounts/confirm-email/").text}
    hidden = [comparable(page).replace(address, "").replace(quote(address), "") for address, page in pages.items()]
    assert hidden[0] == hidden[1]


def test_an_address_that_was_taken_meanwhile_looks_taken_not_broken(visitor, email, monkeypatch):
    new_user(email)
    monkeypatch.setattr("apps.accounts.forms.SignUpForm.validate_unique_email", lambda form, value: value)

    answer = sign_up(visitor, email)

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/confirm-email/")
    assert User.objects.count() == 1


def test_a_weak_password_is_an_error_beside_its_field(visitor, email):
    answer = sign_up(visitor, email, password="short")

    assert 'role="alert"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert User.objects.count() == 0


def test_the_demo_logins_are_made_once_and_only_in_development(settings):
    settings.DEBUG, settings.ENVIRONMENT = True, "development"
    call_command("seed_demo", stdout=io.StringIO())
    call_command("seed_demo", stdout=io.StringIO())

    assert (
        new_visitor().post("/accounts/login/", {"login": "demo@keel.local", "password": "demo-password"})["Location"]
        == "/generations/new/"
    )
    assert User.objects.filter(is_staff=True, is_superuser=True).get().email == "staff@keel.local"
    assert Workspace.objects.count() == 2


@pytest.mark.parametrize(("debug", "environment"), [(False, "development"), (True, "production"), (True, "staging")])
def test_the_demo_logins_are_refused_elsewhere(settings, debug, environment):
    settings.DEBUG, settings.ENVIRONMENT = debug, environment

    with pytest.raises(Exception, match="known passwords"):
        call_command("seed_demo")

    assert User.objects.count() == 0
