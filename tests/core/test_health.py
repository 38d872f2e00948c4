"""Alive means that the process answers; ready means that the product can work."""

import pytest
from django.test import Client

from apps.core import health, redis


def test_alive_asks_no_service():
    response = Client().get("/healthz")

    assert (response.status_code, response.text) == (200, "ok\n")


def test_ready_names_each_check(db):
    response = Client().get("/readyz")

    assert response.status_code == 200
    assert {"database": "ok", "redis": "ok"}.items() <= response.json().items()


@pytest.fixture
def _redis_away(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    redis.client.cache_clear()
    yield
    redis.client.cache_clear()


@pytest.mark.usefixtures("_redis_away")
def test_without_redis_the_product_is_alive_but_not_ready(db):
    ready, alive = Client().get("/readyz"), Client().get("/healthz")

    assert (ready.status_code, ready.json()["redis"]) == (503, "ConnectionError")
    assert alive.status_code == 200


def test_a_registered_check_decides_too(db, monkeypatch):
    monkeypatch.setattr(health, "_checks", dict(health._checks))
    health.register_check("queue", lambda: "the oldest waits for 90 s")

    response = Client().get("/readyz")

    assert (response.status_code, response.json()["queue"]) == (503, "the oldest waits for 90 s")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_may_come_by_address_and_without_tls(db, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["keel.example"]

    assert Client(headers={"host": "10.0.0.7:8000"}).get(path).status_code == 200
