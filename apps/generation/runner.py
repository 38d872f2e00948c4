"""Step 4 of a generation: drive the gateway under a lease, watch deadlines and Stop, settle once at the end."""

import contextlib
import random
import time
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection
from redis.exceptions import RedisError

from apps.core.db import workspace_scope
from apps.core.ids import uuid7
from apps.core.request_id import bind_request_id
from apps.generation import flusher, leases, prompts, settling, stream
from apps.generation.gateway import errors, providers
from apps.generation.gateway.deadlines import DeadlineLimits, Deadlines
from apps.generation.gateway.retry import delay_before_retry
from apps.generation.gateway.types import Completion, ProviderRequest
from apps.generation.leases import Lease
from apps.generation.models import Attempt, Generation
from apps.generation.outcomes import AttemptOutcome, RunOutcome, count_tokens, judge_completion

logger = structlog.get_logger(__name__)

# No token of a model that keeps to its cap is longer than this on average; a stream beyond it is cut.
OUTPUT_BYTES_PER_TOKEN_MAX = 16
DRAIN_SECONDS = 2.0


def run(lease: Lease) -> None:
    """Run one claimed generation to its end. Never raises for what a provider does; money is settled exactly once."""
    keeper = leases.keeper()
    keeper.keep(lease)
    try:
        active = _load(lease)
        stream.announce(lease.generation_id, stream.STATUS, Generation.Status.RUNNING)
        outcome = _drive(active)
        if outcome is None:
            logger.warning("lease_lost", generation_id=str(lease.generation_id))
            return
        active.writer.drain(seconds=DRAIN_SECONDS)
        if settling.settle_with_patience(lease, outcome):
            # Without Redis there is nobody to seal it against: what was settled is settled.
            with contextlib.suppress(RedisError):
                stream.seal(lease.generation_id)
            stream.announce(lease.generation_id, stream.END)
    finally:
        keeper.forget(lease)


@dataclass
class _Run:
    """What one run carries along."""

    lease: Lease
    request: ProviderRequest
    prompt: str
    deadlines: Deadlines
    writer: flusher.StreamWriter
    attempts: list[AttemptOutcome]
    text: list[str]
    output_bytes: int = 0
    refused: bool = False

    def guard(self) -> None:
        """Raise when this run must stop: Stop was pressed, the lease is gone, a deadline has passed."""
        if self.writer.refused:
            raise errors.LeaseLostError
        if self.lease.ended_by is not None:
            raise self.lease.ended_by
        exceeded = self.deadlines.exceeded(now=time.monotonic())
        if exceeded is not None:
            raise exceeded

    @property
    def output(self) -> str:
        """The text so far."""
        return "".join(self.text)


def _load(lease: Lease) -> _Run:
    with workspace_scope(lease.workspace_id):
        generation = Generation.objects.select_related("template_version").get(pk=lease.generation_id)
    connection.close()
    # A run that the sweeper rang for comes with another id: from here on it is the submit's again.
    bind_request_id(generation.request_id)
    messages = prompts.messages_of(generation.template_version, generation.inputs)
    request = ProviderRequest(
        model=generation.request_model,
        messages=messages,
        output_tokens_max=generation.output_tokens_max,
        request_id=generation.request_id,
    )
    return _Run(
        lease=lease,
        request=request,
        prompt="\n".join(message["content"] for message in messages),
        deadlines=Deadlines(_limits(), now=time.monotonic()),
        writer=flusher.shared().open(lease.generation_id),
        attempts=[],
        text=[],
    )


def _limits() -> DeadlineLimits:
    deadlines = settings.GENERATION_DEADLINES
    return DeadlineLimits(first_token=deadlines["first_token"], idle=deadlines["idle"], total=deadlines["total"])


def _drive(active: _Run) -> RunOutcome | None:
    """Make attempts until one succeeds or there must not be another; None when the lease was lost."""
    while True:
        attempt = _start_attempt(active)
        if attempt is None:
            return None
        ended = _attempt(active, attempt)
        if isinstance(ended, Completion):
            return _outcome(active, Generation.Status.SUCCEEDED, finish_reason=ended.finish_reason)
        delay = delay_before_retry(
            error=ended,
            attempts_made=len(active.attempts),
            output_started=bool(active.text),
            jitter=random.random(),  # noqa: S311 - jitter is no secret
        )
        if delay is None:
            return _stopped(active, ended)
        active.lease.woken.wait(delay)
        if active.lease.ended_by is not None:
            return _stopped(active, active.lease.ended_by)


