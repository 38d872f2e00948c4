"""What the tests of generation share: short deadlines, high limits, and a customer with credits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import Membership
from apps.billing.catalogue import load_catalogue
from apps.billing.prove import prove
from apps.core import redis
from apps.generation import shown_cache
from apps.generation.gateway import breaker, openai_provider, providers, retry
from apps.generation.models import Flag, Switch
from dev.model_server.models import MODELS
from dev.services.valkey import Valkey
from tests.factories import FundedMembershipFactory
from tests.generation import runs
from tests.plans import write_plans

DEADLINES = {"queue": 60.0, "first_token": 1.0, "idle": 1.5, "total": 4.5}
NO_LIMITS = {"user": 100_000, "workspace": 100_000, "address": 100_000}


@pytest.fixture
def unlimited_plans(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The free plan limits nothing, in processes of a test neither."""
    settings.PLANS_FILE = write_plans(tmp_path / "plans.yaml")
    monkeypatch.setenv("PLANS_FILE", settings.PLANS_FILE)
    load_catalogue.cache_clear()
    yield
    load_catalogue.cache_clear()


@pytest.fixture
def quick(unlimited_plans: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every model is offered, nothing is limited, and nobody waits for long."""
    settings.GENERATION_MODELS = list(MODELS)
    settings.GENERATION_LIMITS = NO_LIMITS
    settings.GENERATION_DEADLINES = DEADLINES
    monkeypatch.setattr(retry, "FIRST_DELAY_SECONDS", 0.05)
    openai_provider._client.cache_clear()
    # An SDK that is imported during the first run would be taken for a slow model.
    providers.load()
    breaker.reset("openai")
    yield
    openai_provider._client.cache_clear()


@pytest.fixture
def workshop(committed_db: None, quick: None) -> Iterator[None]:
    """Generations really run here: committed rows, the model server with an empty journal. The ledger is proved."""
    runs.empty_journal()
    yield
    assert prove() == []


@pytest.fixture
def customer(workshop: None) -> Membership:
    """A person with a funded workspace of their own."""
    return FundedMembershipFactory()


@pytest.fixture
def nothing_kept() -> Iterator[None]:
    """What pages keep of switches in Redis reaches no other test, whose database knows nothing of them."""
    for model in (Switch, Flag):
        shown_cache.forget(model.SHOWN_AS)
    yield
    for model in (Switch, Flag):
        shown_cache.forget(model.SHOWN_AS)


@pytest.fixture
def own_valkey(tmp_path: Any, settings: Any) -> Iterator[Valkey]:
    """A Valkey that a test may kill and freeze; the product uses it meanwhile."""
    valkey = Valkey(var_dir=tmp_path, password="test")
    (tmp_path / "run").mkdir()
    valkey.start()
    settings.REDIS_URL = valkey.url()
    redis.client.cache_clear()
    yield valkey
    redis.client.cache_clear()
    valkey.stop()
