"""A customer with credits, and staff with and without the permission to adjust them."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.accounts.models import User, Workspace
from apps.accounts.selectors import find_personal_workspace
from tests.accounts.conftest import new_email, new_user
from tests.billing_pages.customer import Customer


@pytest.fixture
def owner(db) -> User:
    return new_user(new_email("owner"))


@pytest.fixture
def workspace(owner) -> Workspace:
    return find_personal_workspace(owner)


@pytest.fixture
def stranger(db) -> User:
    return new_user(new_email("stranger"))


@pytest.fixture
def staff(db) -> User:
    user = User.objects.create_user(new_email("staff"), is_staff=True)
    allowed = ["adjust_credits", "view_creditaccount", "view_ledgerentry", "view_hold", "view_creditgrant"]
    user.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    return user


@pytest.fixture
def browser_of():
    def log_in(user: User) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return log_in


@pytest.fixture
def customer(synced, owner, workspace) -> Customer:
    """An owner in a browser, in front of a Stripe that sells everything."""
    return Customer(user=owner, workspace=workspace, stripe=synced)
