"""Typed requests, and facts read off a request."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest as DjangoHttpRequest
from django_htmx.middleware import HtmxDetails

FILTERED = "[Filtered]"
# One household or server usually gets a whole /64 of IPv6: it counts as one address.
IPV6_PREFIX_BITS = 64
# Links from mails, whose holder may act as the person; and private links, whose holder may read.
_SECRET_PATH = re.compile(
    r"(/accounts/(?:confirm-email|password/reset/key)/|/invitations/|/shared/"
    r"|/waitlist/(?:confirmation|invitation|leaving)/)[^/?#]+"
)


class HttpRequest(DjangoHttpRequest):
    """Any request: what our middleware put on it."""

    htmx: HtmxDetails
    request_id: str


def client_address(request: DjangoHttpRequest) -> str:
    """Return the caller's address, believing only the last TRUSTED_PROXY_COUNT entries of X-Forwarded-For.

    A forwarded entry that is no address (some proxies add a port, attackers add anything) counts only as far as an
    address can be read from it; else the address of the connection itself is returned.
    """
    proxies = settings.TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    claimed = _address(forwarded[-proxies]) if proxies and len(forwarded) >= proxies else None
    return claimed or _address(str(request.META.get("REMOTE_ADDR", ""))) or "0.0.0.0"  # noqa: S104 - not bound to


def network_of(address: str) -> str:
    """Return an address as it is counted: one of IPv6 by its network. What is no address is returned as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.ip_network((int(found), IPV6_PREFIX_BITS), strict=False).network_address)


def wants_json(request: DjangoHttpRequest) -> bool:
    """Tell whether a program is asking: an address for machines, or JSON preferred over HTML."""
    return request.path.startswith(("/api/", "/v1/", "/webhooks/")) or not request.accepts("text/html")


def without_secrets(path: str) -> str:
    """Return a path (or address) as it may be logged: without the secret part of a link from a mail."""
    return _SECRET_PATH.sub(rf"\1{FILTERED}", path)


def _address(text: str) -> str | None:
    for candidate in (text, text.partition("]")[0].removeprefix("["), text.rpartition(":")[0]):
        try:
            found = ipaddress.ip_address(candidate)
        except ValueError:
            continue
        # A socket that takes both kinds writes IPv4 as IPv6, all of it in one /64.
        return str(getattr(found, "ipv4_mapped", None) or found)
    return None
