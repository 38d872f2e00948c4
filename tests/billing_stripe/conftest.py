"""A Stripe of the tests' own, with everything of plans.yaml, and customers who buy there; webhooks come by hand."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from apps.billing import stripe_client
from apps.billing.prove import prove
from apps.billing.sync_plans import sync_plans
from tests.billing_stripe.buyer import Buyer, make_buyer
from tests.stripe import StandIn

# Settings are read once per process; a test may have put another client in its place.
forget_client = stripe_client._client.cache_clear


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def stripe(stand_in, settings) -> Iterator[StandIn]:
    """Stripe before anything was ever sold; the product knows its address."""
    stand_in.reset()
    cache.clear()
    for name, value in stand_in.environment.items():
        setattr(settings, name, value)
    forget_client()
    yield stand_in
    stand_in.end_outages()
    forget_client()


@pytest.fixture
def shop(stripe, db) -> Iterator[StandIn]:
    """Stripe with everything that is for sale. The whole ledger must add up when the test ends."""
    sync_plans(apply=True)
    yield stripe
    assert prove() == []


@pytest.fixture
def committed_shop(stripe, committed_db) -> Iterator[StandIn]:
    """The same, where commits are real and other threads see them."""
    sync_plans(apply=True)
    yield stripe
    assert prove() == []


@pytest.fixture
def new_buyer(shop):
    """Make buyers, each with a workspace of their own."""
    return lambda name="buyer": make_buyer(shop, name)


@pytest.fixture
def buyer(shop) -> Buyer:
    return make_buyer(shop)


@pytest.fixture
def committed_buyer(committed_shop) -> Buyer:
    return make_buyer(committed_shop)
