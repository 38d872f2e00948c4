"""A currency without cents: its units are what is sold, paid, refunded and told."""

import pytest
import yaml

from apps.billing import payments
from apps.billing.catalogue import CATALOGUE_PATH, load_catalogue
from apps.billing.money import format_money
from apps.billing.sync_plans import sync_plans
from tests.billing_stripe.buyer import make_buyer


@pytest.fixture
def yen_buyer(stripe, db, settings, tmp_path):
    """A buyer in a shop that sells the same numbers for yen."""
    plans = yaml.safe_load(CATALOGUE_PATH.read_text(encoding="utf-8")) | {"currency": "jpy"}
    settings.PLANS_FILE = str(tmp_path / "plans.yaml")
    (tmp_path / "plans.yaml").write_text(yaml.safe_dump(plans), encoding="utf-8")
    load_catalogue.cache_clear()
    sync_plans(apply=True)
    yield make_buyer(stripe)
    load_catalogue.cache_clear()


def test_a_pack_for_yen_is_paid_and_refunded_in_whole_yen(yen_buyer):
    payment = yen_buyer.buy("small")
    assert (payment.amount, payment.currency, yen_buyer.balance) == (500, "jpy", 5_000)
    assert format_money(payment.amount, payment.currency) == "¥500"

    payments.refund_payment(payment=payment, amount=1, idempotency_key="form-1", actor="user:1", reason="One yen.")
    assert yen_buyer.balance == 4_990


def test_a_plan_for_yen_brings_its_credits_and_changes_exactly(yen_buyer):
    subscription = yen_buyer.subscribe("pro")
    assert yen_buyer.balance == 70_000

    yen_buyer.change_plan(subscription, "starter")
    assert yen_buyer.balance == 15_000
