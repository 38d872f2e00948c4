"""Limits at the edge: by address for pages that anyone may post to, by person for what members send."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django_ratelimit.core import _split_rate, get_usage
from redis.exceptions import RedisError

from apps.core import http
from apps.core.errors import DomainError
from apps.core.http import client_address
from apps.core.rate_headers import Reading

logger = structlog.get_logger(__name__)

View = Callable[..., HttpResponseBase]
WRITES, STARTS = "writes", "starts"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class RateLimitedError(DomainError):
    """Too many attempts from one address, or of one person."""

    code = "rate_limited"
    status = 429
    sentence = _("Too many attempts. Wait a moment, then try again.")


def limited(
    *, group: str, rate: str | None = None, method: str = "POST", by_user: bool = False
) -> Callable[[View], View]:
    """Limit a synchronous view by the caller's address, for example rate="20/m"; by default as RATE_LIMITS[group] says.

    With `by_user` who is logged in is counted as a person, from wherever they come. The view then raises
    RateLimitedError with the seconds left in the window. Without Redis nothing is let through: the middleware
    answers 503.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == method:
                value = _person_of(request) if by_user else network_of(request)
                count_at_edge(request, group=group, value=value, rate=rate)
            return view(request, *args, **kwargs)

        note_group(wrapped, group)
        return wrapped

    return decorate


def counted_as_start(view: View) -> View:
    """Say of a view that it starts generations: these are counted where they start, with or without Redis."""
    note_group(view, STARTS)
    return view


def count_write(request: HttpRequest) -> None:
    """Count what a logged-in person sends to change something, in the group "writes"; reading is not counted.

    Raises RateLimitedError. Without Redis nothing is counted: who is logged in goes on working, and what costs is
    counted in PostgreSQL.
    """
    if request.method in SAFE_METHODS:
        return
    try:
        count_at_edge(request, group=WRITES, value=_person_of(request))
    except (RedisError, OSError) as error:
        logger.warning("writes_not_counted", error=str(error))


def count_at_edge(request: HttpRequest, *, group: str, value: str, rate: str | None = None) -> None:
    """Count one request of `value` in a group, by default as RATE_LIMITS[group] says.

    Raises RateLimitedError with the seconds left in the window once there were too many.
    """
    limit = rate or str(settings.RATE_LIMITS[group])
    usage = get_usage(request, group=group, key=lambda _group, _request: value, rate=limit, increment=True)
    if usage and usage["should_limit"]:
        wait_seconds = max(1, usage["time_left"])
        refusal = RateLimitedError(retry_after_seconds=wait_seconds)
        seconds = _split_rate(limit)[1]
        refusal.readings = [Reading(group, usage["limit"], seconds, remaining=0, reset_seconds=wait_seconds)]
        raise refusal


def network_of(request: HttpRequest) -> str:
    """Return the caller's address as it is counted: an IPv6 address by its network."""
    return http.network_of(client_address(request))


def note_group(view: View, group: str) -> None:
    """Write down on a view by which limit it is bound, for those who look whether every door has one."""
    view.limit_groups = (*limit_groups(view), group)  # type: ignore[attr-defined]


def limit_groups(view: View) -> tuple[str, ...]:
    """Return the limits that a view is bound by, from the inside out."""
    groups: tuple[str, ...] = getattr(view, "limit_groups", ())
    return groups


def _person_of(request: HttpRequest) -> str:
    return f"user:{request.user.pk}" if request.user.is_authenticated else network_of(request)
