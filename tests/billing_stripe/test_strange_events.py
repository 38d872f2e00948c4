"""Events with a good signature whose content is wrong: answered, and without any effect."""

import json
import time

import pytest
import stripe as library
from django.db import connection, connections
from django.test import Client

from apps.billing import events
from apps.billing.models import CreditGrant, Payment, Subscription, WebhookEvent
from apps.core import ringing
from tests.billing_stripe.buyer import hear

URL = "/webhooks/stripe/"
SESSION = {"id": "cs_test_1", "object": "checkout.session"}
# How an event of each type can be wrong inside; the inbox takes it, and its handler has to live with it.
CONTENTS = {
    "data is missing": {"data": None},
    "data is a list": {"data": [1]},
    "data is text": {"data": "checkout.session"},
    "data is a number": {"data": 5},
    "data is empty": {"data": {}},
    "the object is null": {"data": {"object": None}},
    "the object is a list": {"data": {"object": [SESSION]}},
    "the object is text": {"data": {"object": "cs_test_1"}},
    "the object is empty": {"data": {"object": {}}},
    "the id is a number": {"data": {"object": {**SESSION, "id": 5}}},
    "the id is null": {"data": {"object": {**SESSION, "id": None}}},
    "the id is a list": {"data": {"object": {**SESSION, "id": ["cs_test_1"]}}},
    "the id is empty": {"data": {"object": {**SESSION, "id": ""}}},
    "the id leads elsewhere": {"data": {"object": {**SESSION, "id": "../../v1/customers"}}},
    "the id is unknown": {"data": {"object": {**SESSION, "id": "cs_test_unknown"}}},
    "the id is huge": {"data": {"object": {**SESSION, "id": "cs_" + "9" * 5_000}}},
    "the parent is a list": {"data": {"object": {**SESSION, "parent": [], "customer": 5}}},
    "live": {"livemode": True, "data": {"object": SESSION}},
    "live is text": {"livemode": "false", "data": {"object": SESSION}},
}
TYPES = ["checkout.session.completed", "customer.subscription.updated", "invoice.paid", "charge.refunded"]


@pytest.fixture
def forgiving():
    """A browser that is told of a 500 instead of being thrown the error."""
    return Client(raise_request_exception=False)


def sign(body: bytes, secret: str) -> str:
    return library.WebhookSignature.generate_signature_header(body.decode(), secret, int(time.time()))


def post(client, content, settings, **more):
    body = json.dumps(content).encode()
    headers = {"Stripe-Signature": sign(body, settings.STRIPE_WEBHOOK_SECRET), **more.pop("headers", {})}
    return client.generic("POST", URL, body, content_type="application/json", headers=headers, **more)


def event(name="checkout.session.completed", **changes):
    told = {"id": "evt_1", "object": "event", "type": name, "livemode": False, "data": {"object": SESSION}}
    return told | changes


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_what_is_wrong_inside_a_signed_event_has_no_effect(stripe, db, forgiving, settings, name, content):
    assert post(forgiving, event(name, **content), settings).status_code == 204
    events.process_event(WebhookEvent.objects.get().pk)

    row = WebhookEvent.objects.get()
    assert (row.status in ("ignored", "processed")) is (row.error == "")
    assert not CreditGrant.objects.exists()
    assert not Payment.objects.exists()


@pytest.mark.parametrize("name", ["customer.created", "a.type.of.the.future", "invoice.paid.", "🙂"])
def test_an_event_of_another_type_is_put_aside(stripe, db, forgiving, settings, name):
    assert post(forgiving, event(name), settings).status_code == 204
    events.process_event(WebhookEvent.objects.get().pk)

    assert WebhookEvent.objects.get().status == "ignored"
    assert stripe.calls() == []


def test_an_event_is_committed_before_its_worker_is_rung_although_requests_are_atomic(
    stripe, committed_db, forgiving, settings, monkeypatch
):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    rung = []
    monkeypatch.setattr(ringing, "ring", lambda *task, **of: rung.append(connection.in_atomic_block))

    assert post(forgiving, event(), settings).status_code == 204
    assert forgiving.post(URL, event(), content_type="application/json").status_code == 400
    assert (rung, WebhookEvent.objects.count()) == ([False], 1)


def test_a_login_that_is_required_everywhere_does_not_turn_stripe_away(stripe, db, forgiving, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    assert forgiving.get("/billing/").status_code == 302
    assert post(forgiving, event(), settings).status_code == 204


@pytest.mark.parametrize("address", ["203.0.113.7:4711", "[2001:db8::7]:443", "203.0.113.7, 10.0.0.1", "unknown", "::"])
def test_whatever_a_proxy_says_of_the_address_an_event_is_stored(stripe, db, forgiving, settings, address):
    headers = {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"}

    assert post(forgiving, event(), settings, headers=headers).status_code == 204


def test_a_live_event_does_nothing_while_the_key_is_a_test_key(buyer):
    buyer.pay(buyer.start_pack("small"))
    told = buyer.stripe.events("checkout.session.completed")[0]

    assert hear({**told, "livemode": True}).status == "ignored"
    assert buyer.movements == []


def test_a_payload_that_promises_more_than_stripe_says_brings_what_stripe_says(buyer):
    session = buyer.start_pack("small")
    told = {"id": session.stripe_id, "object": "checkout.session", "status": "complete", "payment_status": "paid"}

    assert hear(event("checkout.session.completed", id="evt_forged", data={"object": told})).status == "processed"
    assert buyer.movements == []


def test_a_subscription_of_a_customer_who_is_not_ours_is_none_of_ours(buyer):
    stranger = buyer.stripe.client.v1.customers.create({"email": "stranger@example.com"})
    price = next(each for each in buyer.stripe.client.v1.prices.list() if each.lookup_key == "plan_pro_month")
    buyer.stripe.change_card(stranger.id)
    buyer.stripe.client.v1.subscriptions.create({"customer": stranger.id, "items": [{"price": price.id}]})
    buyer.hear()

    assert not Subscription.objects.exists()
    assert not CreditGrant.objects.exists()
    assert not WebhookEvent.objects.exclude(status="ignored").exclude(status="processed").exists()


def test_a_subscription_to_nothing_of_ours_waits_for_staff(buyer):
    buyer.buy("small")
    buyer.stripe.change_card(buyer.customer_id)
    price = buyer.stripe.client.v1.prices.create(
        {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}, "product_data": {"name": "A mug"}}
    )
    buyer.stripe.client.v1.subscriptions.create({"customer": buyer.customer_id, "items": [{"price": price.id}]})
    buyer.hear("customer.subscription.created")

    row = WebhookEvent.objects.get(type="customer.subscription.created")
    assert (row.status, row.attempts) == ("failed", 1)
    assert buyer.balance == 5_000
