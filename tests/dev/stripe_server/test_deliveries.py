"""Webhooks: signed, retried, doubled, held, lost, and in whatever order is wanted."""

import json
import time

import pytest
import stripe


@pytest.fixture
def delivering(stand_in, receiver):
    stand_in.send_webhooks_to(receiver.url)
    return stand_in


def test_a_delivery_is_signed_over_its_bytes(delivering, api, receiver):
    customer = api.customers.create({"email": "a@example.com"})
    assert delivering.settle()

    body, signature = receiver.received[0]
    event = stripe.Webhook.construct_event(body, signature, delivering.webhook_secret)
    assert (event.type, event.data.object["id"], event.livemode) == ("customer.created", customer.id, False)
    assert event.api_version == stripe.api_version
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + b" ", signature, delivering.webhook_secret)


def test_the_signature_has_the_real_time_however_far_the_clock_is(delivering, api, receiver):
    delivering.advance(days=90)
    api.customers.create({"email": "a@example.com"})
    assert delivering.settle()

    body, signature = receiver.received[0]
    assert int(signature.partition(",")[0].removeprefix("t=")) == pytest.approx(time.time(), abs=30)
    assert json.loads(body)["created"] == pytest.approx(delivering.now, abs=30)


def test_a_refused_delivery_is_sent_again_with_a_signature_of_its_own(delivering, api, receiver):
    delivering.settings(retry_seconds=[1.1, 1.1])
    receiver.status = 500
    api.customers.create({"email": "a@example.com"})
    assert not delivering.settle(seconds=0.5)
    receiver.status = 200
    assert delivering.settle()

    (first, first_signature), (second, second_signature) = receiver.received
    assert first == second
    assert first_signature != second_signature
    assert [each["status"] for each in delivering.deliveries()[0]["attempts"]] == [500, 200]


def test_a_delivery_is_given_up_after_its_last_attempt(delivering, api, receiver):
    delivering.settings(retry_seconds=[0.05])
    receiver.status = 503
    api.customers.create({"email": "a@example.com"})

    assert delivering.settle()
    assert [each["status"] for each in delivering.deliveries()] == ["failed"]
    assert len(receiver.received) == 2


def test_events_can_be_doubled(delivering, api, receiver):
    delivering.settings(duplicates=3)
    api.customers.create({"email": "a@example.com"})
    assert delivering.settle()

    assert len({json.loads(body)["id"] for body, _signature in receiver.received}) == 1
    assert len(receiver.received) == 3


def test_held_events_are_delivered_in_the_order_of_the_caller(delivering, shop, receiver):
    delivering.settle()
    receiver.received.clear()
    delivering.hold_deliveries()
    shop.buy()
    order = [event["id"] for event in delivering.events("charge.*", "checkout.*", "payment_intent.*")][::-1]

    results = delivering.deliver([*order, order[0]])

    assert [json.loads(body)["id"] for body, _signature in receiver.received] == [*order, order[0]]
    assert {each["status"] for each in results} == {200}
    assert delivering.release_deliveries()
    assert len(receiver.received) == len(order) + 1


def test_dropped_types_never_arrive_and_stay_in_the_list_of_events(delivering, api, receiver):
    delivering.settings(drop_types=["customer.created"])
    api.customers.create({"email": "a@example.com"})

    assert delivering.settle()
    assert receiver.received == []
    assert [event["type"] for event in delivering.events()] == ["customer.created"]


def test_reordered_deliveries_come_in_the_same_order_for_the_same_seed(delivering, api, receiver):
    orders = []
    for _run in range(2):
        delivering.settings(seed=7, reorder_seconds=0.8, concurrency=1)
        receiver.received.clear()
        for number in range(4):
            api.customers.create({"email": f"{number}@example.com"})
        assert delivering.settle()
        orders.append([json.loads(body)["data"]["object"]["email"] for body, _signature in receiver.received])

    assert orders[0] == orders[1] != sorted(orders[0])


def test_a_payload_is_the_object_as_it_was_then(delivering, api):
    customer = api.customers.create({"email": "before@example.com"})
    api.customers.update(customer.id, {"email": "after@example.com"})

    created, updated = delivering.events()
    assert created["data"]["object"]["email"] == "before@example.com"
    assert updated["data"]["previous_attributes"] == {"email": "before@example.com"}


def test_waiting_deliveries_can_be_lost(delivering, api, receiver):
    delivering.hold_deliveries()
    api.customers.create({"email": "a@example.com"})

    assert delivering.drop() == 1
    assert delivering.release_deliveries()
    assert receiver.received == []
