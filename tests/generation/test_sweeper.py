"""The sweeper: what died is finished once, what waits too long is ended, what still waits is rung for again."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from apps.billing.prove import prove
from apps.core import redis
from apps.core.ids import uuid7
from apps.generation import leases, settling, stream, sweeper
from apps.generation.models import Attempt, Generation
from apps.generation.outcomes import RunOutcome
from apps.generation.stream import DELTA, OPENED, SNAPSHOT, Entry
from apps.usage.rating import Confidence
from dev.services.ports import free_port
from tests.billing import parallel
from tests.factories import GenerationFactory
from tests.generation import runs

LONG_AGO = timezone.now() - timedelta(days=1)


@pytest.fixture
def ledger(db):
    yield
    assert prove() == []


@pytest.fixture
def redis_away(settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    redis.client.cache_clear()
    yield
    redis.client.cache_clear()


def died(*entries: tuple[str, str], **fields) -> leases.Lease:
    """A running generation whose worker is dead and whose stream holds these entries; return the dead one's lease."""
    generation = GenerationFactory(**fields)
    lease = leases.claim(generation.pk)
    Attempt.objects.create(
        id=uuid7(), generation=generation, number=1, provider="openai", request_model=lease.request_model
    )
    Generation.objects.filter(pk=generation.pk).update(lease_expires_at=LONG_AGO)
    for number, (kind, text) in enumerate(entries, start=1):
        stream.append_all([(generation.pk, Entry(number, kind, text))])
    return lease


def found(lease) -> Generation:
    return Generation.objects.select_related("hold").get(pk=lease.generation_id)


def test_the_text_that_reached_the_stream_is_kept_and_nothing_is_charged(ledger):
    lease = died((OPENED, ""), (DELTA, "some "), (DELTA, "text"))

    sweeper.sweep()

    generation = found(lease)
    assert (generation.status, generation.error_code) == ("failed", "worker_lost")
    assert generation.output == "some text"
    assert [attempt.status for attempt in generation.attempts.all()] == ["failed"]
    assert [record.confidence for record in runs.usage_of(generation)] == [Confidence.ESTIMATED]
    runs.assert_settled_once(generation)


def test_a_snapshot_in_the_stream_replaces_what_stood_before_it(ledger):
    lease = died((OPENED, ""), (DELTA, "some "), (SNAPSHOT, "all of it"), (DELTA, ", and more"))

    sweeper.sweep()

    assert found(lease).output == "all of it, and more"


@pytest.mark.parametrize("text", ["written before the end", ""])
def test_a_stopped_run_whose_worker_died_is_canceled_and_pays_for_its_text(ledger, text):
    lease = died((OPENED, ""), (DELTA, text), cancel_requested_at=LONG_AGO)

    sweeper.sweep()

    generation = found(lease)
    assert (generation.status, generation.output) == ("canceled", text)
    assert (generation.charged_credits > 0) == bool(text)
    runs.assert_settled_once(generation)


def test_without_its_stream_a_dead_run_is_finished_without_text(ledger):
    lease = died()

    sweeper.sweep()

    assert (found(lease).status, found(lease).output) == ("failed", "")
    runs.assert_settled_once(found(lease))


def test_a_worker_that_comes_back_after_the_sweeper_changes_nothing(ledger):
    lease = died((OPENED, ""))
    sweeper.sweep()
    before = Generation.objects.values().get(pk=lease.generation_id)

    late = stream.append_all([(lease.generation_id, Entry(2, DELTA, "late"))])

    assert late == [stream.SEALED]
    assert not settling.settle(lease, RunOutcome("succeeded", "late", (), "stop"))
    assert not leases.holds(lease)
    assert Generation.objects.values().get(pk=lease.generation_id) == before


def test_a_run_whose_lease_stands_is_left_alone(ledger):
    lease = leases.claim(GenerationFactory().pk)

    assert sweeper.sweep() == []

    assert found(lease).status == "running"
    assert leases.holds(lease)


def test_what_waits_too_long_is_ended_and_its_credits_returned(ledger):
    generation = GenerationFactory(created_at=LONG_AGO)

    assert sweeper.sweep() == []

    generation = runs.fresh(generation)
    assert (generation.status, generation.error_code) == ("failed", "queue_timeout")
    runs.assert_settled_once(generation)


def test_only_what_has_waited_for_a_while_is_rung_for_again(ledger):
    waiting = GenerationFactory(created_at=timezone.now() - timedelta(seconds=sweeper.PERIOD_SECONDS + 1))
    GenerationFactory()

    assert sweeper.sweep() == [str(waiting.pk)]


def test_what_cannot_be_read_does_not_keep_the_others_waiting(ledger):
    odd, other = died(), died((OPENED, ""), (DELTA, "text"))
    redis.client().set(stream.stream_key(odd.generation_id), "no stream")

    sweeper.sweep()

    assert (found(odd).status, found(other).status) == ("running", "failed")


def test_while_redis_is_away_the_text_is_waited_for(ledger, redis_away):
    lease = taken_over(created_at=timezone.now())

    sweeper.finish_dead(lease)

    assert found(lease).status == "running"


def test_a_redis_that_stays_away_is_given_up_and_the_credits_are_returned(ledger, redis_away):
    lease = taken_over(created_at=LONG_AGO)

    sweeper.finish_dead(lease)

    assert (found(lease).status, found(lease).output) == ("failed", "")
    runs.assert_settled_once(found(lease))


def test_two_sweepers_at_once_finish_everything_once(workshop):
    dead = [died((OPENED, ""), (DELTA, "text")) for _ in range(20)]

    answers = parallel.in_threads([partial(sweeper.sweep)] * 4)

    assert answers == [[]] * 4
    for lease in dead:
        assert found(lease).status == "failed"
        assert found(lease).fencing_number == lease.fencing_number + 1
        runs.assert_settled_once(found(lease))
    assert runs.calls() == []


def taken_over(**fields) -> leases.Lease:
    died(**fields)
    return leases.take_over_expired(limit=1)[0]
