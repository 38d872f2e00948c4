"""One answer out of a provider: attempts, each written down before it is made, and the retries between them."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from django.db import connection

from apps.core.db import workspace_scope
from apps.core.ids import uuid7
from apps.generation import context, leases, settling
from apps.generation.gateway import errors, providers
from apps.generation.gateway.deadlines import Deadlines
from apps.generation.gateway.retry import delay_before_retry
from apps.generation.gateway.types import Completion, ProviderRequest
from apps.generation.leases import Lease
from apps.generation.models import Attempt
from apps.generation.outcomes import AttemptOutcome, count_tokens, judge_completion
from apps.generation.output import Output

logger = structlog.get_logger(__name__)

# No token of a model that keeps to its cap is longer than this on average; a stream beyond it is cut.
OUTPUT_BYTES_PER_TOKEN_MAX = 16

Sink = Callable[[str], None]


@dataclass
class Run:
    """What one run carries along."""

    lease: Lease
    deadlines: Deadlines
    output: Output
    attempts: list[AttemptOutcome] = field(default_factory=list)

    def guard(self) -> None:
        """Raise when this run must stop: Stop was pressed, the lease is gone, a deadline has passed."""
        if self.output.writer.refused:
            raise errors.LeaseLostError
        if self.lease.ended_by is not None:
            raise self.lease.ended_by
        exceeded = self.deadlines.exceeded(now=time.monotonic())
        if exceeded is not None:
            raise exceeded


def call(run: Run, request: ProviderRequest, *, sink: Sink) -> Completion:
    """Call the model until it has answered; `sink` gets the text as it comes.

    Raises a ProviderError when no attempt succeeds or there must not be another: LeaseLostError when somebody else has
    ended the generation, CanceledError when Stop was pressed. What has reached the sink until then is kept.
    """
    made = len(run.attempts)
    while True:
        answer = _Answer(request, sink=sink)
        error = _attempt(run, answer)
        if error is None and answer.completion is not None:
            return answer.completion
        error = error or errors.ProviderError("no end")
        delay = delay_before_retry(
            error=error,
            attempts_made=len(run.attempts) - made,
            output_started=answer.has_started,
            jitter=random.random(),  # noqa: S311 - jitter is no secret
        )
        if delay is None:
            raise error
        run.lease.woken.wait(delay)
        if run.lease.ended_by is not None:
            raise run.lease.ended_by


class _Answer:
    """What one attempt has brought so far."""

    def __init__(self, request: ProviderRequest, *, sink: Sink) -> None:
        self.request = request
        self.completion: Completion | None = None
        self.refused = False
        self._sink = sink
        self._pieces: list[str] = []
        self._bytes_left = request.output_tokens_max * OUTPUT_BYTES_PER_TOKEN_MAX

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def has_started(self) -> bool:
        return bool(self._pieces)

    def append(self, text: str) -> None:
        data = text.encode()
        piece = data[: max(self._bytes_left, 0)].decode(errors="ignore")
        self._bytes_left -= len(data)
        self._pieces.append(piece)
        self._sink(piece)
        if self._bytes_left < 0:
            raise errors.OutputCapExceededError("more bytes than the cap allows")


def _attempt(run: Run, answer: _Answer) -> errors.ProviderError | None:
    """Make one provider call and record how it went; return the error that ended it, if one did."""
    attempt = _start_attempt(run, answer.request)
    started = time.monotonic()
    run.deadlines.attempt_started(now=started)
    error: errors.ProviderError | None = None
    try:
        answer.completion = _read(run, answer, attempt, started=started)
        error = judge_completion(answer.completion, text=answer.text, refused=answer.refused)
    except errors.ProviderError as provider_error:
        error = provider_error
    except Exception as bug:
        logger.exception("run_broke", generation_id=str(run.lease.generation_id))
        error = errors.ProviderError(type(bug).__name__)
    attempt.duration_ms = _milliseconds_since(started)
    _record(run, attempt, answer, error=error)
    return error


def _start_attempt(run: Run, request: ProviderRequest) -> AttemptOutcome:
    """Write the attempt down before the call is made. Raises LeaseLostError if the lease is not ours any more."""
    lease = run.lease
    attempt = AttemptOutcome(uuid7(), providers.OPENAI, request.model)
    with workspace_scope(lease.workspace_id):
        if not leases.holds(lease):
            raise errors.LeaseLostError
        settling.end_attempts(run.attempts)
        Attempt.objects.create(
            id=attempt.attempt_id,
            generation_id=lease.generation_id,
            number=len(run.attempts) + 1,
            provider=attempt.provider,
            request_model=attempt.request_model,
        )
    # No connection is held while a provider is waited for.
    connection.close()
    run.attempts.append(attempt)
    return attempt


def _read(run: Run, answer: _Answer, attempt: AttemptOutcome, *, started: float) -> Completion:
    for event in providers.stream(attempt.provider, answer.request, guard=run.guard):
        if isinstance(event, Completion):
            return event
        run.deadlines.delta_arrived(now=time.monotonic())
        if attempt.first_token_ms is None:
            attempt.first_token_ms = _milliseconds_since(started)
        answer.refused = answer.refused or event.refusal
        answer.append(event.text)
    raise errors.StreamInterruptedError("no completion")


def _record(run: Run, attempt: AttemptOutcome, answer: _Answer, *, error: errors.ProviderError | None) -> None:
    completion = answer.completion
    attempt.status = Attempt.Status.SUCCEEDED
    if error is not None:
        canceled = isinstance(error, errors.CanceledError)
        attempt.status = Attempt.Status.CANCELED if canceled else Attempt.Status.FAILED
        attempt.error_code, attempt.error_detail = error.code, error.detail[:500]
        log = logger.error if error.alarm else logger.info
        log("attempt_ended", generation_id=str(run.lease.generation_id), code=error.code, detail=error.detail[:500])
    if completion is not None:
        attempt.response_model = completion.response_model
    if completion is not None or answer.has_started:
        attempt.tokens = count_tokens(
            prompt=context.prompt_of(answer.request.messages),
            output=answer.text,
            reported=completion.usage if completion else None,
            output_tokens_max=answer.request.output_tokens_max,
        )


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
