"""A circuit breaker per provider, shared by all workers through Redis: a dead provider is asked now and then, no more.

closed -> open after FAILURES_MAX failures in a row within a window; open lets one probe through per interval; a success
of a call that began after the opening closes it. While Redis does not answer, every breaker counts as closed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from redis.exceptions import RedisError

from apps.core import redis

logger = structlog.get_logger(__name__)

FAILURES_MAX = 5
WINDOW_MS = 60_000
PROBE_INTERVAL_MS = 10_000
# Nobody has asked for so long: what was known is of no use any more.
FORGOTTEN_MS = 600_000

_NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
_ADMIT = (
    _NOW
    + """
local opened, probe = unpack(redis.call('HMGET', KEYS[1], 'opened', 'probe'))
if opened and now < tonumber(probe) then return {0, now} end
if opened then redis.call('HSET', KEYS[1], 'probe', now + ARGV[1]) end
return {1, now}
"""
)
_FAIL = (
    _NOW
    + """
if redis.call('HEXISTS', KEYS[1], 'opened') == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return 0
end
local count = redis.call('HINCRBY', KEYS[1], 'failures', 1)
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if count < tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'opened', now, 'probe', now + ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
)
_SUCCEED = """
local opened = redis.call('HGET', KEYS[1], 'opened')
if opened and tonumber(opened) > tonumber(ARGV[1]) then return 0 end
redis.call('DEL', KEYS[1])
return opened and 1 or 0
"""


@dataclass(frozen=True)
class Admission:
    """Whether a provider may be called now, and since when that call runs, in milliseconds of Redis's clock."""

    is_admitted: bool
    at_ms: int = 0


def admit(provider: str) -> Admission:
    """Ask whether a provider may be called: yes while it is well, and now and then while it is not."""
    try:
        answer = redis.client().register_script(_ADMIT)(keys=[_key(provider)], args=[PROBE_INTERVAL_MS])
    except (RedisError, OSError) as error:
        logger.warning("breaker_unknown", provider=provider, error=str(error))
        return Admission(True)
    return Admission(bool(answer[0]), int(answer[1]))


def fail(provider: str) -> None:
    """Count a failure that speaks of the provider's health."""
    args = [FAILURES_MAX, WINDOW_MS, PROBE_INTERVAL_MS, FORGOTTEN_MS]
    if _run(_FAIL, provider=provider, args=args):
        logger.error("breaker_opened", provider=provider)


def succeed(provider: str, *, admission: Admission) -> None:
    """Forget the failures of a provider that has answered; a call from before the opening proves nothing."""
    if _run(_SUCCEED, provider=provider, args=[admission.at_ms]):
        logger.info("breaker_closed", provider=provider)


def opened_at(provider: str) -> datetime | None:
    """Return since when a provider is not called; None while it is, and while Redis does not answer."""
    try:
        opened = redis.client().hget(_key(provider), "opened")
    except (RedisError, OSError):
        return None
    return datetime.fromtimestamp(int(opened) / 1000, tz=UTC) if isinstance(opened, bytes) else None


def reset(provider: str) -> None:
    """Forget everything about a provider."""
    redis.client().delete(_key(provider))


def _run(script: str, *, provider: str, args: list[int]) -> bool:
    try:
        return bool(redis.client().register_script(script)(keys=[_key(provider)], args=args))
    except (RedisError, OSError) as error:
        logger.warning("breaker_unknown", provider=provider, error=str(error))
        return False


def _key(provider: str) -> str:
    return f"breaker:{provider}"
