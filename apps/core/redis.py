"""The one place that makes Redis clients: every call has a timeout, blocking readers are asynchronous."""

from functools import cache

import redis
import redis.asyncio
from django.conf import settings

# Longer than a page's: nobody waits for the hub's answer, and a stream may have thousands of entries.
ASYNC_SOCKET_TIMEOUT_SECONDS = 5.0


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
    """Return a new asynchronous client, for the web hub; waiting for a pub/sub message has a timeout of its own."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=ASYNC_SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=settings.REDIS_SOCKET_TIMEOUT_SECONDS,
    )
