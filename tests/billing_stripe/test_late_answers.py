"""Answers that overtake each other on their way to us: what was asked for later stands."""

import threading

import pytest
from django.db import connections

from apps.billing import checkout, invoices, payments, subscriptions
from apps.billing.models import CheckoutSession, Invoice, Payment, Subscription
from tests.billing_stripe.answers import Holding, ask_through


@pytest.fixture
def in_between(monkeypatch, settings):
    """Run one sync whose answer is held, something else in between, and the same sync again; then let go."""

    def run(sync, stripe_id, happens, *, part):
        client = Holding(part=part)
        ask_through(client, monkeypatch, settings)
        errors = []
        late = threading.Thread(target=_sync_elsewhere, args=(sync, stripe_id, errors))
        late.start()
        assert client.has_it.wait(30)
        happens()
        sync(stripe_id)
        client.let_go.set()
        late.join(30)
        assert errors == []

    return run


def test_an_older_answer_does_not_bring_a_canceled_subscription_back(committed_buyer, in_between):
    subscription = committed_buyer.subscribe("pro")
    stripe_id = subscription.stripe_id

    in_between(
        subscriptions.sync_subscription,
        stripe_id,
        lambda: committed_buyer.stripe.client.v1.subscriptions.cancel(stripe_id),
        part="/v1/subscriptions/",
    )

    assert Subscription.objects.get().status == "canceled"


def test_an_older_answer_does_not_open_a_paid_invoice_again(committed_buyer, in_between):
    subscription = committed_buyer.subscribe("pro")
    committed_buyer.stripe.fail_payments(committed_buyer.customer_id, times=1)
    committed_buyer.renew(subscription)
    unpaid = Invoice.objects.get(status="open")

    in_between(
        invoices.sync_invoice,
        unpaid.stripe_id,
        lambda: committed_buyer.stripe.client.v1.invoices.pay(unpaid.stripe_id),
        part="/v1/invoices/",
    )

    assert Invoice.objects.get(pk=unpaid.pk).status == "paid"
    assert committed_buyer.balance == 140_000


def test_an_older_answer_does_not_give_refunded_credits_back(committed_buyer, in_between):
    payment = committed_buyer.buy("small")

    in_between(
        payments.sync_payment,
        payment.stripe_payment_intent_id,
        lambda: committed_buyer.stripe.refund(payment.stripe_payment_intent_id),
        part="/v1/disputes",
    )

    assert Payment.objects.get().credits_taken_back == 5_000
    assert committed_buyer.movements == [("purchase", 5_000), ("refund", -5_000)]


def test_an_older_answer_does_not_open_a_paid_session_again(committed_buyer, in_between):
    session = committed_buyer.start_pack("small")

    in_between(
        checkout.sync_session,
        session.stripe_id,
        lambda: committed_buyer.pay(session),
        part="/v1/checkout/sessions/",
    )

    assert CheckoutSession.objects.get().is_paid
    assert committed_buyer.balance == 5_000


def _sync_elsewhere(sync, stripe_id, errors):
    try:
        sync(stripe_id)
    except Exception as error:
        errors.append(error)
    finally:
        connections.close_all()
