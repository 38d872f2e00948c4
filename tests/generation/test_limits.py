"""How many generations may start within a minute: counted in Redis, and in PostgreSQL while Redis is away."""

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from apps.accounts import api_keys
from apps.accounts.models import ApiKey
from apps.accounts.scopes import SCOPES
from apps.billing.catalogue import CATALOGUE_PATH, parse_catalogue
from apps.billing.entitlements import assess
from apps.core import alerts
from apps.core.ids import uuid7
from apps.generation import limits
from tests.factories import GenerationFactory
from tests.generation import runs

KINDS = {"user": "user_id", "workspace": "workspace_id", "address": "address"}
FAR_FUTURE = datetime(2100, 1, 1, 12, 0, tzinfo=timezone.get_default_timezone())


@pytest.fixture(autouse=True)
def three_a_minute(settings, unlimited_plans):
    settings.GENERATION_LIMITS = {"user": 3, "workspace": 3, "address": 3}


@pytest.fixture
def hung_redis(own_valkey):
    own_valkey.pause()
    yield
    own_valkey.resume()


def somebody(**known) -> dict:
    """A caller who was never seen before and whose plan has no limits, in all that is not given."""
    unknown = {"user_id": uuid7().int % 2**31, "workspace_id": uuid7(), "address": str(uuid7())}
    return unknown | {"rights": assess(None, at=timezone.now())} | known


def start(*, key: str = "", **known) -> None:
    """Count one start of somebody, under a key of its own."""
    limits.require_within_limits(**somebody(**known), idempotency_key=key or str(uuid7()))


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_user_workspace_and_address_is_limited(kind, settings):
    settings.GENERATION_LIMITS = {"user": 100, "workspace": 100, "address": 100, kind: 3}
    known = {KINDS[kind]: somebody()[KINDS[kind]]}
    for _ in range(3):
        start(**known)

    with pytest.raises(limits.GenerationLimitError) as refused:
        start(**known)

    assert refused.value.status == 429
    assert limits.WINDOW_SECONDS - 10 <= refused.value.retry_after_seconds <= limits.WINDOW_SECONDS
    start()


def test_the_window_slides(own_valkey):
    caller = somebody()
    with time_machine.travel(datetime.now().astimezone(), tick=False) as clock:
        for _ in range(3):
            start(**caller)
        clock.shift(timedelta(seconds=20))
        with pytest.raises(limits.GenerationLimitError):
            start(**caller)


def test_there_is_room_again_when_the_wait_is_over(own_valkey):
    caller = somebody()
    with time_machine.travel(datetime.now().astimezone(), tick=False) as clock:
        for _ in range(3):
            start(**caller)
            clock.shift(timedelta(seconds=10))
        with pytest.raises(limits.GenerationLimitError) as refused:
            start(**caller)
        assert refused.value.retry_after_seconds == 30

        clock.shift(timedelta(seconds=29.9))
        with pytest.raises(limits.GenerationLimitError):
            start(**caller)
        clock.shift(timedelta(seconds=0.1))
        start(**caller)


def test_copies_of_one_key_are_counted_once(own_valkey):
    caller = somebody()
    for _ in range(5):
        start(key="one key", **caller)
    for _ in range(2):
        start(**caller)

    with pytest.raises(limits.GenerationLimitError):
        start(**caller)
    start(key="one key", **caller)


def test_what_is_refused_is_not_counted(own_valkey, settings):
    settings.GENERATION_LIMITS = {"user": 1, "workspace": 2, "address": 100}
    workspace_id, user_id = uuid7(), 1
    start(workspace_id=workspace_id, user_id=user_id)
    for _ in range(3):
        with pytest.raises(limits.GenerationLimitError):
            start(workspace_id=workspace_id, user_id=user_id)

    start(workspace_id=workspace_id, user_id=2)


def test_keys_of_two_workspaces_are_two(own_valkey):
    for _ in range(3):
        start(key="one key", user_id=1)

    with pytest.raises(limits.GenerationLimitError):
        start(key="one key", user_id=1)


def test_each_api_key_is_limited(settings):
    settings.GENERATION_LIMITS = {"key": 3}
    slow, other = ApiKey(pk=uuid7(), requests_per_minute=2), ApiKey(pk=uuid7(), requests_per_minute=100)
    for _ in range(2):
        start(api_key=slow)
    for _ in range(3):
        start(api_key=other)

    for key in (slow, other):
        with pytest.raises(limits.GenerationLimitError) as refused:
            start(api_key=key)
        assert [one.name for one in refused.value.readings] == ["key"]


