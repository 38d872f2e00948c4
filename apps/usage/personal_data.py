"""What the meter knows about a person: which usage was theirs."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.core.db import system_scope
from apps.core.personal_data import in_batches
from apps.usage.models import MemberUsage, UsageRecord

BATCH = 1_000
# Our cost is no data about a person.
EXPORTED = (
    "feature",
    "subject_id",
    "template",
    "request_model",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "charged_credits",
)


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return every usage record of the user, oldest first."""
    assert isinstance(user, User)
    return {"records": _records(user)}


def erase(user: AbstractBaseUser) -> None:
    """Take the user off their usage; the figures themselves explain money and stay."""
    assert isinstance(user, User)
    _take_off(UsageRecord.objects.all(), user)
    _take_off(MemberUsage.objects.all(), user)


def _take_off(rows: QuerySet[Any], user: User) -> None:
    is_more = True
    while is_more:
        with system_scope():
            ids = list(rows.filter(user=user).values_list("pk", flat=True)[:BATCH])
            is_more = rows.filter(pk__in=ids).update(user=None) == BATCH


def _records(user: User) -> Iterator[dict[str, Any]]:
    for record in in_batches(UsageRecord.objects.filter(user=user)):
        known = {name: getattr(record, name) for name in EXPORTED}
        yield known | {"subject_id": str(record.subject_id), "created_at": record.created_at.isoformat()}
