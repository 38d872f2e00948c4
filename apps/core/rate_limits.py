"""Limits at the edge, by address: for pages that anyone may post to."""

import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django_ratelimit.core import get_usage

from apps.core.errors import DomainError
from apps.core.http import client_address

View = Callable[..., HttpResponseBase]
# One household or server usually gets a whole /64 of IPv6: it counts as one address.
IPV6_PREFIX_BITS = 64


class RateLimitedError(DomainError):
    """Too many attempts from one address."""

    code = "rate_limited"
    status = 429
    sentence = _("Too many attempts. Wait a moment, then try again.")


def limited(*, group: str, rate: str | None = None, method: str = "POST") -> Callable[[View], View]:
    """Limit a synchronous view by the caller's address, for example rate="20/m"; by default as RATE_LIMITS[group] says.

    The view then raises RateLimitedError with the seconds left in the window. Without Redis nothing is let through:
    the middleware answers 503.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == method:
                count_at_edge(request, group=group, value=network_of(request), rate=rate)
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def count_at_edge(request: HttpRequest, *, group: str, value: str, rate: str | None = None) -> None:
    """Count one request of `value` in a group, by default as RATE_LIMITS[group] says.

    Raises RateLimitedError with the seconds left in the window once there were too many.
    """
    limit = rate or str(settings.RATE_LIMITS[group])
    usage = get_usage(request, group=group, key=lambda _group, _request: value, rate=limit, increment=True)
    if usage and usage["should_limit"]:
        raise RateLimitedError(retry_after_seconds=max(1, usage["time_left"]))


def network_of(request: HttpRequest) -> str:
    """Return the caller's address as it is counted: an IPv6 address by its network."""
    address = client_address(request)
    if ":" in address:
        return str(ipaddress.ip_network(f"{address}/{IPV6_PREFIX_BITS}", strict=False).network_address)
    return address
