"""Subscriptions in time, by a test clock: begun, renewed, unpaid, changed, ended."""

import pytest
import stripe

pytestmark = pytest.mark.stripe_live

# A renewal's invoice is a draft for an hour.
PAID_AFTER = 2 * 3600


@pytest.fixture
def subscription(api, subscriber, monthly):
    return api.subscriptions.create(
        {"customer": subscriber.id, "items": [{"price": monthly.id}], "metadata": {"workspace_id": "1"}}
    )


def test_a_first_payment_makes_an_active_subscription_and_a_paid_invoice(api, subscription, monthly):
    invoice = api.invoices.retrieve(subscription.latest_invoice, {"expand": ["payments"]})

    assert (subscription.status, invoice.status, invoice.billing_reason) == ("active", "paid", "subscription_create")
    assert (invoice.amount_paid, invoice.amount_due, invoice.currency) == (2000, 2000, "usd")
    details = invoice.parent.subscription_details
    assert (details.subscription, details.metadata["workspace_id"]) == (subscription.id, "1")
    line = invoice.lines.data[0]
    assert (line.amount, line.pricing.price_details.price) == (2000, monthly.id)
    assert line.parent.subscription_item_details.subscription == subscription.id
    item = subscription["items"].data[0]
    assert (line.period.start, line.period.end) == (item.current_period_start, item.current_period_end)


def test_what_paid_an_invoice_stands_in_its_payments(api, subscription):
    payments = api.invoice_payments.list({"invoice": subscription.latest_invoice}).data

    assert [(each.status, each.payment.type, each.amount_paid) for each in payments] == [
        ("paid", "payment_intent", 2000)
    ]
    intent = api.payment_intents.retrieve(payments[0].payment.payment_intent)
    assert intent.status == "succeeded"
    query = {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    assert api.invoice_payments.list(query).data[0].invoice == subscription.latest_invoice


def test_a_renewal_is_drafted_at_the_end_and_paid_an_hour_later(api, subscription, pass_time):
    end = subscription["items"].data[0].current_period_end

    pass_time(end + 60)
    renewed = api.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (renewed.latest_invoice.status, renewed["items"].data[0].current_period_start) == ("draft", end)

    pass_time(end + PAID_AFTER)
    invoice = api.invoices.retrieve(renewed.latest_invoice.id)
    assert (invoice.status, invoice.billing_reason, invoice.amount_paid) == ("paid", "subscription_cycle", 2000)
    assert invoice.lines.data[0].period.start == end


def test_a_renewal_that_fails_leaves_it_past_due_until_it_is_paid(api, subscriber, subscription, pass_time):
    _use_card(api, subscriber, "pm_card_chargeCustomerFail")
    pass_time(subscription["items"].data[0].current_period_end + PAID_AFTER)
    failed = api.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (failed.status, failed.latest_invoice.status) == ("past_due", "open")
    assert failed.latest_invoice.attempt_count >= 1

    good = _use_card(api, subscriber, "pm_card_visa")
    paid = api.invoices.pay(failed.latest_invoice.id, {"payment_method": good.id})

    assert (paid.status, paid.amount_remaining) == ("paid", 0)
    assert api.subscriptions.retrieve(subscription.id).status == "active"


def test_a_first_payment_that_fails_leaves_it_incomplete(api, subscriber, monthly):
    _use_card(api, subscriber, "pm_card_chargeCustomerFail")

    subscription = api.subscriptions.create({"customer": subscriber.id, "items": [{"price": monthly.id}]})

    assert subscription.status == "incomplete"
    assert api.invoices.retrieve(subscription.latest_invoice).status == "open"


def test_a_trial_begins_with_a_paid_invoice_of_nothing(api, subscriber, monthly):
    subscription = api.subscriptions.create(
        {"customer": subscriber.id, "items": [{"price": monthly.id}], "trial_period_days": 7}
    )

    invoice = api.invoices.retrieve(subscription.latest_invoice)
    assert (subscription.status, invoice.status, invoice.amount_due) == ("trialing", "paid", 0)
    assert subscription["items"].data[0].current_period_end == subscription.trial_end


def test_an_upgrade_is_invoiced_at_once_with_the_unused_time_given_back(api, subscription, make_price):
    dearer = make_price(unit_amount=5000, recurring={"interval": "month"})

    changed = api.subscriptions.update(subscription.id, _to(subscription, dearer, proration_behavior="always_invoice"))

    invoice = api.invoices.retrieve(changed.latest_invoice)
    assert (invoice.billing_reason, invoice.status) == ("subscription_update", "paid")
    amounts = sorted(line.amount for line in invoice.lines)
    assert amounts[0] == pytest.approx(-2000, abs=5)
    assert amounts[1] == pytest.approx(5000, abs=5)
    assert all(line.parent.subscription_item_details.proration for line in invoice.lines)


def test_a_downgrade_leaves_its_rest_as_the_customers_balance(api, subscriber, subscription, make_price):
    cheaper = make_price(unit_amount=500, recurring={"interval": "month"})

    changed = api.subscriptions.update(subscription.id, _to(subscription, cheaper, proration_behavior="always_invoice"))

    invoice = api.invoices.retrieve(changed.latest_invoice)
    assert (invoice.status, invoice.amount_due) == ("paid", 0)
    assert invoice.total == pytest.approx(-1500, abs=5)
    assert api.customers.retrieve(subscriber.id).balance == invoice.total


def test_a_subscription_canceled_at_the_periods_end_lives_until_then(api, subscription, pass_time):
    end = subscription["items"].data[0].current_period_end

    canceled = api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (canceled.status, canceled.cancel_at_period_end, canceled.cancel_at) == ("active", True, end)

    pass_time(end + PAID_AFTER)
    assert api.subscriptions.retrieve(subscription.id).status == "canceled"


def test_a_cancellation_is_taken_back(api, subscription):
    api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

    resumed = api.subscriptions.update(subscription.id, {"cancel_at_period_end": False})

    assert (resumed.status, resumed.cancel_at_period_end, resumed.cancel_at) == ("active", False, None)


def test_an_ended_subscription_cannot_end_again_and_is_listed_only_when_asked(api, subscriber, subscription):
    assert api.subscriptions.cancel(subscription.id).status == "canceled"

    with pytest.raises(stripe.InvalidRequestError):
        api.subscriptions.cancel(subscription.id)
    assert api.subscriptions.list({"customer": subscriber.id}).data == []
    assert [each.id for each in api.subscriptions.list({"customer": subscriber.id, "status": "all"})] == [
        subscription.id
    ]


def test_a_customer_pays_in_one_currency(api, subscriber, subscription, make_price):
    euros = make_price(currency="eur", recurring={"interval": "month"})

    with pytest.raises(stripe.InvalidRequestError, match="combine currencies"):
        api.subscriptions.create({"customer": subscriber.id, "items": [{"price": euros.id}]})


def _use_card(api, customer, card):
    method = api.payment_methods.attach(card, {"customer": customer.id})
    api.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    return method


def _to(subscription, price, **values):
    return {"items": [{"id": subscription["items"].data[0].id, "price": price.id}], **values}
