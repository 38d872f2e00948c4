"""Hundreds of things that customers, staff, Stripe and time do by chance, and the books are right afterwards."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.billing.models import WebhookEvent
from apps.billing.prove import prove
from apps.billing.reconciliation import reconcile
from tests.billing import steps
from tests.billing_stripe.market import Market

SEED, OPERATIONS, BUYERS = 4_711, 500, 5


@pytest.fixture
def clock(django_db_setup, django_db_blocker):
    """Time that tests can move."""
    with django_db_blocker.unblock():
        steps.install_clock()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [SEED])
def test_after_a_random_run_the_ledger_is_proved_and_stripe_agrees(clock, new_buyer, seed):
    buyers = [new_buyer(f"buyer-{number}") for number in range(BUYERS)]
    market = Market(stripe=buyers[0].stripe, buyers=buyers, chance=random.Random(seed))
    began_at = timezone.now() - timedelta(hours=1)
    for _number in range(OPERATIONS):
        market.act()
    market.end()

    unsettled = WebhookEvent.objects.exclude(status__in=["processed", "ignored"])
    assert [*unsettled.values_list("type", "error")] == [], seed
    assert prove() == [], seed
    assert [*map(str, reconcile(since=began_at).differences)] == [], seed
    assert all(market.done[act.__name__] for act in market.acts), market.done
