"""What reaches Sentry tells where it broke, and nothing that a customer typed, holds or follows."""

import asyncio
import json

import pytest
import sentry_sdk
from django.core.handlers.asgi import ASGIHandler
from django.test import Client
from sentry_sdk.transport import Transport

from apps.core.sentry import init_sentry
from tests.core.asgi import answer_of

pytestmark = pytest.mark.urls("tests.core.urls")
SECRET = "canary-7f3a"


class Captured(Transport):
    """Keeps what would be sent."""

    def __init__(self):
        super().__init__()
        self.events = []

    def capture_envelope(self, envelope):
        self.events += [item.payload.json for item in envelope.items if item.type == "event"]


@pytest.fixture
def transport():
    captured = Captured()
    init_sentry(dsn="http://key@127.0.0.1:1/1", environment="test", transport=captured)
    yield captured
    sentry_sdk.init()


def crash(**request):
    """Send a request to a view with a bug, as the web server would."""
    status, _, _ = asyncio.run(answer_of(ASGIHandler(), "/crash/", **request))
    assert status == 500


def test_a_crash_is_reported_with_its_place_and_request_id(transport):
    crash(headers=[(b"host", b"127.0.0.1"), (b"x-request-id", b"named-in-sentry")])

    [event] = transport.events
    assert event["exception"]["values"][-1]["type"] == "ValueError"
    assert event["tags"]["request_id"] == "named-in-sentry"
    assert event["request"]["url"] == "http://127.0.0.1/crash/"


def test_nothing_secret_of_the_request_is_reported(transport):
    secret = SECRET.encode()
    names = [b"authorization", b"x-csrftoken", b"x-api-key", b"stripe-signature", b"referer"]
    form = [(b"content-type", b"application/x-www-form-urlencoded"), (b"cookie", b"sessionid=" + secret)]

    crash(
        method="POST",
        query=b"token=" + secret,
        body=b"prompt=" + secret,
        headers=[(b"host", b"127.0.0.1"), *form, *((name, secret) for name in names)],
    )

    [event] = transport.events
    assert event["request"]["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert SECRET not in json.dumps(event)
    assert "203.0.113.77" not in json.dumps(event)


@pytest.mark.parametrize("link", ["/accounts/confirm-email/{}/", "/accounts/password/reset/key/{}/"])
def test_a_secret_link_is_reported_without_its_secret(transport, link):
    event = {"request": {"url": "https://example.com" + link.format(SECRET), "headers": {}}}

    sentry_sdk.capture_event(event)

    [reported] = transport.events
    assert SECRET not in json.dumps(reported)
    assert reported["request"]["url"].startswith("https://example.com/accounts/")


def test_an_anticipated_refusal_is_not_reported(transport):
    Client().get("/refuse/")

    assert transport.events == []


def test_local_variables_and_breadcrumb_addresses_carry_no_secret(transport):
    prompt = SECRET
    sentry_sdk.add_breadcrumb(
        category="httplib", data={"url": f"http://x/?key={prompt}", "http.query": f"key={prompt}"}
    )

    try:
        raise LookupError("no such model")
    except LookupError:
        sentry_sdk.capture_exception()

    assert SECRET not in json.dumps(transport.events)
