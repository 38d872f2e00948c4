"""One answer out of the gateway: attempts, each written down before it is made, retries, and models that stand in."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import structlog
from django.db import connection
from django.utils.crypto import salted_hmac

from apps.core.db import workspace_scope
from apps.core.ids import uuid7
from apps.generation import catalogue, context, leases, settling, switches
from apps.generation.catalogue import Model
from apps.generation.gateway import breaker, errors, providers
from apps.generation.gateway.breaker import Admission
from apps.generation.gateway.deadlines import Deadlines
from apps.generation.gateway.retry import ATTEMPTS_OF_CHAIN_MAX, delay_before_retry, may_fall_back
from apps.generation.gateway.types import Completion, Endpoint, Head, Permit, ProviderRequest
from apps.generation.leases import Lease
from apps.generation.models import Attempt
from apps.generation.outcomes import AttemptOutcome, count_tokens, judge_completion
from apps.generation.output import Output
from apps.generation.switches import Work

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
    work: Work
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
    """Call the model until it has answered, or one of its fallbacks in its place; `sink` gets the text as it comes.

    Raises a ProviderError when no attempt succeeds or there must not be another: LeaseLostError when somebody else has
    ended the generation, CanceledError when Stop was pressed. What has reached the sink until then is kept.
    """
    chain = _chain(request)
    most = len(run.attempts) + ATTEMPTS_OF_CHAIN_MAX
    error: errors.ProviderError = errors.ModelNotFoundError("no provider of this model is configured")
    for candidate in chain:
        is_last = candidate is chain[-1]
        answered = _ask(run, request, candidate, sink=sink, is_last=is_last, attempts_most=most)
        if isinstance(answered, Completion):
            return answered
        error = answered
        if is_last or len(run.attempts) >= most:
            break
        logger.warning("model_stood_in_for", model=candidate.model.name, code=error.code)
    raise error


def safety_identifier(user_id: int) -> str:
    """Return what providers know a person by: the same for all of their calls, and no way back without our secret."""
    return salted_hmac("generation.safety_identifier", str(user_id), algorithm="sha256").hexdigest()


class _Candidate(NamedTuple):
    """A model that may answer, and where it is called."""

    model: Model
    endpoint: Endpoint


def _chain(request: ProviderRequest) -> list[_Candidate]:
    """Return the model and its fallbacks, without those that could not do it or have no provider any more."""
    fallbacks = [catalogue.describe(name) for name in request.fallbacks]
    able = [model for model in fallbacks if request.needs <= set(model.capabilities)]
    found = [(model, catalogue.find_endpoint(model)) for model in (catalogue.describe(request.model), *able)]
    return [_Candidate(model, endpoint) for model, endpoint in found if endpoint is not None]


def _ask(
    run: Run, request: ProviderRequest, candidate: _Candidate, *, sink: Sink, is_last: bool, attempts_most: int
) -> Completion | errors.ProviderError:
    """Return a model's completion, or the error after which it is the next one's turn. Raises what ends the matter.

    A breaker sends us on to the next model, and never refuses: the last one is tried once even then.
    """
    made = len(run.attempts)
    error: errors.ProviderError | None = None
    while True:
        admission = breaker.admit(candidate.endpoint.name)
        if not admission.is_admitted and (error or not is_last):
            return error or errors.ProviderUnavailableError(f"the breaker of {candidate.endpoint.name} is open")
        answer = _Answer(_fitting(request, candidate.model), sink=sink)
        try:
            error = _attempt(run, answer, candidate, admission=admission)
        except errors.ModelPausedError as paused:
            return paused
        if error is None and answer.completion is not None:
            return answer.completion
        error = error or errors.ProviderError("no end")
        delay = delay_before_retry(
            error=error,
            attempts_made=len(run.attempts) - made,
            output_started=answer.has_started,
            jitter=random.random(),  # noqa: S311 - jitter is no secret
        )
        if delay is None or len(run.attempts) >= attempts_most:
            if may_fall_back(error=error, output_started=answer.has_started):
                return error
            raise error
        run.lease.woken.wait(delay)
        if run.lease.ended_by is not None:
            raise run.lease.ended_by


def _fitting(request: ProviderRequest, model: Model) -> ProviderRequest:
    """Return the request as this model's provider takes it."""
    most = min(request.output_tokens_max, model.output_tokens_max or request.output_tokens_max)
    return replace(request, model=model.model or model.name, output_tokens_max=most)


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


def _attempt(run: Run, answer: _Answer, candidate: _Candidate, *, admission: Admission) -> errors.ProviderError | None:
    """Make one provider call and record how it went; return the error that ended it, if one did."""
    attempt, permit = _start_attempt(run, candidate)
    started = time.monotonic()
    run.deadlines.attempt_started(now=started)
    error: errors.ProviderError | None = None
    try:
        answer.completion = _read(run, answer, attempt, endpoint=candidate.endpoint, started=started, permit=permit)
        error = judge_completion(
            answer.completion,
            text=answer.text,
            refused=answer.refused,
            may_call_tools=bool(answer.request.tools),
        )
    except errors.ProviderError as provider_error:
        error = provider_error
    except Exception as bug:
        logger.exception("run_broke", generation_id=str(run.lease.generation_id))
        error = errors.ProviderError(type(bug).__name__)
    attempt.duration_ms = _milliseconds_since(started)
    _record(run, attempt, answer, error=error)
    _tell_breaker(candidate.endpoint, error, admission=admission)
    return error


def _start_attempt(run: Run, candidate: _Candidate) -> tuple[AttemptOutcome, Permit]:
    """Write the attempt down before the call is made, which nobody may have stopped by then.

    Raises LeaseLostError if the lease is not ours any more, PausedError, or ModelPausedError where another may answer.
    """
    lease = run.lease
    attempt = AttemptOutcome(uuid7(), candidate.endpoint.name, candidate.model.name)
    with workspace_scope(lease.workspace_id):
        if not leases.holds(lease):
            raise errors.LeaseLostError
        permit = switches.permit(run.work, model=candidate.model.name)
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
    lease.calling = replace(run.work, models=(candidate.model.name,))
    return attempt, permit


def _read(
    run: Run, answer: _Answer, attempt: AttemptOutcome, *, endpoint: Endpoint, started: float, permit: Permit
) -> Completion:
    for event in providers.stream(endpoint, answer.request, guard=run.guard, permit=permit):
        if isinstance(event, Completion):
            return event
        if isinstance(event, Head):
            attempt.http_status, attempt.provider_request_id = event.http_status, event.request_id
            continue
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
        attempt.http_status = error.response_status or attempt.http_status
        attempt.provider_request_id = error.request_id or attempt.provider_request_id
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


def _tell_breaker(endpoint: Endpoint, error: errors.ProviderError | None, *, admission: Admission) -> None:
    """Count what speaks of the provider's health. Who refuses a text is well; who is asked too often may be."""
    if error is None or isinstance(error, errors.OfTheTextError):
        breaker.succeed(endpoint.name, admission=admission)
    elif error.unhealthy:
        breaker.fail(endpoint.name)


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
