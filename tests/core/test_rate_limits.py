"""Posts to open pages are limited by the caller's real address."""

import ipaddress
import random

import pytest
from django.test import Client

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


def test_one_network_of_ipv6_is_one_address():
    network = f"2001:db8:{random.randint(1, 9999)}:{random.randint(1, 9999)}"

    answers = [statuses(Client(REMOTE_ADDR=f"{network}::{host}"), times=1)[0] for host in range(1, 4)]

    assert answers == [200, 200, 429]


def test_without_redis_nothing_is_let_through_and_nothing_is_a_500(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}

    response = Client(REMOTE_ADDR=new_address()).post("/twice-a-day/")

    assert response.status_code == 503
