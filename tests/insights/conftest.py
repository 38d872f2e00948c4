"""Staff with everything in sight, and generations that ended in known ways."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from apps.accounts.models import User
from apps.billing import ledger
from apps.generation.models import Attempt, Generation
from tests.accounts.conftest import new_email
from tests.factories import GenerationFactory, MembershipFactory


@pytest.fixture(scope="session", autouse=True)
def _addresses():
    """Load every address first: on a busy machine that outlasts the idle timeout of a test's transaction."""
    assert get_resolver().url_patterns


@pytest.fixture
def root(db) -> Client:
    """A browser of somebody who may see everything."""
    return browser_of(User.objects.create_superuser(new_email("root"), "x"))


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def staff_who_may_view(*models: str) -> Client:
    """A browser of staff with the view permission for these models alone."""
    user = User.objects.create_user(new_email("staff"), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=[f"view_{model}" for model in models]))
    return browser_of(user)


def run_of(email: str, **fields) -> Generation:
    """A failed generation of the person with this address, a minute old, unless the fields say otherwise."""
    membership = MembershipFactory(user__email=email)
    return failed_run(membership, **fields)


def failed_run(membership, *, code="worker_lost", ago=timedelta(minutes=1), **fields) -> Generation:
    at = timezone.now() - ago
    ended = {"status": "failed", "error_code": code, "finished_at": at, "started_at": at, "created_at": at}
    return GenerationFactory(membership=membership, **(ended | fields))


def failed_attempt(generation: Generation, *, code="idle_timeout") -> Attempt:
    return Attempt.objects.create(
        generation=generation, number=1, provider="openai", request_model="m", status="failed", error_code=code
    )


def spend(workspace, *, amount_credits: int) -> None:
    """Grant twice as much as is then held and captured."""
    key = new_email("key")
    ledger.grant(workspace_id=workspace.pk, amount_credits=2 * amount_credits, source="plan", idempotency_key=key)
    placed = ledger.place_hold(
        workspace_id=workspace.pk, amount_credits=amount_credits, ttl_seconds=3600, idempotency_key=key
    )
    ledger.capture(hold_id=placed.id, amount_credits=amount_credits, idempotency_key=f"end:{key}")
