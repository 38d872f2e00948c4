"""Posts to open pages are limited by the caller's real address."""

import ipaddress
import os
import random
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from apps.core.http import network_of
from config.readers import count_proxies, with_known_names
from tests.factories import UserFactory

pytestmark = pytest.mark.urls("tests.core.urls")


def new_address() -> str:
    return str(ipaddress.IPv4Address(random.randint(2**24, 2**32 - 2**28)))


def statuses(client, *, times, **headers):
    return [client.post("/twice-a-day/", **headers).status_code for _ in range(times)]


def test_the_third_post_of_a_window_is_refused_and_told_when_to_come_back():
    visitor = Client(REMOTE_ADDR=new_address())

    accepted = statuses(visitor, times=2)
    refused = visitor.post("/twice-a-day/", headers={"Accept": "application/json"})

    assert accepted == [200, 200]
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused["Retry-After"]) <= 24 * 3600


def test_reading_is_not_limited():
    visitor = Client(REMOTE_ADDR=new_address())

    assert [visitor.get("/twice-a-day/").status_code for _ in range(4)] == [200] * 4


def test_another_address_has_its_own_limit():
    statuses(Client(REMOTE_ADDR=new_address()), times=3)

    assert statuses(Client(REMOTE_ADDR=new_address()), times=1) == [200]


def test_an_invented_forwarded_address_does_not_help():
    visitor = Client(REMOTE_ADDR=new_address())

    answers = [statuses(visitor, times=1, headers={"X-Forwarded-For": new_address()})[0] for _ in range(4)]

    assert answers == [200, 200, 429, 429]


def test_behind_a_proxy_each_visitor_has_a_limit_and_an_invented_prefix_does_not_help(settings):
    settings.TRUSTED_PROXY_COUNT = 1
    proxy, ada, bob = Client(REMOTE_ADDR=new_address()), new_address(), new_address()

    of_ada = [statuses(proxy, times=1, headers={"X-Forwarded-For": f"{new_address()}, {ada}"})[0] for _ in range(3)]

    assert of_ada == [200, 200, 429]
    assert statuses(proxy, times=1, headers={"X-Forwarded-For": bob}) == [200]


# What somebody who is counted may say of where they come from; "{new}" is another address each time.
SPOOFED = [
    {"X-Forwarded-For": "{new}"},
    {"X-Forwarded-For": "{new}, {new}, {new}, {new}"},
    {"X-Forwarded-For": "[2001:db8::{number}]:80"},
    {"X-Forwarded-For": "unknown, {new}"},
    {"X-Forwarded-For": "{new}:4711"},
    {"X-Forwarded-For": ",, {new} ,"},
    {"X-Real-IP": "{new}"},
    {"Forwarded": "for={new};proto=https"},
    {"CF-Connecting-IP": "{new}", "True-Client-IP": "{new}", "X-Client-IP": "{new}"},
]


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_no_form_of_a_spoofed_address_changes_what_is_counted(proxies, settings):
    settings.TRUSTED_PROXY_COUNT = proxies
    for said in SPOOFED:
        visitor, chain = new_address(), [new_address() for _proxy in range(proxies)]

        answers = [send_through(chain, visitor, said, number=number) for number in range(1, 4)]

        assert answers == [200, 200, 429], said


def send_through(chain: list[str], visitor: str, said: dict[str, str], *, number: int) -> int:
    """Send what a visitor says through proxies, each of which adds whom it was asked by; return the status."""
    headers = {name: value.replace("{new}", new_address()).format(number=number) for name, value in said.items()}
    asked_by = visitor
    for proxy in chain:
        before = headers.get("X-Forwarded-For")
        headers["X-Forwarded-For"] = f"{before}, {asked_by}" if before else asked_by
        asked_by = proxy
    return statuses(Client(REMOTE_ADDR=asked_by), times=1, headers=headers)[0]


def test_a_refusal_names_the_limit_in_the_headers_of_the_draft():
    visitor = Client(REMOTE_ADDR=new_address())
    statuses(visitor, times=2)

    refused = visitor.post("/twice-a-day/")

    assert refused["RateLimit-Policy"] == '"tests";q=2;w=86400'
    assert refused["RateLimit"] == f'"tests";r=0;t={refused["Retry-After"]}'


def test_who_is_logged_in_is_counted_as_a_person_from_wherever_they_come(db):
    ada, bob = UserFactory(), UserFactory()

    def send(user) -> int:
        client = Client(REMOTE_ADDR=new_address())
        client.force_login(user)
        return client.post("/twice-a-day-each/").status_code

    assert [send(ada) for _ in range(3)] == [200, 200, 429]
    assert send(bob) == 200


def test_writes_of_members_are_counted_and_go_on_without_redis(db, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"writes": "0/m"}
    client = Client(REMOTE_ADDR=new_address())
    client.force_login(UserFactory())
    wish = {"time_zone": "UTC"}

    assert client.get("/settings/preferences/").status_code == 200
    assert client.post("/settings/preferences/", wish).status_code == 429
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert client.post("/settings/preferences/", wish).status_code == 302


def test_what_is_counted_of_an_address_is_its_network():
    assert network_of("203.0.113.9") == "203.0.113.9"
    assert network_of("2001:db8:1:2:3::4") == "2001:db8:1:2::"
    assert network_of("fe80::1%eth0") == "fe80::"
    assert network_of("batch:01890000") == "batch:01890000"


@pytest.mark.parametrize("value", ["", "-1", "1.5", "two", "11", "0x1", "1e3", "\u0661"])
def test_a_proxy_count_that_is_none_stops_the_start(value):
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXY_COUNT"):
        count_proxies(value)


@pytest.mark.parametrize("given", [{"usr": 5}, {"user": 0}, {"user": -1}])
def test_a_ceiling_that_would_limit_nothing_or_everything_stops_the_start(given):
    with pytest.raises(ImproperlyConfigured, match="GENERATION_LIMITS"):
        with_known_names({"user": 600}, given, variable="GENERATION_LIMITS")


def test_a_wrong_proxy_count_is_refused_where_settings_are_read():
    command = [sys.executable, "-c", "import config.settings.base"]
    failed = subprocess.run(
        command, env={**os.environ, "TRUSTED_PROXY_COUNT": "-1"}, capture_output=True, text=True, check=False
    )

    assert failed.returncode != 0
    assert "TRUSTED_PROXY_COUNT must be a number from 0 to 10, not '-1'." in failed.stderr


def test_one_network_of_ipv6_is_one_address():
    network = f"2001:db8:{random.randint(1, 9999)}:{random.randint(1, 9999)}"

    answers = [statuses(Client(REMOTE_ADDR=f"{network}::{host}"), times=1)[0] for host in range(1, 4)]

    assert answers == [200, 200, 429]


def test_without_redis_nothing_is_let_through_and_nothing_is_a_500(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}

    response = Client(REMOTE_ADDR=new_address()).post("/twice-a-day/")

    assert response.status_code == 503
