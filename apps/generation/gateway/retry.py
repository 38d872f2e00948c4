"""When to try again, and when it is another model's turn: before the first token only. No I/O, no clock of its own."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from apps.generation.gateway.errors import ProviderError

# Of one model; and in all, with those that answer in its place.
ATTEMPTS_MAX = 3
ATTEMPTS_OF_CHAIN_MAX = 8
FIRST_DELAY_SECONDS = 0.5
DELAY_SECONDS_MAX = 8.0
# A provider that asks for a longer pause than this is not waited for.
RETRY_AFTER_SECONDS_MAX = 15.0


def delay_before_retry(
    *, error: ProviderError, attempts_made: int, output_started: bool, jitter: float
) -> float | None:
    """Return the seconds to wait before the next attempt at the same model, or None when there must not be one.

    `jitter` is a random number from 0 to 1. Retry-After is honoured when it is sane, and ends the matter when absurd.
    """
    if output_started or not error.retryable or attempts_made >= ATTEMPTS_MAX:
        return None
    asked = error.retry_after_seconds
    if asked is not None and asked > RETRY_AFTER_SECONDS_MAX:
        return None
    backoff: float = min(FIRST_DELAY_SECONDS * 2.0 ** (attempts_made - 1), DELAY_SECONDS_MAX)
    return max(backoff * (0.5 + jitter / 2), asked or 0.0)


def may_fall_back(*, error: ProviderError, output_started: bool) -> bool:
    """Tell whether another model may answer in the place of the one that failed: never once text was shown."""
    return error.fails_over and not output_started


def retry_after_seconds(header: str, *, now: datetime) -> float | None:
    """Return how many seconds a Retry-After header asks for, as a number or an HTTP date; None if it makes no sense.

    A moment that has passed asks for none.
    """
    try:
        seconds = float(header)
    except ValueError:
        return _seconds_until(header, now=now)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _seconds_until(http_date: str, *, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return None
    # RFC 9110: a date without a zone is meant in UTC.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