def _start_attempt(active: _Run) -> AttemptOutcome | None:
    """Write the attempt down before the call is made, if the lease is still ours."""
    lease, attempt_id = active.lease, uuid7()
    with workspace_scope(lease.workspace_id):
        if not leases.holds(lease):
            return None
        settling.end_attempts(active.attempts)
        Attempt.objects.create(
            id=attempt_id,
            generation_id=lease.generation_id,
            number=len(active.attempts) + 1,
            provider=providers.OPENAI,
            request_model=active.request.model,
        )
    # No connection is held while a provider is waited for.
    connection.close()
    attempt = AttemptOutcome(attempt_id, providers.OPENAI)
    active.attempts.append(attempt)
    return attempt


def _attempt(active: _Run, attempt: AttemptOutcome) -> Completion | errors.ProviderError:
    """Make one provider call and record how it went; return its completion, or the error that ended it."""
    started = time.monotonic()
    active.deadlines.attempt_started(now=started)
    completion: Completion | None = None
    error: errors.ProviderError | None = None
    try:
        completion = _call(active, attempt, started=started)
        error = judge_completion(completion, text=active.output, refused=active.refused)
    except errors.ProviderError as provider_error:
        error = provider_error
    except Exception as bug:
        logger.exception("run_broke", generation_id=str(active.lease.generation_id))
        error = errors.ProviderError(type(bug).__name__)
    attempt.duration_ms = _milliseconds_since(started)
    _record(active, attempt, completion=completion, error=error)
    return error or completion or errors.ProviderError("no end")


def _call(active: _Run, attempt: AttemptOutcome, *, started: float) -> Completion:
    output_bytes_max = active.request.output_tokens_max * OUTPUT_BYTES_PER_TOKEN_MAX
    for event in providers.stream(providers.OPENAI, active.request, guard=active.guard):
        if isinstance(event, Completion):
            return event
        active.deadlines.delta_arrived(now=time.monotonic())
        if attempt.first_token_ms is None:
            attempt.first_token_ms = _milliseconds_since(started)
        active.refused = active.refused or event.refusal
        text = event.text.encode()[: output_bytes_max - active.output_bytes].decode(errors="ignore")
        active.output_bytes += len(event.text.encode())
        active.text.append(text)
        active.writer.append(text)
        if active.output_bytes > output_bytes_max:
            raise errors.OutputCapExceededError(f"more than {output_bytes_max} bytes")
    raise errors.StreamInterruptedError("no completion")


def _record(
    active: _Run, attempt: AttemptOutcome, *, completion: Completion | None, error: errors.ProviderError | None
) -> None:
    output = active.output
    attempt.status = Attempt.Status.SUCCEEDED
    if error is not None:
        canceled = isinstance(error, errors.CanceledError)
        attempt.status = Attempt.Status.CANCELED if canceled else Attempt.Status.FAILED
        attempt.error_code, attempt.error_detail = error.code, error.detail[:500]
        log = logger.error if error.alarm else logger.info
        log("attempt_ended", generation_id=str(active.lease.generation_id), code=error.code, detail=error.detail[:500])
    if completion is not None:
        attempt.response_model = completion.response_model
    if completion is not None or output:
        attempt.tokens = count_tokens(
            prompt=active.prompt,
            output=output,
            reported=completion.usage if completion else None,
            output_tokens_max=active.request.output_tokens_max,
        )


def _stopped(active: _Run, error: errors.ProviderError) -> RunOutcome | None:
    if isinstance(error, errors.LeaseLostError):
        return None
    if isinstance(error, errors.CanceledError):
        return _outcome(active, Generation.Status.CANCELED, finish_reason="canceled")
    return _outcome(active, Generation.Status.FAILED, finish_reason="error", error_code=error.code)


def _outcome(active: _Run, status: str, *, finish_reason: str, error_code: str = "") -> RunOutcome:
    return RunOutcome(status, active.output, tuple(active.attempts), finish_reason, error_code)


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
