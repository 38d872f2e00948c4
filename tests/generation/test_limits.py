"""How many generations may start within a minute: counted in Redis, and in PostgreSQL while Redis is away."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from apps.core.ids import uuid7
from apps.generation import limits
from tests.factories import GenerationFactory
from tests.generation import runs

KINDS = {"user": "user_id", "workspace": "workspace_id", "address": "address"}
FAR_FUTURE = datetime(2100, 1, 1, 12, 0, tzinfo=timezone.get_default_timezone())


@pytest.fixture(autouse=True)
def three_a_minute(settings):
    settings.GENERATION_LIMITS = {"user": 3, "workspace": 3, "address": 3}
    limits._limiter.cache_clear()
    yield
    limits._limiter.cache_clear()


@pytest.fixture
def hung_redis(own_valkey):
    own_valkey.pause()
    yield
    own_valkey.resume()


def somebody(**known) -> dict:
    """A caller who was never seen before, in all that is not given."""
    unknown = {"user_id": uuid7().int % 2**31, "workspace_id": uuid7(), "address": str(uuid7())}
    return unknown | known


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_user_workspace_and_address_is_limited(kind, settings):
    settings.GENERATION_LIMITS = {"user": 100, "workspace": 100, "address": 100, kind: 3}
    known = {KINDS[kind]: somebody()[KINDS[kind]]}
    for _ in range(3):
        limits.require_within_limits(**somebody(**known))

    with pytest.raises(limits.GenerationLimitError) as refused:
        limits.require_within_limits(**somebody(**known))

    assert refused.value.status == 429
    assert 1 <= refused.value.retry_after_seconds <= 2 * limits.WINDOW_SECONDS
    limits.require_within_limits(**somebody())


def test_the_window_slides(own_valkey):
    caller = somebody()
    with time_machine.travel(datetime.now().astimezone(), tick=False) as clock:
        for _ in range(3):
            limits.require_within_limits(**caller)
        clock.shift(timedelta(seconds=20))
        with pytest.raises(limits.GenerationLimitError):
            limits.require_within_limits(**caller)


def test_redis_away_the_limit_of_a_user_is_counted_in_postgresql(db, hung_redis, settings):
    settings.GENERATION_LIMITS = {"user": 2, "workspace": 100, "address": 1}
    generation = GenerationFactory()
    caller = {"user_id": generation.user_id, "address": "203.0.113.7"}

    limits.require_within_limits(**caller, workspace_id=uuid7())
    GenerationFactory(user=generation.user)

    with pytest.raises(limits.GenerationLimitError) as refused:
        limits.require_within_limits(**caller, workspace_id=uuid7())
    assert refused.value.retry_after_seconds == limits.WINDOW_SECONDS


def test_redis_away_the_limit_of_a_workspace_is_counted_in_postgresql(db, hung_redis, settings):
    settings.GENERATION_LIMITS = {"user": 100, "workspace": 1, "address": 1}
    generation = GenerationFactory()

    with pytest.raises(limits.GenerationLimitError):
        limits.require_within_limits(**somebody(workspace_id=generation.workspace_id))
    limits.require_within_limits(**somebody())


def test_redis_away_only_the_last_minute_counts(db, hung_redis):
    generation = GenerationFactory(created_at=timezone.now() - timedelta(seconds=limits.WINDOW_SECONDS + 1))
    for _ in range(3):
        limits.require_within_limits(**somebody(user_id=generation.user_id))


def test_a_submit_over_the_limit_holds_nothing(customer, settings):
    settings.GENERATION_LIMITS = {"user": 100_000, "workspace": 1, "address": 100_000}
    first = runs.start(customer)

    with pytest.raises(limits.GenerationLimitError):
        runs.start(customer)

    assert list(customer.workspace.generations.all()) == [first]


def test_a_repeated_send_is_not_counted(customer, settings):
    settings.GENERATION_LIMITS = {"user": 100_000, "workspace": 1, "address": 100_000}
    first = runs.start(customer, key="one key")

    assert runs.start(customer, key="one key").pk == first.pk
