"""The audit log as CSV, and what PostgreSQL itself keeps of it: both need rows that are committed."""

import asyncio
import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.db import Error, connections, transaction
from django.test import Client

from apps.accounts.models import User
from apps.core import audit_export
from apps.core.models import AuditEntry
from tests.accounts.conftest import new_email
from tests.core.test_audit import note

pytestmark = pytest.mark.usefixtures("committed_db")
EXPORT = "/admin/core/auditentry/export/"


@pytest.fixture
def root(committed_db) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser(new_email("root"), "x"))
    return browser


def staff_who_may(*codenames: str) -> Client:
    user = User.objects.create_user(new_email("staff"), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    browser = Client()
    browser.force_login(user)
    return browser


def exported(browser: Client, **query) -> list[dict[str, str]]:
    answer = browser.get(EXPORT, query)
    assert answer.status_code == 200

    async def read():
        return b"".join([part async for part in answer.streaming_content])

    return list(csv.DictReader(io.StringIO(asyncio.run(read()).decode())))


def test_the_export_has_what_the_list_shows(root):
    note(actor="user:8", action="other")
    note(reason="why")

    rows = exported(root, q="tested")

    assert [(row["action"], row["details"]) for row in rows] == [("tested", '{"reason": "why"}')]


def test_the_export_is_an_act_of_its_own(root):
    exported(root, q="tested")

    entry = AuditEntry.objects.get(action="audit_exported")
    assert entry.details == {"narrowed_to": "q=tested"}


def test_the_export_reads_page_by_page_and_misses_nothing(root, monkeypatch):
    monkeypatch.setattr(audit_export, "PAGE_SIZE", 3)
    wanted = {str(note(subject=f"thing:{number}").pk) for number in range(8)}

    rows = exported(root, q="tested")

    assert {row["id"] for row in rows} == wanted
    assert len(rows) == len(wanted)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(root, start):
    note(actor=f"{start}cmd|'/c calc'!A1")

    rows = exported(root, q=f"{start}cmd|'/c calc'!A1") or exported(root)

    assert {row["actor"][0] for row in rows} <= {"'", "u"}


@pytest.mark.parametrize(
    ("codenames", "status"),
    [
        ([], 403),
        (["view_auditentry"], 403),
        (["export_auditentry"], 403),
        (["view_auditentry", "export_auditentry"], 200),
    ],
)
def test_who_takes_the_log_along_may_see_it_and_export_it(codenames, status):
    browser = staff_who_may(*codenames)

    assert browser.get(EXPORT).status_code == status


@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize("change", ["UPDATE core_auditentry SET actor = 'me'", "DELETE FROM core_auditentry"])
def test_nobody_changes_an_entry_not_even_the_owner(committed_db, alias, change):
    note()

    with pytest.raises(Error), transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(change)
