"""Auto top-ups: once when the balance runs low, within the month's cap, never twice, and still after a refusal."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.services import erase_account
from apps.billing import checkout, entitlements, top_ups
from apps.billing.catalogue import load_catalogue
from apps.billing.customers import ensure_customer
from apps.billing.models import Payment, TopUp
from tests.billing_spending.customers import TOP_UP, give, hold, mails, rules_of, set_rules, spend, subjects

pytestmark = pytest.mark.django_db
INTENTS = "/v1/payment_intents"
LATER = timedelta(minutes=2)
REFUSALS = {
    "declined": "generic_decline",
    "insufficient_funds": "insufficient_funds",
    "needs_action": "authentication_required",
}


@pytest.fixture
def saver(shopper):
    """Somebody on the plan Starter with 400 credits and a saved card, who lets a small pack be bought below 500."""
    checkout.sync_session(shopper.subscribe("starter").stripe_id)
    set_rules(shopper.workspace.pk, **TOP_UP)
    spend(shopper.workspace.pk, shopper.balance)
    give(shopper.workspace.pk, 400)
    return shopper


def ended(top_up: TopUp) -> tuple[str, str]:
    top_up.refresh_from_db()
    return top_up.status, top_up.error


def charges(shopper) -> int:
    """How often money has moved at Stripe for a top-up."""
    intents = shopper.stripe.client.v1.payment_intents.list({"limit": 100}).data
    return sum(intent.status == "succeeded" and "top_up_id" in intent.metadata.to_dict() for intent in intents)


def customer_of(shopper) -> str:
    return shopper.workspace.stripe_customer.stripe_id


def test_a_low_balance_buys_the_pack_once(saver):
    assert [top_ups.start_due(), top_ups.start_due()] == [1, 0]

    payment = Payment.objects.get(kind="top_up")
    assert ended(TopUp.objects.get()) == ("succeeded", "")
    assert (payment.amount, payment.credits, saver.balance) == (500, 5_000, 5_400)
    assert payment.source_key == f"top_up:{TopUp.objects.get().pk}"
    assert len(mails(f"receipt:{payment.pk}")) == charges(saver) == 1


def test_enough_credits_buy_nothing(saver):
    give(saver.workspace.pk, 100)

    assert top_ups.start_due() == 0


def test_what_is_held_is_not_available(saver):
    give(saver.workspace.pk, 100)
    hold(saver.workspace.pk, 1)

    assert top_ups.start_due() == 1


@pytest.mark.parametrize("change", [{"tops_up": False}, {"top_up_threshold_credits": 400}])
def test_who_did_not_ask_for_it_pays_nothing(saver, change):
    set_rules(saver.workspace.pk, **change)

    assert (top_ups.start_due(), charges(saver)) == (0, 0)


def test_the_cap_of_a_month_is_never_passed_and_told_once(saver):
    set_rules(saver.workspace.pk, top_up_monthly_cap_amount=1_400)
    for _round in range(4):
        top_ups.start_due()
        spend(saver.workspace.pk, saver.balance)

    assert (charges(saver), rules_of(saver.workspace.pk).top_up_paused_reason[:7]) == (2, "capped:")
    assert len(mails("top-ups-capped:")) == 1


def test_after_the_month_a_capped_one_goes_on(saver):
    set_rules(saver.workspace.pk, top_up_monthly_cap_amount=500)
    top_ups.start_due()
    spend(saver.workspace.pk, saver.balance)
    assert top_ups.start(saver.workspace.pk) is None

    next_month = timezone.now() + timedelta(days=32)

    assert top_ups.start(saver.workspace.pk, at=next_month) is not None


def test_a_plan_without_it_buys_nothing(saver):
    saver.workspace.subscriptions.update(plan="free")

    assert (top_ups.start_due(), top_ups.start(saver.workspace.pk)) == (0, None)


def test_whose_account_was_erased_pays_nothing(saver):
    erase_account(user=saver.user)

    assert (top_ups.start_due(), charges(saver)) == (0, 0)


@pytest.mark.parametrize(("card", "error"), REFUSALS.items())
def test_a_refused_card_lets_top_ups_stand_still_until_the_rules_are_saved(saver, card, error):
    saver.stripe.change_card(customer_of(saver), card=card)

    assert [top_ups.start_due(), top_ups.start_due()] == [1, 0]
    assert ended(TopUp.objects.get()) == ("failed", error)
    assert rules_of(saver.workspace.pk).top_up_paused_reason == error
    assert subjects("top-up-failed:") == ["An auto top-up did not go through"]

    saver.stripe.change_card(customer_of(saver))
    set_rules(saver.workspace.pk, **TOP_UP)
    assert (top_ups.start_due(), saver.balance) == (1, 5_400)


def test_without_a_card_nothing_is_charged(shopper, monkeypatch):
    catalogue = load_catalogue()
    plans = [plan.model_copy(update={"features": [*plan.features, "top_up"]}) for plan in catalogue.plans]
    for module in (top_ups, entitlements):
        monkeypatch.setattr(module, "load_catalogue", lambda: catalogue.model_copy(update={"plans": plans}))
    ensure_customer(shopper.workspace, email=shopper.user.email)
    set_rules(shopper.workspace.pk, **TOP_UP)
    give(shopper.workspace.pk, 1)

    top_ups.start_due()

    assert (ended(TopUp.objects.get()), charges(shopper)) == (("failed", "no_card"), 0)
    assert "There is no saved card" in mails("top-up-failed:")[0].text


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "error"])
def test_a_lost_answer_is_asked_for_again_and_charges_once(saver, kind):
    saver.stripe.outage(kind, calls=9, method="POST", path=INTENTS)

    top_ups.start_due()
    assert ended(TopUp.objects.get())[0] == "pending"
    assert top_ups.start_due() == 0
    saver.stripe.end_outages()
    top_ups.settle_pending(now=timezone.now() + LATER)

    assert (ended(TopUp.objects.get())[0], charges(saver), saver.balance) == ("succeeded", 1, 5_400)


def test_the_card_of_a_repeated_request_is_the_first_one(saver):
    saver.stripe.outage("cut_after", calls=9, method="POST", path=INTENTS)
    top_ups.start_due()
    saver.stripe.end_outages()
    saver.stripe.change_card(customer_of(saver))

    top_ups.settle_pending(now=timezone.now() + LATER)

    assert (ended(TopUp.objects.get())[0], charges(saver)) == ("succeeded", 1)


@pytest.mark.parametrize(("kind", "outcome"), [("cut_after", "succeeded"), ("cut_before", "failed")])
def test_after_a_day_it_is_looked_up_and_never_charged_anew(saver, kind, outcome):
    saver.stripe.outage(kind, calls=9, method="POST", path=INTENTS)
    top_ups.start_due()
    saver.stripe.end_outages()
    top_up, charged = TopUp.objects.get(), charges(saver)

    top_ups.settle(top_up.pk, now=timezone.now() + timedelta(days=2))

    assert (ended(top_up)[0], charges(saver)) == (outcome, charged)


def test_the_webhook_and_the_worker_are_one_purchase(saver):
    saver.stripe.outage("cut_after", calls=9, method="POST", path=INTENTS)
    top_ups.start_due()
    saver.stripe.end_outages()

    saver.hear_everything()
    top_ups.settle_pending(now=timezone.now() + LATER)
    saver.hear_everything()

    assert (ended(TopUp.objects.get())[0], charges(saver), saver.balance) == ("succeeded", 1, 5_400)
    assert Payment.objects.filter(kind="top_up").count() == 1


def test_a_refusal_that_only_the_webhook_brings_is_told_too(saver):
    saver.stripe.change_card(customer_of(saver), card="declined")
    saver.stripe.outage("cut_after", calls=9, method="POST", path=INTENTS)
    top_ups.start_due()
    saver.stripe.end_outages()

    saver.hear_everything()

    assert ended(TopUp.objects.get())[0] == "failed"
    assert (rules_of(saver.workspace.pk).top_up_paused_reason, len(mails("top-up-failed:"))) == ("generic_decline", 1)
