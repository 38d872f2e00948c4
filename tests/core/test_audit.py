"""The audit log: who, what, on whom, from where; it can be added to, found in and taken along, never changed."""

from uuid import UUID

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.core import audit
from apps.core.ids import uuid7
from apps.core.models import AuditEntry
from apps.core.origin import impersonated_by, origin
from tests.accounts.conftest import new_email

pytestmark = pytest.mark.django_db
WORKSPACE = UUID("01890000-0000-7000-8000-000000000001")
LIST = "/admin/core/auditentry/"


@pytest.fixture
def root() -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser(new_email("root"), "x"))
    return browser


def note(**fields) -> AuditEntry:
    return audit.record(**({"actor": "user:1", "action": "tested", "subject": "user:2"} | fields))


@pytest.mark.parametrize(
    ("subject", "workspace_id", "user_id"),
    [
        (f"workspace:{WORKSPACE}", WORKSPACE, None),
        ("user:7", None, 7),
        ("payment:7", None, None),
        ("workspace:mine", None, None),
        ("user:", None, None),
    ],
)
def test_the_subject_says_on_which_workspace_or_user(subject, workspace_id, user_id):
    entry = note(subject=subject)

    assert (entry.workspace_id, entry.user_id) == (workspace_id, user_id)


def test_a_caller_can_name_workspace_and_user_beside_another_subject():
    entry = note(subject="api_key:1", workspace_id=WORKSPACE, user_id=3, reason="why")

    assert (entry.workspace_id, entry.user_id, entry.details) == (WORKSPACE, 3, {"reason": "why"})


def test_an_entry_knows_from_where_and_who_really_acted():
    with origin(address="203.0.113.9"), impersonated_by("user:5"):
        inside = note()
    outside = note()

    assert (inside.address, inside.impersonator) == ("203.0.113.9", "user:5")
    assert (outside.address, outside.impersonator) == ("", "")


def test_a_request_leaves_its_address_and_the_next_one_has_its_own():
    person = User.objects.create_user(new_email("person"))
    for address in ("203.0.113.1", "203.0.113.2"):
        browser = Client(REMOTE_ADDR=address)
        browser.force_login(person)
        browser.get("/settings/")
        browser.post("/settings/other-sessions/ending/")

    assert set(AuditEntry.objects.values_list("address", flat=True)) == {"203.0.113.2"}
    assert note().address == ""


@pytest.mark.parametrize("term", ["user:1", "user:2", "tested", "203.0.113.9", f"workspace:{WORKSPACE}", "user:5"])
def test_an_entry_is_found_by_what_it_says(root, term):
    with origin(address="203.0.113.9"), impersonated_by("user:5"):
        note(workspace_id=WORKSPACE)
    note(actor="user:8", action="other", subject="payment:9")

    assert root.get(LIST, {"q": term}).context["cl"].result_count == 1


def test_the_page_of_an_entry_names_who_really_acted(root):
    with impersonated_by("user:5"):
        entry = note()

    assert "user:5" in root.get(f"{LIST}{entry.pk}/change/").text


def test_every_write_through_the_admins_own_forms_is_noted_without_values(root):
    person = User.objects.create_user("before@example.com", name="Before")
    form = {"email": "after@example.com", "name": "After", "time_zone": "UTC", "is_active": "on"}
    form |= {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0, "date_joined_0": "2026-01-01"}

    root.post(f"/admin/accounts/user/{person.pk}/change/", form | {"date_joined_1": "00:00:00"})

    entry = AuditEntry.objects.get(action="admin_changed", subject=f"user:{person.pk}")
    assert "changed" in entry.details
    assert "After" not in str(entry.details)
    assert "after@example.com" not in str(entry.details)


def test_deleting_through_the_admin_is_noted(root):
    person = User.objects.create_user(f"{uuid7()}@example.com")

    root.post(f"/admin/accounts/user/{person.pk}/delete/", {"post": "yes"})

    assert AuditEntry.objects.filter(action="admin_deleted", subject=f"user:{person.pk}", user_id=person.pk).exists()
