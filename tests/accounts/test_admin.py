"""People, mails and the audit log in the admin."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.core import audit, mail
from tests.accounts.conftest import new_email

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser(new_email("root"), "x"))
    return browser


def test_the_admin_bears_the_name_of_the_product(root):
    assert "Keel" in root.get("/admin/").text


@pytest.mark.parametrize("name", ["accounts/user", "accounts/workspace", "accounts/membership"])
def test_people_are_found_by_their_address(root, owner, name):
    page = root.get(f"/admin/{name}/", {"q": owner.email})

    assert page.context["cl"].result_count == 1


def test_staff_can_add_a_user_by_address_in_any_case(root):
    form = {"email": "New@Example.com", "password1": "a-long-word-1", "password2": "a-long-word-1"}
    inline = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}

    root.post("/admin/accounts/user/add/", form | inline)

    assert User.objects.get(email="new@example.com").check_password("a-long-word-1")


def test_a_user_page_opens(root, owner):
    assert root.get(f"/admin/accounts/user/{owner.pk}/change/").status_code == 200


def test_the_text_of_a_mail_is_not_shown(root):
    row = mail.queue_mail(key="k", to="ada@example.com", subject="Hello", text="/confirm/secret", html="secret")

    page = root.get(f"/admin/core/outgoingmail/{row.pk}/change/")

    assert "Hello" in page.text
    assert "secret" not in page.text


@pytest.mark.parametrize("name", ["auditentry", "outgoingmail"])
def test_what_is_recorded_is_only_read(root, name):
    audit.record(actor="user:1", action="tested", subject="workspace:1")

    assert root.get(f"/admin/core/{name}/").status_code == 200
    assert root.get(f"/admin/core/{name}/add/").status_code == 403


def test_customers_do_not_get_in(owner):
    browser = Client()
    browser.force_login(owner)

    assert browser.get("/admin/")["Location"].startswith("/admin/login/")
