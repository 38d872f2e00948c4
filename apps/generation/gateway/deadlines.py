"""Three deadlines of one run, judged against a clock that is handed in. gevent knows no soft time limit, so we do."""

from dataclasses import dataclass

from apps.generation.gateway import errors


@dataclass(frozen=True)
class DeadlineLimits:
    """Seconds: until the first token of an attempt, between two deltas, and for the whole run with its retries."""

    first_token: float
    idle: float
    total: float


class Deadlines:
    """Keeps the three deadlines of one run. All times are monotonic seconds."""

    def __init__(self, limits: DeadlineLimits, *, now: float) -> None:
        self.limits = limits
        self._started = now
        self._attempt_started = now
        self._last_delta: float | None = None

    def attempt_started(self, *, now: float) -> None:
        """Start the clock of the first token anew."""
        self._attempt_started = now
        self._last_delta = None

    def delta_arrived(self, *, now: float) -> None:
        """Push the idle deadline back."""
        self._last_delta = now

    def exceeded(self, *, now: float) -> errors.ProviderError | None:
        """Return the error of the deadline that has passed, or None."""
        if now - self._started > self.limits.total:
            return errors.TotalTimeoutError(f"no end after {self.limits.total:g} s")
        if self._last_delta is None and now - self._attempt_started > self.limits.first_token:
            return errors.FirstTokenTimeoutError(f"no token after {self.limits.first_token:g} s")
        if self._last_delta is not None and now - self._last_delta > self.limits.idle:
            return errors.IdleTimeoutError(f"silent for {self.limits.idle:g} s")
        return None
