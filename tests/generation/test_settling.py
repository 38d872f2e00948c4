"""Settling: once, under the fencing number, never above the hold, and again when PostgreSQL was away."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from apps.billing.models import LedgerEntry
from apps.billing.prove import prove
from apps.core.ids import uuid7
from apps.generation import leases, settling
from apps.generation.models import Attempt, Generation
from apps.generation.outcomes import AttemptOutcome, RunOutcome
from apps.usage.models import UsageRecord
from apps.usage.rating import Confidence, TokenCount
from tests.factories import GenerationFactory, MembershipFactory
from tests.generation import runs


@pytest.fixture
def lease(db):
    yield leases.claim(GenerationFactory().pk)
    assert prove() == []


def outcome_of(lease, *, status="succeeded", text="Some text.", output_tokens=400) -> RunOutcome:
    """The end of a run with one attempt: 400 tokens cost 2 credits."""
    attempt = Attempt.objects.create(
        id=uuid7(), generation_id=lease.generation_id, number=1, provider="openai", request_model=lease.request_model
    )
    tokens = TokenCount(0, output_tokens, 0, Confidence.EXACT)
    ended = AttemptOutcome(attempt.pk, "openai", attempt.request_model, status="succeeded", tokens=tokens)
    error_code = "idle_timeout" if status == "failed" else ""
    return RunOutcome(status, text, (ended,), "stop", error_code)


def generation_of(lease) -> Generation:
    return Generation.objects.select_related("hold").get(pk=lease.generation_id)


def everything(lease) -> tuple:
    """All that a settlement writes."""
    entries, records = LedgerEntry.objects.count(), UsageRecord.objects.count()
    return Generation.objects.values().get(pk=lease.generation_id), generation_of(lease).hold.status, entries, records


def test_success_captures_what_was_used_and_returns_the_rest(lease):
    assert settling.settle(lease, outcome_of(lease))

    generation = generation_of(lease)
    assert (generation.status, generation.output, generation.charged_credits) == ("succeeded", "Some text.", 2)
    assert generation.lease_expires_at is None
    runs.assert_settled_once(generation)
    assert not runs.usage_of(generation)[0].capped


@pytest.mark.parametrize(
    ("status", "text", "credits"),
    [("canceled", "Some text.", 2), ("canceled", "", 0), ("failed", "Some text.", 0), ("failed", "", 0)],
)
def test_only_answers_and_what_was_written_before_stop_are_charged(status, text, credits, lease):
    assert settling.settle(lease, outcome_of(lease, status=status, text=text))

    assert generation_of(lease).charged_credits == credits
    runs.assert_settled_once(generation_of(lease))


def test_a_lease_whose_number_was_raised_settles_nothing(lease):
    outcome = outcome_of(lease)
    Generation.objects.filter(pk=lease.generation_id).update(fencing_number=lease.fencing_number + 1)
    before = everything(lease)

    assert not settling.settle(lease, outcome)

    assert everything(lease) == before
    assert Attempt.objects.get().status == "running"


def test_the_one_who_took_over_settles(lease):
    Generation.objects.filter(pk=lease.generation_id).update(lease_expires_at="2000-01-01T00:00Z")
    (taken_over,) = leases.take_over_expired(limit=10)

    assert not settling.settle(lease, outcome_of(lease))
    assert settling.settle(taken_over, RunOutcome("failed", "", (), "error", "worker_lost"))
    runs.assert_settled_once(generation_of(lease))


def test_settling_twice_is_settling_once(lease):
    outcome = outcome_of(lease)
    assert settling.settle(lease, outcome)
    before = everything(lease)

    assert not settling.settle(lease, outcome)

    assert everything(lease) == before


def test_usage_above_the_hold_is_captured_at_the_hold_and_flagged(lease):
    settling.settle(lease, outcome_of(lease, output_tokens=10_000))

    generation = generation_of(lease)
    (record,) = runs.usage_of(generation)
    assert generation.charged_credits == generation.hold.amount == 10
    assert (record.capped, record.output_tokens, record.microcredits) == (True, 10_000, 50_000_000)
    runs.assert_settled_once(generation)


def test_a_lost_database_connection_is_replaced_and_the_run_settled(committed_db):
    lease = leases.claim(GenerationFactory(membership=MembershipFactory()).pk)
    outcome = outcome_of(lease)
    terminate_our_connection()

    assert settling.settle_with_patience(lease, outcome)

    runs.assert_settled_once(generation_of(lease))


def test_a_lost_connection_is_really_lost(committed_db):
    lease = leases.claim(GenerationFactory().pk)
    outcome = outcome_of(lease)
    terminate_our_connection()

    with pytest.raises(Exception, match=r"terminat|closed"):
        settling.settle(lease, outcome)
    connection.close()


def test_a_claimed_generation_cannot_be_claimed_again(lease):
    assert leases.claim(lease.generation_id) is None


def test_nobody_can_claim_what_has_ended(lease):
    settling.settle(lease, outcome_of(lease))

    assert leases.claim(lease.generation_id) is None


def test_ending_a_queued_generation_does_nothing_to_a_claimed_one(lease):
    before = everything(lease)

    assert not settling.end_queued(generation_of(lease), status="canceled", finish_reason="canceled")

    assert everything(lease) == before


def terminate_our_connection():
    """End this thread's server process from another connection, as a restart of PostgreSQL does."""
    connection.ensure_connection()
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(_terminate, connection.connection.info.backend_pid).result()


def _terminate(pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    connections.close_all()
