"""A Stripe of the tests' own (the stand-in, over HTTP), and a customer with a plan, rules and a saved card."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from apps.accounts.models import User, Workspace
from apps.accounts.selectors import find_personal_workspace
from apps.billing import stripe_client
from apps.billing.prove import prove
from apps.billing.sync_plans import sync_plans
from tests.accounts.conftest import new_email, new_user
from tests.billing_books.shopper import Shopper
from tests.stripe import StandIn


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def stripe(stand_in, settings) -> Iterator[StandIn]:
    """Stripe with everything of plans.yaml, and nothing sold."""
    stand_in.reset()
    cache.clear()
    for name, value in stand_in.environment.items():
        setattr(settings, name, value)
    stripe_client._client.cache_clear()
    yield stand_in
    stand_in.end_outages()
    stripe_client._client.cache_clear()


@pytest.fixture
def owner(db) -> User:
    return new_user(new_email("owner"))


@pytest.fixture
def workspace(owner) -> Iterator[Workspace]:
    """A person's workspace; the whole ledger must add up when the test ends."""
    yield find_personal_workspace(owner)
    assert prove() == []


@pytest.fixture
def shopper(stripe, owner, workspace) -> Shopper:
    sync_plans(apply=True)
    return Shopper(stripe=stripe, user=owner, workspace=workspace)


@pytest.fixture
def committed_shopper(stripe, committed_db) -> Iterator[Shopper]:
    """The same, where commits are real and other threads see them."""
    owner = new_user(new_email("owner"))
    sync_plans(apply=True)
    yield Shopper(stripe=stripe, user=owner, workspace=find_personal_workspace(owner))
    assert prove() == []
