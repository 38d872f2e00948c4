"""Customers who buy at the tests' own Stripe, which has everything of plans.yaml; webhooks come by hand."""

from collections.abc import Iterator

import pytest

from apps.billing.prove import prove
from tests.billing_stripe.buyer import Buyer, make_buyer
from tests.stripe import StandIn


@pytest.fixture
def shop(synced, db) -> Iterator[StandIn]:
    """Stripe with everything that is for sale. The whole ledger must add up when the test ends."""
    yield synced
    assert prove() == []


@pytest.fixture
def committed_shop(synced, committed_db) -> Iterator[StandIn]:
    """The same, where commits are real and other threads see them."""
    yield synced
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
