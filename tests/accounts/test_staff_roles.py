"""What each role of staff does to chosen rows of a list; who may open what is in tests/access/staff_rows.py."""

import uuid

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client

from apps.accounts.models import User
from apps.core.models import AuditEntry
from apps.insights.staff_roles import ROLES
from apps.pages.models import ContactMessage
from tests.accounts.conftest import new_email, new_visitor

pytestmark = pytest.mark.django_db
# Acts on chosen rows, by list.
ROW_ACTS = {
    ("accounts/apikey", "revoke_selected"): {"operator"},
    ("accounts/waitlistentry", "invite_selected"): {"operator"},
    ("accounts/waitlistentry", "withdraw_selected"): {"operator"},
    ("accounts/workspace", "restore"): {"operator"},
    ("billing/webhookevent", "replay_selected"): {"operator"},
    ("pages/contactmessage", "mark_as_handled"): {"support"},
}


def staff(role: str = "") -> User:
    """A member of staff with one role; "superuser" may do everything, "" nothing."""
    if role == "superuser":
        return User.objects.create_superuser(new_email("root"), "x")
    user = User.objects.create_user(new_email(role or "staff"), is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    return user


def browser_of(user: User) -> Client:
    browser = new_visitor()
    browser.force_login(user)
    return browser


def test_the_table_names_every_act_on_rows():
    found = {
        (f"{model._meta.app_label}/{model._meta.model_name}", name)
        for model, model_admin in admin.site._registry.items()
        for name in model_admin.actions or []
        if model._meta.label_lower != "account.emailaddress"  # read by no role
    }

    assert found == set(ROW_ACTS)


@pytest.mark.parametrize("role", ["", *ROLES, "superuser"])
def test_each_role_does_its_acts_on_rows_and_no_other(role):
    browser = browser_of(staff(role))

    offered = set()
    for table, action in ROW_ACTS:
        page = browser.get(f"/admin/{table}/")
        if page.status_code == 200 and action in page.context["cl"].model_admin.get_actions(page.wsgi_request):
            offered.add((table, action))

    assert offered == {act for act, doers in ROW_ACTS.items() if role == "superuser" or role in doers}


def test_the_groups_have_what_the_file_says_after_a_migrate():
    for role, wanted in ROLES.items():
        labels = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
        assert {".".join(label) for label in labels} == set(wanted)


def test_an_open_message_can_be_handled_by_support():
    message = ContactMessage.objects.create(
        topic="other", reply_to="a@example.com", message="Hi", idempotency_key=uuid.uuid4()
    )
    form = {"action": "mark_as_handled", "_selected_action": [str(message.pk)]}

    browser_of(staff("support")).post("/admin/pages/contactmessage/", form)

    assert AuditEntry.objects.get().action == "contact_message_handled"
