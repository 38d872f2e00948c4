"""When to try again: one layer, ours, before the first token only. No I/O, no clock of its own."""

from apps.generation.gateway.errors import ProviderError

ATTEMPTS_MAX = 3
FIRST_DELAY_SECONDS = 0.5
DELAY_SECONDS_MAX = 8.0
# A provider that asks for a longer pause than this is not waited for.
RETRY_AFTER_SECONDS_MAX = 15.0


def delay_before_retry(
    *, error: ProviderError, attempts_made: int, output_started: bool, jitter: float
) -> float | None:
    """Return the seconds to wait before the next attempt, or None when there must not be one.

    `jitter` is a random number from 0 to 1. Retry-After is honoured when it is sane, and ends the matter when absurd.
    """
    if output_started or not error.retryable or attempts_made >= ATTEMPTS_MAX:
        return None
    asked = error.retry_after_seconds
    if asked is not None and asked > RETRY_AFTER_SECONDS_MAX:
        return None
    backoff: float = min(FIRST_DELAY_SECONDS * 2.0 ** (attempts_made - 1), DELAY_SECONDS_MAX)
    return max(backoff * (0.5 + jitter / 2), asked or 0.0)
