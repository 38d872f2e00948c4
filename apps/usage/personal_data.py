"""What the meter knows about a person: which usage was theirs."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from apps.accounts.models import User
from apps.usage.models import UsageRecord

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
    records = UsageRecord.objects.filter(user=user).order_by("created_at", "id")
    return {
        "records": [
            {**row, "subject_id": str(row["subject_id"]), "created_at": row["created_at"].isoformat()}
            for row in records.values("created_at", *EXPORTED)
        ]
    }


def erase(user: AbstractBaseUser) -> None:
    """Take the user off their usage records; the records themselves explain money and stay."""
    assert isinstance(user, User)
    UsageRecord.objects.filter(user=user).update(user=None)
