"""A customer with a plan, rules and a saved card at the tests' own Stripe."""

from collections.abc import Iterator

import pytest

from apps.accounts.models import User, Workspace
from apps.accounts.selectors import find_personal_workspace
from apps.billing.prove import prove
from tests.accounts.conftest import new_email, new_user
from tests.billing_books.shopper import Shopper


@pytest.fixture
def owner(db) -> User:
    return new_user(new_email("owner"))


@pytest.fixture
def workspace(owner) -> Iterator[Workspace]:
    """A person's workspace; the whole ledger must add up when the test ends."""
    yield find_personal_workspace(owner)
    assert prove() == []


@pytest.fixture
def shopper(synced, owner, workspace) -> Shopper:
    return Shopper(stripe=synced, user=owner, workspace=workspace)


@pytest.fixture
def committed_shopper(synced, committed_db) -> Iterator[Shopper]:
    """The same, where commits are real and other threads see them."""
    owner = new_user(new_email("owner"))
    yield Shopper(stripe=synced, user=owner, workspace=find_personal_workspace(owner))
    assert prove() == []
