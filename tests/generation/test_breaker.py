"""The breaker of a provider: closed, open, half-open, shared by all, and closed while nobody can say."""

import pytest

from apps.generation.gateway import breaker
from apps.generation.gateway.breaker import Admission


@pytest.fixture
def name():
    breaker.reset("breaking")
    yield "breaking"
    breaker.reset("breaking")


def break_it(name):
    for _ in range(breaker.FAILURES_MAX):
        breaker.fail(name)


def test_it_opens_after_so_many_failures_in_a_row_and_not_before(name):
    for _ in range(breaker.FAILURES_MAX - 1):
        breaker.fail(name)
    assert breaker.admit(name).is_admitted

    breaker.fail(name)

    assert not breaker.admit(name).is_admitted
    assert breaker.opened_at(name) is not None
    assert breaker.admit("another").is_admitted


def test_a_success_in_between_begins_the_count_anew(name):
    for _ in range(3 * breaker.FAILURES_MAX):
        breaker.fail(name)
        breaker.succeed(name, admission=breaker.admit(name))

    assert breaker.admit(name).is_admitted


def test_failures_that_are_far_apart_do_not_add_up(name, monkeypatch):
    monkeypatch.setattr(breaker, "WINDOW_MS", 1)
    for _ in range(3 * breaker.FAILURES_MAX):
        breaker.fail(name)
        assert breaker.admit(name).at_ms > 0
        breaker.redis.client().wait(0, 2)

    assert breaker.admit(name).is_admitted


def test_half_open_lets_one_through_per_interval(name, monkeypatch):
    monkeypatch.setattr(breaker, "PROBE_INTERVAL_MS", 0)
    break_it(name)
    monkeypatch.setattr(breaker, "PROBE_INTERVAL_MS", 60_000)

    admitted = [breaker.admit(name).is_admitted for _ in range(50)]

    assert admitted == [True] + [False] * 49


def test_a_probe_that_succeeds_closes_it_and_one_that_fails_does_not(name, monkeypatch):
    monkeypatch.setattr(breaker, "PROBE_INTERVAL_MS", 0)
    break_it(name)
    breaker.fail(name)
    assert breaker.opened_at(name) is not None

    breaker.succeed(name, admission=breaker.admit(name))

    assert breaker.opened_at(name) is None


def test_a_call_from_before_the_opening_proves_nothing(name):
    before = breaker.admit(name)
    break_it(name)

    breaker.succeed(name, admission=Admission(True, before.at_ms - 1))

    assert not breaker.admit(name).is_admitted


def test_without_redis_every_provider_may_be_called(name, own_valkey):
    break_it(name)
    assert not breaker.admit(name).is_admitted

    own_valkey.stop()

    assert breaker.admit(name).is_admitted
    assert breaker.opened_at(name) is None
    break_it(name)
    breaker.succeed(name, admission=Admission(True))
