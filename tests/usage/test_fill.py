"""The migration that fills in what older records did not know: all that can be known, and however often it runs."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connections
from django.utils import timezone

from apps.core.ids import uuid7
from apps.generation.models import Attempt
from apps.usage.models import MemberUsage, UsageRecord
from tests.factories import GenerationFactory
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("committed_db")

FILL = import_module("apps.usage.migrations.0004_fill_member_usage")
KNOWN = ["key", "api_key_id", "template_version", "ends_call", "duration_ms"]
SUMS = ["day", "user", "api_key_id", "model", "template", "calls", "duration_ms", "records", "charged_credits"]
# As a database of the release before has them.
FORGET = """
    ALTER TABLE usage_usagerecord DISABLE TRIGGER USER;
    UPDATE usage_usagerecord SET api_key_id = NULL, template_version = NULL, ends_call = false, duration_ms = NULL;
    DELETE FROM usage_memberusage
"""


@pytest.fixture
def generation(committed_db):
    """A run of two attempts, written down by today's release; the ids of attempts are not in the order of numbers."""
    generation = GenerationFactory(status="succeeded", finish_reason="stop", finished_at=timezone.now())
    ids = sorted([uuid7(), uuid7()], reverse=True)
    attempts = [steps.attempt(attempt_id=id_, model=f"m-{n}", duration_ms=n) for n, id_ in enumerate(ids, start=1)]
    for number, attempt in enumerate(attempts, start=1):
        of = {"generation": generation, "number": number, "duration_ms": number}
        Attempt.objects.create(id=attempt.attempt_id, provider="local", request_model=attempt.request_model, **of)
    steps.record(
        generation.workspace_id,
        *attempts,
        subject_id=generation.pk,
        user_id=generation.user_id,
        template_version=generation.template_version.number,
    )
    return generation


def test_what_older_records_did_not_know_is_filled_in_once_and_again(generation) -> None:
    steps.record(generation.workspace_id, steps.attempt(duration_ms=None), template_version=None)
    records, sums = _rows()

    with connections["owner"].cursor() as cursor:
        cursor.execute(FORGET)
        for _again in range(2):
            FILL.fill(None, SimpleNamespace(connection=connections["owner"]))
        cursor.execute("ALTER TABLE usage_usagerecord ENABLE TRIGGER USER")

    assert _rows() == (records, sums)
    assert [row["calls"] for row in sums if row["model"] in {"m-1", "m-2"} and row["user"]] == [0, 1]


def _rows() -> tuple[list[dict], list[dict]]:
    return list(UsageRecord.objects.order_by("key").values(*KNOWN)), list(
        MemberUsage.objects.order_by("user", "model").values(*SUMS)
    )
