"""Retry policy, deadlines, plausibility: the parts of a run that decide and do no I/O."""

import pytest

from apps.generation.gateway import errors
from apps.generation.gateway.deadlines import DeadlineLimits, Deadlines
from apps.generation.gateway.retry import ATTEMPTS_MAX, delay_before_retry

BUSY = errors.ProviderRateLimitedError


def delay(error=None, *, attempts_made=1, output_started=False, jitter=1.0):
    return delay_before_retry(
        error=error or BUSY(), attempts_made=attempts_made, output_started=output_started, jitter=jitter
    )


def test_a_retryable_error_is_tried_again_with_growing_delays():
    assert 0 < delay(attempts_made=1) < delay(attempts_made=2)


def test_there_is_an_end_to_attempts():
    assert delay(attempts_made=ATTEMPTS_MAX) is None


def test_nothing_is_tried_again_once_text_has_been_shown():
    assert delay(output_started=True) is None


@pytest.mark.parametrize(
    "error", [errors.ProviderQuotaExhaustedError(), errors.ModelNotFoundError(), errors.StreamInterruptedError()]
)
def test_what_will_not_change_is_not_tried_again(error):
    assert delay(error) is None


def test_a_sane_retry_after_is_honoured():
    assert delay(BUSY(retry_after_seconds=3)) == 3


def test_an_absurd_retry_after_ends_the_matter():
    assert delay(BUSY(retry_after_seconds=99999)) is None


@pytest.fixture
def deadlines():
    return Deadlines(DeadlineLimits(first_token=10, idle=5, total=60), now=100)


def test_in_time_no_deadline_is_exceeded(deadlines):
    deadlines.delta_arrived(now=109)

    assert deadlines.exceeded(now=113) is None


def test_no_first_token(deadlines):
    assert isinstance(deadlines.exceeded(now=111), errors.FirstTokenTimeoutError)


def test_silence_after_the_first_token(deadlines):
    deadlines.delta_arrived(now=101)

    assert isinstance(deadlines.exceeded(now=107), errors.IdleTimeoutError)


def test_a_trickle_ends_at_the_total_deadline(deadlines):
    for now in range(101, 165):
        deadlines.delta_arrived(now=now)

    assert isinstance(deadlines.exceeded(now=164), errors.TotalTimeoutError)


def test_a_new_attempt_starts_the_first_token_clock_but_not_the_total_one(deadlines):
    deadlines.attempt_started(now=120)

    assert deadlines.exceeded(now=129) is None
    assert isinstance(deadlines.exceeded(now=161), errors.TotalTimeoutError)
