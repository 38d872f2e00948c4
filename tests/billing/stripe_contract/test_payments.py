"""Payments off the page, refunds, meters and events."""

import time

import pytest
import stripe

pytestmark = pytest.mark.stripe_live


def test_an_off_session_payment_of_a_saved_card_succeeds_at_once(api, make_payment):
    customer = api.customers.create({"payment_method": "pm_card_visa"})
    method = api.payment_methods.list({"customer": customer.id, "type": "card"}).data[0]

    intent = make_payment(customer=customer.id, payment_method=method.id, off_session=True, metadata={"top_up_id": "1"})

    assert (intent.status, intent.amount_received, intent.metadata["top_up_id"]) == ("succeeded", 2000, "1")
    charge = api.charges.retrieve(intent.latest_charge)
    assert (charge.paid, charge.amount_refunded, charge.disputed, charge.payment_intent) == (True, 0, False, intent.id)


def test_a_declined_payment_raises_and_carries_its_intent(api, make_payment):
    customer = api.customers.create({"payment_method": "pm_card_chargeCustomerFail"})
    method = api.payment_methods.list({"customer": customer.id, "type": "card"}).data[0]

    with pytest.raises(stripe.CardError) as refusal:
        make_payment(customer=customer.id, payment_method=method.id, off_session=True)

    assert (refusal.value.code, refusal.value.http_status) == ("card_declined", 402)
    intent = api.payment_intents.retrieve(refusal.value.error.payment_intent.id)
    assert (intent.status, intent.last_payment_error.code) == ("requires_payment_method", "card_declined")


def test_a_payment_that_wants_a_confirmation_is_refused_off_session(api, make_payment):
    customer = api.customers.create({"payment_method": "pm_card_authenticationRequired"})
    method = api.payment_methods.list({"customer": customer.id, "type": "card"}).data[0]

    with pytest.raises(stripe.CardError) as refusal:
        make_payment(customer=customer.id, payment_method=method.id, off_session=True)

    assert refusal.value.code == "authentication_required"


def test_a_declined_call_is_replayed_under_its_key(api, unique):
    customer = api.customers.create({"payment_method": "pm_card_chargeCustomerFail"})
    method = api.payment_methods.list({"customer": customer.id, "type": "card"}).data[0]
    card = {"customer": customer.id, "payment_method": method.id, "confirm": True, "off_session": True}
    options, intents = {"idempotency_key": unique("key")}, set()

    for _attempt in range(2):
        with pytest.raises(stripe.CardError) as refusal:
            api.payment_intents.create({"amount": 2000, "currency": "usd", **card}, options)
        intents.add(refusal.value.error.payment_intent.id)

    assert len(intents) == 1


def test_less_than_the_smallest_charge_is_refused(make_payment):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        make_payment(amount=10)

    assert refusal.value.code == "amount_too_small"


def test_an_amount_without_cents_is_charged_as_it_is(make_payment):
    assert make_payment(amount=1500, currency="jpy").amount_received == 1500


def test_refunds_add_up_and_end_at_what_was_paid(api, make_payment):
    intent = make_payment()
    first = api.refunds.create({"payment_intent": intent.id, "amount": 500, "metadata": {"why": "test"}})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        api.refunds.create({"payment_intent": intent.id, "amount": 1501})

    rest = api.refunds.create({"payment_intent": intent.id})

    assert (first.status, first.amount, rest.amount) == ("succeeded", 500, 1500)
    charge = api.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (2000, True)
    listed = api.refunds.list({"payment_intent": intent.id})
    assert {refund.id for refund in listed} == {first.id, rest.id}


def test_a_payment_that_is_refunded_already_is_refused(api, make_payment):
    intent = make_payment()
    api.refunds.create({"payment_intent": intent.id})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.refunds.create({"payment_intent": intent.id})

    assert refusal.value.code == "charge_already_refunded"


def test_a_disputed_charge_says_so_and_has_its_dispute(api, make_payment):
    intent = make_payment(payment_method="pm_card_createDispute")

    found = _wait_for(lambda: api.disputes.list({"payment_intent": intent.id}).data)

    assert (found[0].amount, found[0].status) == (2000, "needs_response")
    assert api.charges.retrieve(intent.latest_charge).disputed


def test_events_are_listed_newest_first_by_type_and_time(api, make_payment):
    started_at = int(time.time()) - 60
    intent = make_payment()
    query = {"types": ["payment_intent.succeeded"], "created": {"gte": started_at}, "limit": 100}

    found = _wait_for(lambda: [e for e in api.events.list(query) if e.data.object["id"] == intent.id])

    event = api.events.retrieve(found[0].id)
    assert (event.object, event.type, event.livemode) == ("event", "payment_intent.succeeded", False)
    assert event.created >= started_at


def test_usage_is_counted_once_for_each_identifier(api, unique):
    meter = _make_meter(api, unique)
    customer = api.customers.create({"email": "a@example.com"})
    payload = {"stripe_customer_id": customer.id, "value": "7"}
    report = {"event_name": meter.event_name, "payload": payload, "identifier": unique("entry")}

    assert api.billing.meter_events.create(report).identifier == report["identifier"]
    with pytest.raises(stripe.InvalidRequestError):
        api.billing.meter_events.create(report)

    minute = int(time.time()) // 60 * 60
    span = {"customer": customer.id, "start_time": minute - 3600, "end_time": minute + 120}
    summaries = _wait_for(lambda: api.billing.meters.event_summaries.list(meter.id, span).data, seconds=120)
    assert sum(each.aggregated_value for each in summaries) == 7


def _make_meter(api, unique):
    return api.billing.meters.create(
        {
            "display_name": "Keel contract test",
            "event_name": unique("overage"),
            "default_aggregation": {"formula": "sum"},
            "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
            "value_settings": {"event_payload_key": "value"},
        }
    )


def _wait_for(look, *, seconds=30):
    """Stripe shows some things a moment later."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "It did not show."
        time.sleep(0.5)
    return found
