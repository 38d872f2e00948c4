"""Stripe's deliveries: what is not signed by Stripe within minutes leaves no trace, what is leaves one row."""

import json
import time

import pytest
import stripe
from django.test import Client
from django.utils import timezone

from apps.billing.models import WebhookEvent
from apps.billing.webhooks import BODY_BYTES_MAX
from tests.billing.parallel import in_threads

URL = "/webhooks/stripe/"
SECRET = "whsec_test"
EVENT = {"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}
GOOD = json.dumps(EVENT).encode()


@pytest.fixture(autouse=True)
def secret(settings):
    settings.STRIPE_WEBHOOK_SECRET = SECRET


def sign(body: bytes, *, age_seconds: int = 0, secret: str = SECRET) -> str:
    # As Stripe does: over the bytes, whatever they are.
    return stripe.WebhookSignature.generate_signature_header(
        body.decode("utf-8", "replace"), secret, int(time.time()) - age_seconds
    )


def deliver(body: bytes, signature: str | None = None, *, content_type: str = "application/json; charset=utf-8"):
    headers = {"Stripe-Signature": sign(body) if signature is None else signature}
    return Client(raise_request_exception=False).generic("POST", URL, body, content_type=content_type, headers=headers)


def event(**changes) -> bytes:
    return json.dumps({**EVENT, **changes}).encode()


def with_second_signature(signature: str) -> str:
    """As while a secret is rotated: two signatures, one of them made with the other secret."""
    return signature.replace("v1=", f"v1={'0' * 64},v1=")


def test_a_signed_event_is_stored_as_received_and_nothing_else_happens(db):
    response = deliver(GOOD)

    assert response.status_code == 204
    row = WebhookEvent.objects.get()
    assert (row.stripe_id, row.type, row.status, row.attempts) == ("evt_1", "invoice.paid", "received", 0)
    assert row.payload == EVENT


# Signed in the test, not when it is collected: minutes may lie between the two.
@pytest.mark.parametrize("signed", [lambda: sign(GOOD, age_seconds=290), lambda: with_second_signature(sign(GOOD))])
def test_an_event_minutes_old_or_signed_with_two_secrets_is_accepted(db, signed):
    assert deliver(GOOD, signed()).status_code == 204
    assert WebhookEvent.objects.count() == 1


FORGED = {
    "wrong secret": lambda: sign(GOOD, secret="whsec_other"),
    "of another body": lambda: sign(GOOD + b" "),
    "empty": lambda: "",
    "nonsense": lambda: "nonsense",
    "no v1": lambda: sign(GOOD).replace("v1=", "v0="),
    "time is no number": lambda: f"t=soon,{sign(GOOD).partition(',')[2]}",
    "time is a huge number": lambda: f"t={'9' * 5000},{sign(GOOD).partition(',')[2]}",
    "other time than signed": lambda: f"t=1,{sign(GOOD)}",
    "not ASCII": lambda: sign(GOOD).partition("v1=")[0] + "v1=é",
    "stale": lambda: sign(GOOD, age_seconds=310),
    "an hour ahead": lambda: sign(GOOD, age_seconds=-3600),
    "six minutes ahead": lambda: sign(GOOD, age_seconds=-360),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_signature_that_does_not_hold_is_refused(db, forge):
    response = deliver(GOOD, forge())

    assert response.status_code == 400
    assert not WebhookEvent.objects.exists()


def test_a_delivery_without_a_signature_is_refused(db):
    assert Client().post(URL, EVENT, content_type="application/json").status_code == 400
    assert not WebhookEvent.objects.exists()


def test_a_refusal_is_for_machines_to_read(db):
    response = deliver(GOOD, "nonsense")

    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "invalid_signature"


def test_a_changed_byte_is_refused(db):
    assert deliver(GOOD.replace(b"in_1", b"in_2"), sign(GOOD)).status_code == 400
    assert not WebhookEvent.objects.exists()


MALFORMED = {
    "empty": b"",
    "not UTF-8": b"\xff\xfe\x00binary",
    "not JSON": b"{",
    "array": b"[]",
    "null": b"null",
    "number": b"5",
    "no id": json.dumps({"object": "event", "type": "invoice.paid"}).encode(),
    "empty id": event(id=""),
    "id of another type": event(id=5),
    "id too long": event(id="e" * 256),
    "type of another type": event(type=["invoice.paid"]),
    "type missing": json.dumps({"id": "evt_1", "object": "event"}).encode(),
    "no event": event(object="invoice"),
    "NaN": GOOD.replace(b'"in_1"', b"NaN"),
    "a number too large": GOOD.replace(b'"in_1"', b"1e400"),
    "too deep": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("is_signed", [True, False])
def test_what_is_no_event_is_refused_signed_or_not(db, body, is_signed):
    response = deliver(body, None if is_signed else "")

    assert response.status_code == 400
    assert not WebhookEvent.objects.exists()


def test_another_content_type_is_refused(db):
    assert deliver(GOOD, content_type="text/plain").status_code == 400
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("size", [BODY_BYTES_MAX + 1, 10_000_000])
def test_a_delivery_too_large_to_be_an_event_is_refused_unread(db, size):
    assert deliver(event(padding="x" * size)).status_code == 413
    assert not WebhookEvent.objects.exists()


def test_an_event_as_large_as_allowed_is_stored(db):
    body = GOOD + b" " * (BODY_BYTES_MAX - len(GOOD))

    assert deliver(body).status_code == 204


def test_characters_that_postgresql_refuses_do_not_lose_an_event(db):
    assert deliver(event(note="a\x00b\ud800c", **{"k\x00ey": 1})).status_code == 204
    payload = WebhookEvent.objects.get().payload
    assert (payload["note"], payload["key"]) == ("abc", 1)


def test_a_repeated_delivery_changes_nothing(db):
    deliver(GOOD)
    WebhookEvent.objects.update(status="processed", processed_at=timezone.now())

    assert deliver(GOOD, sign(GOOD, age_seconds=10)).status_code == 204
    assert WebhookEvent.objects.get().status == "processed"


def test_deliveries_of_one_event_at_the_same_time_make_one_row(committed_db):
    responses = in_threads([lambda: deliver(GOOD)] * 50)

    assert [response.status_code for response in responses] == [204] * 50
    assert WebhookEvent.objects.count() == 1


def test_without_a_secret_there_is_no_such_address(db, settings):
    settings.STRIPE_WEBHOOK_SECRET = ""

    assert deliver(GOOD).status_code == 404
    assert deliver(GOOD, sign(GOOD, secret="")).status_code == 404
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_deliveries_come_in_here(db, method):
    assert Client().generic(method, URL).status_code == 405
