"""Sliding windows in Redis: how often something may happen within any so many seconds, by the `limits` library.

Its storage keeps a window as a list of times, the newest first. What the library cannot do is ask several windows at
once, so that what one refuses is counted in none; a script beside its own does that, on the same lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import redis as redis_library
from django.conf import settings
from django.utils import timezone
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from apps.core import redis
from apps.core.rate_headers import Reading

PREFIX, NAMESPACE = "windows", "of"

# Times are seconds, rounded to milliseconds; doubles of that size are exact to less than one.
_HALF_A_MILLISECOND = 0.0005
# A key that is in already is a repeated send: let in again and not counted, as is what is refused.
# KEYS: the mark of the key, then the windows. ARGV: now, for how long the mark stays, then amount and seconds of each.
_ADMIT = f"""
local now = tonumber(ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
for place = 2, #KEYS do
    local amount, seconds = tonumber(ARGV[2 * place - 1]), tonumber(ARGV[2 * place])
    local oldest = ARGV[1]
    if amount > 0 then oldest = redis.call('LINDEX', KEYS[place], amount - 1) end
    if oldest and tonumber(oldest) > now - seconds + {_HALF_A_MILLISECOND} then return {{place - 1, oldest}} end
end
for place = 2, #KEYS do
    redis.call('LPUSH', KEYS[place], ARGV[1])
    redis.call('LTRIM', KEYS[place], 0, ARGV[2 * place - 1] - 1)
    redis.call('EXPIRE', KEYS[place], ARGV[2 * place])
end
redis.call('SET', KEYS[1], 1, 'EX', ARGV[2])
return false
"""


class _Item(RateLimitItemPerSecond):
    """The library names a window after its amount, too: a limit that changes would then begin a new one."""

    def key_for(self, *identifiers: object) -> str:
        return "/".join(str(part) for part in (self.namespace, *identifiers, self.multiples))


@dataclass(frozen=True)
class Window:
    """At most `amount` of something within any `seconds`, by one subject; `name` says what kind of subject."""

    name: str
    subject: str
    amount: int
    seconds: int = 60

    @property
    def item(self) -> RateLimitItem:
        """This window in the library's terms."""
        return _Item(self.amount, self.seconds, namespace=NAMESPACE)

    @property
    def key(self) -> str:
        """Where the library keeps it."""
        return f"{PREFIX}:{self.item.key_for(self.name, self.subject)}"


def admit(windows: Sequence[Window], *, key: str) -> Reading | None:
    """Count one event in all windows, or in none: then return the first that is full.

    A `key` that was let in before, within the longest of the windows, is let in again and not counted. Raises
    RedisError.
    """
    now = _now()
    mark_seconds = max((window.seconds for window in windows), default=1)
    refused = redis.client().register_script(_ADMIT)(
        keys=[f"{PREFIX}:admitted:{key}", *(window.key for window in windows)],
        args=[repr(now), mark_seconds, *(number for one in windows for number in (one.amount, one.seconds))],
    )
    if not refused:
        return None
    place, oldest = refused
    return _read(windows[place - 1], used=windows[place - 1].amount, oldest=float(oldest), now=now)


def measure(windows: Sequence[Window]) -> list[Reading]:
    """Return how much of each window is left, in one exchange with Redis; counts nothing. Raises RedisError."""
    now, storage = _now(), _storage(redis.client())
    with redis.client().pipeline(transaction=False) as pipeline:
        for window in windows:
            cutoff = now - window.seconds + _HALF_A_MILLISECOND
            storage.lua_moving_window([window.key], [cutoff, window.amount], client=pipeline)
        answers = pipeline.execute()
    return [
        _read(window, used=answer[1] if answer else 0, oldest=float(answer[0]) if answer else now, now=now)
        for window, answer in zip(windows, answers, strict=True)
    ]


def count(window: Window) -> bool:
    """Count one event in a window; return False, and count nothing, where it is full. Raises RedisError."""
    limiter = MovingWindowRateLimiter(_storage(redis.client()))
    return limiter.hit(window.item, window.name, window.subject)


def _now() -> float:
    return round(timezone.now().timestamp(), 3)


def _read(window: Window, *, used: int, oldest: float, now: float) -> Reading:
    wait_ms = round((oldest + window.seconds - now) * 1000)
    return Reading(
        name=window.name,
        amount=window.amount,
        seconds=window.seconds,
        remaining=max(0, window.amount - used),
        reset_seconds=max(1, -(-wait_ms // 1000)),
    )


@lru_cache(maxsize=1)
def _storage(client: "redis_library.Redis") -> RedisStorage:
    """Return the library's storage on this process's own connections, with their timeouts."""
    return RedisStorage(settings.REDIS_URL, connection_pool=client.connection_pool, key_prefix=PREFIX)
