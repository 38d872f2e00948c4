"""Usage records stay as they were written; only the user may be taken off."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import ProtectedError

from apps.accounts.models import User
from apps.core import personal_data
from apps.usage.models import DailyUsage, UsageRecord
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("db")

CHANGES = [field.attname for field in UsageRecord._meta.concrete_fields if field.name not in {"id", "user"}]


@pytest.fixture
def user() -> User:
    return User.objects.create_user("someone@example.com", "password")


@pytest.fixture
def line(user: User) -> UsageRecord:
    steps.record(steps.new_workspace_id(), user_id=user.pk)
    return UsageRecord.objects.get()


@pytest.mark.parametrize("column", CHANGES)
def test_no_column_of_a_record_can_be_changed(line: UsageRecord, column: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        UsageRecord.objects.filter(pk=line.pk).update(**{column: getattr(line, column)})


@pytest.mark.parametrize("statement", ["DELETE FROM usage_usagerecord", "TRUNCATE usage_usagerecord"])
def test_the_app_role_cannot_delete_records(line: UsageRecord, statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        UsageRecord.objects.raw(statement)._fetch_all()


def test_a_record_cannot_be_given_to_another_user(line: UsageRecord) -> None:
    other = User.objects.create_user("other@example.com", "password")

    with pytest.raises(DatabaseError, match="pgtrigger: Cannot update"), transaction.atomic():
        UsageRecord.objects.update(user=other)


def test_deleting_a_user_takes_them_off_and_changes_nothing_else(user: User, line: UsageRecord) -> None:
    before = _columns(line)

    user.delete()

    assert _columns(UsageRecord.objects.get()) == before | {"user_id": None}


def test_erasing_a_user_takes_them_off_and_changes_nothing_else(user: User, line: UsageRecord) -> None:
    before = _columns(line)

    personal_data.erase_user(user)

    assert _columns(UsageRecord.objects.get()) == before | {"user_id": None}


def test_erasing_a_user_leaves_the_records_of_others(user: User, line: UsageRecord) -> None:
    other = User.objects.create_user("other@example.com", "password")

    personal_data.erase_user(other)

    assert UsageRecord.objects.get().user_id == user.pk


def test_an_export_holds_the_records_of_the_user_and_not_our_cost(user: User, line: UsageRecord) -> None:
    steps.record(line.workspace_id)

    exported = personal_data.export_user(user)["usage"]["records"]

    assert [(row["subject_id"], row["charged_credits"]) for row in exported] == [(str(line.subject_id), 3)]
    assert not [name for name in exported[0] if "cost" in name]


def test_a_workspace_with_usage_cannot_be_deleted(line: UsageRecord) -> None:
    with pytest.raises(ProtectedError):
        line.workspace.delete()


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("confidence", "guessed", "confidence_known"),
        ("output_tokens", -1, "tokens_not_negative"),
        ("cached_input_tokens", 101, "tokens_not_negative"),
        ("rate_output_credits", -1, "rate_not_negative"),
        ("rate_cached_input_cost_usd_micros", -1, "rate_not_negative"),
        ("charged_credits", -1, "amounts_not_negative"),
        ("microcredits", -1, "amounts_not_negative"),
        ("cost_usd_micros", -1, "amounts_not_negative"),
        ("key", "", "key_given"),
    ],
)
def test_the_database_refuses_impossible_records(line: UsageRecord, column: str, value: Any, constraint: str) -> None:
    fields = _columns(line) | {"key": "attempt:other", column: value}
    del fields["id"]

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        UsageRecord.objects.create(**fields)


def test_the_database_refuses_a_rollup_below_zero(line: UsageRecord) -> None:
    with pytest.raises(IntegrityError, match="dailyusage_counts_not_negative"), transaction.atomic():
        DailyUsage.objects.update(charged_credits=-1)


def _columns(line: UsageRecord) -> dict[str, Any]:
    return {field.attname: getattr(line, field.attname) for field in UsageRecord._meta.concrete_fields}
