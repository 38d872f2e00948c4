"""Usage is recorded once, with the settlement or not at all, and its rollup is what the records add up to."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.billing import ledger
from apps.billing.models import LedgerEntry
from apps.core.ids import uuid7
from apps.core.request_id import bind_request_id
from apps.usage import metering
from apps.usage.models import DailyUsage, UsageRecord
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("db")


@st.composite
def settlements(draw: st.DrawFn) -> dict[str, Any]:
    """One settlement around a change of days, in two hours that are other days elsewhere."""
    attempts = [
        steps.attempt(
            model=draw(st.sampled_from(["m-1", "m-2"])),
            input_tokens=draw(st.integers(5, 10**9)),
            output_tokens=draw(st.integers(0, 10**9)),
            cached=draw(st.integers(0, 5)),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    at = steps.NOON + timedelta(hours=draw(st.integers(0, 72)))
    return {
        "attempts": attempts,
        "charged": draw(st.integers(0, 10**9)),
        "at": at,
        "template": draw(st.sampled_from("ab")),
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(settlements(), max_size=8))
def test_the_rollup_is_what_the_records_add_up_to(history: list[dict[str, Any]]) -> None:
    workspace_id = steps.new_workspace_id()
    for settlement in history:
        steps.record(workspace_id, *settlement.pop("attempts"), **settlement)

    records = list(UsageRecord.objects.filter(workspace_id=workspace_id))

    assert steps.rollup(workspace_id) == steps.add_up(records, by=steps.rollup_row_of)


def test_a_record_keeps_the_rate_the_amounts_and_the_request() -> None:
    bind_request_id("request-12345")
    attempt = steps.attempt(input_tokens=1000, output_tokens=100, cached=400)
    steps.record(steps.new_workspace_id(), attempt, charged=2, capped=True)

    line = UsageRecord.objects.get()

    assert line.key == f"attempt:{attempt.attempt_id}"
    assert (line.rate_model, line.rate_effective_from) == ("m-*", steps.RATE.effective_from)
    assert (line.rate_input_credits, line.rate_cached_input_credits, line.rate_output_credits) == (1000, 500, 5000)
    assert (line.rate_input_cost_usd_micros, line.rate_output_cost_usd_micros) == (150_000, 600_000)
    assert (line.microcredits, line.cost_usd_micros) == (1_300_000, 180)
    assert (line.confidence, line.request_id, line.created_at) == ("exact", "request-12345", steps.NOON)


def test_the_last_attempt_carries_the_credits_and_the_flag() -> None:
    steps.record(steps.new_workspace_id(), *(steps.attempt() for _ in range(3)), charged=7, capped=True)

    lines = UsageRecord.objects.order_by("id").values_list("charged_credits", "capped")

    assert list(lines) == [(0, False), (0, False), (7, True)]


def test_an_attempt_is_recorded_once_and_the_rollup_does_not_count_the_second() -> None:
    workspace_id, attempt = steps.new_workspace_id(), steps.attempt()
    steps.record(workspace_id, attempt)
    before = steps.rollup(workspace_id)

    with pytest.raises(IntegrityError, match="usage_record_key_once"), transaction.atomic():
        steps.record(workspace_id, attempt, charged=9)

    assert (UsageRecord.objects.count(), steps.rollup(workspace_id)) == (1, before)


def test_a_settlement_that_fails_later_leaves_no_usage() -> None:
    workspace_id = steps.new_workspace_id()

    with transaction.atomic():
        steps.record(workspace_id)
        transaction.set_rollback(True)

    assert (UsageRecord.objects.count(), DailyUsage.objects.count()) == (0, 0)


def test_a_settlement_without_attempts_writes_nothing() -> None:
    workspace_id = steps.new_workspace_id()

    _settle(workspace_id, attempts=[], charged_credits=0, capped=False, at=steps.NOON)

    assert (UsageRecord.objects.count(), DailyUsage.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("attempts", "charged", "at"),
    [
        ([], 1, steps.NOON),
        ([steps.attempt()], -1, steps.NOON),
        ([steps.attempt()], 1, datetime(2026, 5, 4, 12)),
    ],
)
def test_impossible_settlements_are_refused(attempts: list[metering.AttemptUsage], charged: int, at: datetime) -> None:
    with pytest.raises(AssertionError):
        _settle(steps.new_workspace_id(), attempts=attempts, charged_credits=charged, capped=False, at=at)


def test_a_provider_that_answers_an_endless_model_name_does_not_stop_the_settlement() -> None:
    attempt = steps.attempt()
    object.__setattr__(attempt, "response_model", "x" * 1000)

    steps.record(steps.new_workspace_id(), attempt)

    assert len(UsageRecord.objects.get().response_model) == 128


def test_charged_credits_of_a_subject_are_its_capture() -> None:
    workspace_id, subject_id = steps.new_workspace_id(), uuid7()
    ledger.grant(workspace_id=workspace_id, amount_credits=50, source="plan", idempotency_key="grant")
    hold = ledger.place_hold(workspace_id=workspace_id, amount_credits=5, idempotency_key="hold", ttl_seconds=60)

    with transaction.atomic():
        steps.record(workspace_id, steps.attempt(), steps.attempt(), charged=5, capped=True, subject_id=subject_id)
        ledger.capture(hold_id=hold.id, amount_credits=5, idempotency_key="capture")

    lines = UsageRecord.objects.filter(subject_id=subject_id)
    assert -sum(line.charged_credits for line in lines) == LedgerEntry.objects.get(kind="capture").amount


def _settle(workspace_id: UUID, **fields: Any) -> None:
    names = {"user_id": None, "feature": "generation", "template": "summary"}
    metering.record_usage(workspace_id=workspace_id, subject_id=uuid7(), **names, **fields)