def test_everybody_together_is_limited_by_feature(settings, own_valkey):
    settings.GENERATION_LIMITS = {"feature": 2}
    start()
    start()

    with pytest.raises(limits.GenerationLimitError) as refused:
        start()
    assert [one.name for one in refused.value.readings] == ["feature"]


def test_an_address_of_ipv6_counts_by_its_network(settings):
    settings.GENERATION_LIMITS = {"address": 2}
    network = f"2001:db8:{uuid7().int % 9999:x}:{uuid7().int % 9998:x}"
    for host in (1, 2):
        start(address=f"{network}::{host}")

    with pytest.raises(limits.GenerationLimitError):
        start(address=f"{network}::3")


def test_what_is_left_is_told_without_counting(settings):
    caller = somebody()
    for left in (3, 3):
        assert limits.find_tightest(**caller).remaining == left
    start(**caller)

    tightest = limits.find_tightest(**caller)

    assert (tightest.remaining, tightest.amount) == (2, 3)
    assert not limits.is_near(tightest)


def test_redis_away_nobody_knows_what_is_left(hung_redis):
    assert limits.find_tightest(**somebody()) is None


def test_staff_hear_of_a_workspace_that_is_refused_again_and_again(settings, monkeypatch):
    told: list[dict] = []
    monkeypatch.setattr(alerts, "send", lambda **facts: told.append(facts))
    monkeypatch.setattr(limits, "REFUSALS_TOLD", 3)
    settings.GENERATION_LIMITS = {"workspace": 1}
    caller = somebody()
    start(**caller)

    for _ in range(5):
        with pytest.raises(limits.GenerationLimitError):
            start(**caller)

    assert [alert["kind"] for alert in told] == ["starts_refused"] * 2
    assert len({alert["window"] for alert in told}) == 1


def test_redis_away_the_limits_of_keys_and_of_everybody_are_counted_in_postgresql(db, hung_redis, settings):
    generation = GenerationFactory()
    made = api_keys.create_key(
        user=generation.user, workspace_id=generation.workspace_id, name="Website", scopes=list(SCOPES),
        idempotency_key=str(uuid7()), actor="test", budget_credits=None, needs_plan=False,
    )  # fmt: skip
    settings.GENERATION_LIMITS = {"key": 1}
    start(api_key=made.key)
    type(generation).objects.update(api_key=made.key)

    for kind, caller in {"key": {"api_key": made.key}, "feature": {}}.items():
        settings.GENERATION_LIMITS = {kind: 1}
        with pytest.raises(limits.GenerationLimitError) as refused:
            start(**caller)
        assert refused.value.retry_after_seconds == limits.WINDOW_SECONDS


def test_redis_away_the_limit_of_a_user_is_counted_in_postgresql(db, hung_redis, settings):
    settings.GENERATION_LIMITS = {"user": 2, "workspace": 100, "address": 1}
    generation = GenerationFactory()
    caller = {"user_id": generation.user_id, "address": "203.0.113.7"}

    start(**caller)
    GenerationFactory(user=generation.user)

    with pytest.raises(limits.GenerationLimitError) as refused:
        start(**caller)
    assert refused.value.retry_after_seconds == limits.WINDOW_SECONDS


def test_redis_away_the_limit_of_a_workspace_is_counted_in_postgresql(db, hung_redis, settings):
    settings.GENERATION_LIMITS = {"user": 100, "workspace": 1, "address": 1}
    generation = GenerationFactory()

    with pytest.raises(limits.GenerationLimitError):
        start(workspace_id=generation.workspace_id)
    start()


def test_redis_away_only_the_last_minute_counts(db, hung_redis):
    generation = GenerationFactory(created_at=timezone.now() - timedelta(seconds=limits.WINDOW_SECONDS + 1))
    for _ in range(3):
        start(user_id=generation.user_id)


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


def test_no_ceiling_of_the_deployment_lies_below_what_a_plan_promises():
    promised = max(plan.limits.requests_per_minute or 0 for plan in parse_catalogue(CATALOGUE_PATH.read_text()).plans)

    defaults = subprocess.run(
        [sys.executable, "-c", "from config.settings import base; print(min(base.GENERATION_LIMITS.values()))"],
        env={name: value for name, value in os.environ.items() if name != "GENERATION_LIMITS"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(defaults.stdout) >= promised
