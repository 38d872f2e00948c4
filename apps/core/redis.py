"""The one place that makes Redis clients: every call has a timeout, blocking readers are asynchronous."""

from functools import cache

import redis
import redis.asyncio
from django.conf import settings


@cache
def client() -> "redis.Redis":
    """Return this process's client: short timeouts, no retries, so that a hung Redis costs one timeout at most."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=settings.REDIS_SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=settings.REDIS_SOCKET_TIMEOUT_SECONDS,
        max_connections=1000,
        retry=None,
    )


def async_client() -> "redis.asyncio.Redis":
    """Return a new asynchronous client without a read timeout, for the web hub's one long subscription.

    A caller that cannot wait for ever puts its own timeout around the command.
    """
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=None, socket_connect_timeout=settings.REDIS_SOCKET_TIMEOUT_SECONDS
    )
