"""What pages show of switches and rollouts, kept in Redis for seconds and forgotten with every change.

For showing only: what decides asks the database itself.
"""

import json
from collections.abc import Callable
from typing import Any

import structlog
from redis.exceptions import RedisError

from apps.core import redis

logger = structlog.get_logger(__name__)

KEY_PREFIX = "shown:"
# A change forgets it at once; this is for one whose message was lost.
SECONDS = 10


def read(name: str, load: Callable[[], list[Any]]) -> list[Any]:
    """Return a list of JSON values as it was lately; loaded anew where nobody has kept it, or Redis is away."""
    try:
        kept = redis.client().get(KEY_PREFIX + name)
    except (RedisError, OSError):
        return load()
    if isinstance(kept, bytes):
        return list(json.loads(kept))
    found = load()
    try:
        redis.client().set(KEY_PREFIX + name, json.dumps(found), ex=SECONDS)
    except (RedisError, OSError) as error:
        logger.warning("not_kept_for_pages", name=name, error=str(error))
    return found


def forget(name: str) -> None:
    """Let the next page ask the database: something was changed."""
    try:
        redis.client().delete(KEY_PREFIX + name)
    except (RedisError, OSError) as error:
        logger.warning("not_forgotten_for_pages", name=name, error=str(error))
