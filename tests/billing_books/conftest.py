"""A customer who buys at the tests' own Stripe, and staff."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.accounts.models import User, Workspace
from apps.accounts.selectors import find_personal_workspace
from tests.accounts.conftest import new_email, new_user
from tests.billing_books.shopper import Shopper

VIEWED = ["customer", "checkoutsession", "subscription", "invoice", "payment", "webhookevent", "reconciliation"]
VIEWED += ["spendingrules", "topup", "overagereport", "ledgerentry", "creditgrant"]


@pytest.fixture(autouse=True)
def _patience(settings) -> None:
    """One transaction lasts for a whole test here, and Stripe is asked within."""
    settings.IDLE_TIMEOUT_MS = 120_000


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
