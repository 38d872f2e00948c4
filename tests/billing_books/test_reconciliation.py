"""The comparison of Stripe's records with ours finds what is planted, finds nothing else, and can be repaired."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.billing import ledger, overage, reconciliation, stripe_client
from apps.billing.models import Invoice, OverageReport, Payment, Reconciliation, Subscription

pytestmark = pytest.mark.django_db


def differences() -> list[tuple[str, str, str]]:
    found = reconciliation.reconcile(since=timezone.now() - timedelta(days=35))
    return [(line["kind"], line["stripe_value"], line["our_value"]) for line in found.differences]


def test_books_that_agree_have_no_differences(shopper):
    payment = shopper.buy_pack()
    shopper.subscribe("pro")
    shopper.stripe.refund(payment.stripe_payment_intent_id, amount=200)
    shopper.hear_everything()
    shopper.stripe.dispute(payment.stripe_payment_intent_id, amount=300)
    shopper.hear_everything()

    assert differences() == []
    assert Reconciliation.objects.get().checked == 2


def test_a_payment_that_we_do_not_have_is_found(shopper, workspace):
    session = shopper.pay_pack()

    found = reconciliation.reconcile(since=timezone.now() - timedelta(days=1))

    assert found.differences == [
        {
            "kind": "payment",
            "stripe_id": session.stripe_id,
            "workspace": str(workspace.pk),
            "stripe_value": "$5",
            "our_value": "nothing",
        }
    ]


def test_a_payment_that_stripe_does_not_have_is_found(shopper):
    payment = shopper.buy_pack()
    Payment.objects.filter(pk=payment.pk).update(source_key="checkout:cs_test_of_nobody")

    assert differences() == [("payment", "$5", "nothing"), ("payment", "nothing", "$5")]


def test_another_amount_is_found(shopper):
    payment = shopper.buy_pack()
    Payment.objects.filter(pk=payment.pk).update(amount=400)

    assert differences() == [("payment", "$5", "$4")]


def test_a_refund_that_we_did_not_hear_of_is_found_with_its_credits(shopper):
    payment = shopper.buy_pack()
    shopper.stripe.refund(payment.stripe_payment_intent_id, amount=250)

    assert differences() == [("refund", "$2.50", "$0"), ("credits", "2500", "0")]


def test_a_dispute_that_we_did_not_hear_of_is_found(shopper):
    payment = shopper.buy_pack()
    shopper.stripe.dispute(payment.stripe_payment_intent_id)

    assert ("dispute", "$5 open", "$0 none") in differences()


def test_a_refund_that_only_we_have_is_found(shopper):
    payment = shopper.buy_pack()
    Payment.objects.filter(pk=payment.pk).update(amount_refunded=100)

    assert differences() == [("refund", "$0", "$1")]


def test_credits_that_had_expired_before_the_refund_are_no_difference(shopper):
    payment = shopper.buy_pack()
    with_expiry = payment.grant_entry.grant
    ledger.reverse(entry_id=payment.grant_entry_id, idempotency_key="undo", actor="user:1", note="a mistake")
    shopper.stripe.refund(payment.stripe_payment_intent_id)
    shopper.hear_everything()

    assert with_expiry.amount == 5_000
    assert differences() == []


def test_a_subscription_that_we_do_not_know_is_found(shopper):
    shopper.subscribe("pro")
    shopper.hear_everything()
    Subscription.objects.update(status="canceled")

    assert differences() == [("subscription", "active pro", "nothing")]


def test_a_subscription_that_has_ended_unheard_is_found(shopper):
    shopper.subscribe("pro")
    shopper.hear_everything()
    shopper.stripe.client.v1.subscriptions.cancel(Subscription.objects.get().stripe_id)

    assert differences() == [("subscription", "nothing", "active pro")]


def test_credits_that_no_entry_explains_are_found(shopper):
    payment = shopper.buy_pack()
    Payment.objects.filter(pk=payment.pk).update(credits=6_000)

    assert differences() == [("ledger", "6000", "5000")]


def test_a_repair_brings_everything_in(shopper):
    payment = shopper.buy_pack("medium")
    shopper.pay_pack("small")
    shopper.subscribe("pro")
    shopper.stripe.refund(payment.stripe_payment_intent_id)
    found = reconciliation.reconcile(since=timezone.now() - timedelta(days=35))

    reconciliation.repair(found)

    assert {line["kind"] for line in found.differences} == {"payment", "refund", "credits", "subscription"}
    assert differences() == []
    assert shopper.balance == 5_000 + 70_000
    assert Invoice.objects.get().status == "paid"


def test_what_lies_before_the_span_is_not_looked_at(shopper):
    shopper.pay_pack()

    found = reconciliation.reconcile(
        since=timezone.now() + timedelta(hours=1), until=timezone.now() + timedelta(hours=2)
    )

    assert (found.differences, found.checked) == ([], 0)


def test_the_command_says_that_the_books_agree(shopper):
    shopper.buy_pack()
    output = StringIO()

    call_command("reconcile_stripe", stdout=output)

    assert output.getvalue() == "Stripe and our books agree: 1 payments compared.\n"


def test_the_command_fails_until_it_repairs(shopper, workspace):
    session, output = shopper.pay_pack(), StringIO()

    with pytest.raises(CommandError, match="differ in 1 places"):
        call_command("reconcile_stripe", "--days", "2", stdout=output)
    call_command("reconcile_stripe", "--repair", stdout=output)

    lines = output.getvalue().splitlines()
    assert f"{session.stripe_id}  workspace {workspace.pk}: Stripe $5, here nothing" in lines[0]
    assert lines[-2:] == ["Fetched again: 1.", "Stripe and our books agree: 1 payments compared."]


def test_the_invoice_of_a_trial_moves_nothing(shopper):
    shopper.subscribe("starter")
    shopper.hear_everything()

    assert differences() == []
    assert Reconciliation.objects.get().checked == 0


def test_a_top_up_that_we_did_not_hear_of_is_found(shopper):
    shopper.pay_top_up()

    assert differences() == [("payment", "$5", "nothing")]


def test_credits_that_the_meter_counts_otherwise_are_found(shopper):
    shopper.subscribe("pro")
    shopper.hear_everything()
    report = report_overage(Subscription.objects.get(), amount_credits=3_000)
    before = differences()

    type(report).objects.update(credits=2_000)

    assert before == []
    assert differences() == [("overage", "3000 credits", "2000 credits")]


def report_overage(subscription: Subscription, *, amount_credits: int) -> OverageReport:
    entry = ledger.grant(
        workspace_id=subscription.workspace_id, amount_credits=amount_credits, source="overage", idempotency_key="over"
    )
    report = OverageReport.objects.create(
        entry_id=entry.id,
        workspace_id=subscription.workspace_id,
        stripe_subscription_id=subscription.stripe_id,
        period_start=subscription.current_period_start,
        credits=amount_credits,
    )
    assert overage.report_due() == 1
    return report


def test_credits_that_a_smaller_plan_took_before_a_refund_are_no_difference(shopper):
    shopper.subscribe("pro")
    shopper.hear_everything()
    subscription = Subscription.objects.get()
    cheaper = stripe_client.find_price("plan_starter_month")["id"]
    changed = {"items": [{"id": subscription.stripe_item_id, "price": cheaper}], "proration_behavior": "always_invoice"}
    shopper.stripe.client.v1.subscriptions.update(subscription.stripe_id, changed)
    shopper.hear_everything()

    shopper.stripe.refund(Payment.objects.get(amount=4900).stripe_payment_intent_id)
    shopper.hear_everything()

    assert Payment.objects.get(amount=4900).credits_taken_back < 70_000
    assert differences() == []
