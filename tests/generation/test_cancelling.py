"""Stop means stop: at once, once, and what was written is kept and paid for."""

import random
import time
from functools import partial

import pytest

from apps.generation import leases, services
from apps.generation.models import Generation
from apps.usage.rating import Confidence
from tests.billing import parallel
from tests.generation import runs
from tests.product import wait_for

# Generous: it takes less than one.
STOP_SECONDS = 3


@pytest.fixture
def patient(workshop, settings):
    """No deadline ends what Stop is to end."""
    settings.GENERATION_DEADLINES = {"queue": 60.0, "first_token": 60.0, "idle": 60.0, "total": 60.0}


def test_a_queued_generation_ends_at_once(customer):
    generation = runs.start(customer)

    services.cancel_generation(generation)

    generation = runs.fresh(generation)
    assert (generation.status, generation.finish_reason) == ("canceled", "canceled")
    runs.assert_settled_once(generation)
    assert generation.charged_credits == 0


def test_a_worker_that_is_rung_for_a_stopped_generation_calls_nobody(customer):
    generation = runs.start(customer)
    services.cancel_generation(generation)

    assert runs.run(generation).status == "canceled"
    assert runs.calls() == []


def test_a_running_call_is_aborted_and_its_text_kept_and_charged(customer, patient):
    generation = runs.start(customer, model="keel-trickle")
    with runs.running(generation):
        wait_for(lambda: runs.has_sent(generation, characters=15), seconds=10)
        services.cancel_generation(generation)
        wait_for(lambda: runs.call_of(generation)["state"] == "aborted", seconds=STOP_SECONDS)

    generation = runs.fresh(generation)
    assert (generation.status, generation.error_code) == ("canceled", "")
    assert generation.output.startswith("drop 0 drop 1 ")
    assert runs.call_of(generation)["text_sent"].startswith(generation.output)
    assert generation.charged_credits > 0
    assert [record.confidence for record in runs.usage_of(generation)] == [Confidence.ESTIMATED]
    runs.assert_settled_once(generation)


@pytest.mark.parametrize("model", ["keel-slow-first-token", "keel-slow-headers"])
def test_nothing_is_charged_before_the_first_token(model, customer, patient):
    generation = runs.start(customer, model=model)
    with runs.running(generation):
        wait_for(lambda: runs.call_of(generation), seconds=10)
        services.cancel_generation(generation)
        wait_for(lambda: runs.call_of(generation)["state"] == "aborted", seconds=STOP_SECONDS)

    generation = runs.fresh(generation)
    assert (generation.status, generation.output, generation.charged_credits) == ("canceled", "", 0)
    assert [attempt.status for attempt in generation.attempts.all()] == ["canceled"]
    runs.assert_settled_once(generation)


def test_stopping_between_two_attempts_makes_no_further_call(customer, patient, monkeypatch):
    monkeypatch.setattr("apps.generation.calls.delay_before_retry", lambda **_facts: 30.0)
    generation = runs.start(customer, model="keel-500")
    with runs.running(generation):
        wait_for(lambda: runs.call_of(generation), seconds=10)
        services.cancel_generation(generation)

    assert runs.fresh(generation).status == "canceled"
    assert len(runs.calls()) == 1
    runs.assert_settled_once(runs.fresh(generation))


def test_stopping_twice_is_stopping_once(customer, patient):
    generation = runs.start(customer, model="keel-trickle")
    with runs.running(generation):
        wait_for(lambda: runs.has_sent(generation, characters=1), seconds=10)
        services.cancel_generation(generation)
        asked_at = runs.fresh(generation).cancel_requested_at
        services.cancel_generation(generation)

    assert runs.fresh(generation).cancel_requested_at == asked_at
    runs.assert_settled_once(runs.fresh(generation))


def test_stopping_after_the_end_changes_nothing(customer):
    generation = runs.start(customer)
    runs.run(generation)
    before = Generation.objects.values().get(pk=generation.pk)

    services.cancel_generation(generation)

    assert before["status"] == "succeeded"
    assert Generation.objects.values().get(pk=generation.pk) == before


def test_stop_and_finish_at_once_end_a_generation_once(customer, monkeypatch):
    monkeypatch.setattr(leases, "KEEPER_SECONDS", 0.002)
    generations = [runs.start(customer) for _ in range(100)]

    answers = parallel.in_threads(partial(run_and_stop, *pair) for pair in enumerate(generations))

    assert answers == [None] * 100
    ended = [runs.fresh(generation) for generation in generations]
    for generation in ended:
        runs.assert_settled_once(generation)
        assert generation.status in {"succeeded", "canceled"}
        assert (generation.charged_credits > 0) == bool(generation.output)
    assert len({generation.status for generation in ended}) == 2, "both ends were met"


def run_and_stop(seed, generation):
    with runs.running(generation):
        time.sleep(random.Random(seed).random() * 0.15)
        services.cancel_generation(generation)
