"""The caller's address is what trusted proxies say, and nothing that a caller can invent."""

import pytest
from django.test import RequestFactory

from apps.core.http import client_address


def address(forwarded, *, remote="192.0.2.1"):
    return client_address(RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded))


def test_without_trusted_proxies_a_forwarded_address_counts_for_nothing():
    assert address("203.0.113.9") == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "unknown", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "'; DROP TABLE x", "192.0.2.1"),
        (1, "203.0.113.9,", "192.0.2.1"),
        (2, "6.6.6.6, unknown, 10.0.0.1", "192.0.2.1"),
        (1, "6.6.6.6, ::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_only_what_the_trusted_proxies_added_is_believed(settings, proxies, forwarded, expected):
    settings.TRUSTED_PROXY_COUNT = proxies

    assert address(forwarded) == expected


def test_a_socket_without_address_is_still_somebody():
    assert address("", remote="") == "0.0.0.0"
