"""Trouble between the caller and the API, and what an idempotency key makes of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

SOMEBODY = {"email": "a@example.com"}
KEY = {"idempotency_key": "the-key"}


def test_a_call_that_was_cut_after_its_work_is_answered_under_the_same_key(stand_in, api):
    stand_in.outage("cut_after", path="/v1/customers")
    with pytest.raises(stripe.APIConnectionError):
        api.customers.create(SOMEBODY, KEY)

    again = api.customers.create(SOMEBODY, KEY)

    assert [each.id for each in api.customers.list()] == [again.id]
    assert [each["is_replay"] for each in stand_in.calls(method="POST")] == [False, True]


def test_a_call_that_was_cut_before_its_work_did_nothing(stand_in, api):
    stand_in.outage("cut_before")

    with pytest.raises(stripe.APIConnectionError):
        api.customers.create(SOMEBODY, KEY)

    assert api.customers.list().data == []


@pytest.mark.parametrize(("kind", "error"), [("error", stripe.APIError), ("rate_limit", stripe.RateLimitError)])
def test_errors_come_as_often_as_they_were_asked_for(stand_in, api, kind, error):
    stand_in.outage(kind, calls=2)

    for _call in range(2):
        with pytest.raises(error):
            api.customers.list()

    assert api.customers.list().data == []


def test_a_timeout_does_nothing_and_ends_with_the_caller(stand_in):
    stand_in.outage("timeout", seconds=30)
    client = stand_in.make_client(http_client=stripe.RequestsClient(timeout=0.3))

    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create(SOMEBODY)

    assert client.v1.customers.list().data == []


def test_a_second_call_with_the_key_of_a_running_one_is_409(stand_in):
    stand_in.outage("slow", seconds=1)
    clients = [stand_in.make_client() for _n in range(2)]

    def create(client):
        try:
            return client.v1.customers.create(SOMEBODY, KEY).id
        except stripe.StripeError as error:
            return error.http_status

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(create, clients))

    assert 409 in answers
    assert len(clients[0].v1.customers.list().data) == 1


def test_only_the_calls_that_were_meant_are_troubled(stand_in, api):
    stand_in.outage("error", path="/v1/checkout", method="POST")

    assert api.customers.create(SOMEBODY).email == SOMEBODY["email"]


def test_ended_outages_trouble_nobody(stand_in, api):
    stand_in.outage("error", calls=100)
    stand_in.end_outages()

    assert api.customers.list().data == []


def test_a_key_is_forgotten_after_a_day(stand_in, api):
    first = api.customers.create(SOMEBODY, KEY)
    stand_in.advance(days=1, seconds=60)

    assert api.customers.create(SOMEBODY, KEY).id != first.id
