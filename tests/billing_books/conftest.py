"""A Stripe of the tests' own (the stand-in, over HTTP), a customer who buys there, and staff."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User, Workspace
from apps.accounts.selectors import find_personal_workspace
from apps.billing import stripe_client
from apps.billing.sync_plans import sync_plans
from tests.accounts.conftest import new_email, new_user
from tests.billing_books.shopper import Shopper
from tests.stripe import StandIn

VIEWED = ["customer", "checkoutsession", "subscription", "invoice", "payment", "webhookevent", "reconciliation"]
VIEWED += ["spendingrules", "topup", "overagereport", "ledgerentry", "creditgrant"]


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def _patience(settings) -> None:
    """One transaction lasts for a whole test here, and Stripe is asked within."""
    settings.IDLE_TIMEOUT_MS = 120_000


@pytest.fixture
def stripe(stand_in, settings) -> StandIn:
    """Stripe before anything was ever sold."""
    stand_in.reset()
    cache.clear()
    for name, value in stand_in.environment.items():
        setattr(settings, name, value)
    stripe_client._client.cache_clear()
    yield stand_in
    stand_in.end_outages()
    stripe_client._client.cache_clear()


@pytest.fixture
def synced(stripe) -> StandIn:
    """Stripe with everything of plans.yaml."""
    sync_plans(apply=True)
    return stripe


# Not with `db`: some tests commit (`committed_db`).
@pytest.fixture
def owner() -> User:
    return new_user(new_email("owner"))


@pytest.fixture
def workspace(owner) -> Workspace:
    return find_personal_workspace(owner)


@pytest.fixture
def shopper(synced, owner, workspace) -> Shopper:
    return Shopper(stripe=synced, user=owner, workspace=workspace)


@pytest.fixture
def staff(db) -> User:
    user = User.objects.create_user(new_email("staff"), is_staff=True)
    allowed = [*(f"view_{name}" for name in VIEWED), "replay_event", "refund_payment"]
    user.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    return user


@pytest.fixture
def browser(staff) -> Client:
    browser = Client()
    browser.force_login(staff)
    return browser
