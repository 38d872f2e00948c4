"""Step 4 of a generation: drive the gateway under a lease, watch deadlines and Stop, settle once at the end."""

import contextlib
import time

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from apps.core.db import workspace_scope
from apps.core.request_id import bind_request_id
from apps.generation import (
    answer_policies,
    answering,
    cached_answers,
    context,
    flusher,
    leases,
    moderation,
    policies,
    settling,
    steps,
    stream,
    switches,
)
from apps.generation.calls import Run
from apps.generation.gateway import errors
from apps.generation.gateway.deadlines import DeadlineLimits, Deadlines
from apps.generation.leases import Lease
from apps.generation.models import BatchRow, Generation
from apps.generation.outcomes import RunOutcome
from apps.generation.output import Output
from apps.generation.switches import Work

logger = structlog.get_logger(__name__)

DRAIN_SECONDS = 2.0


def run(lease: Lease) -> None:
    """Run one claimed generation to its end. Never raises for what a provider does; money is settled exactly once."""
    keeper = leases.keeper()
    keeper.keep(lease)
    try:
        generation, messages, work = _load(lease)
        active = Run(
            lease=lease,
            deadlines=Deadlines(_limits(), now=time.monotonic()),
            output=Output(
                flusher.shared().open(lease.generation_id),
                template_policies=policies.of(generation.template_version.content),
            ),
            work=work,
        )
        stream.announce(lease.generation_id, stream.STATUS, Generation.Status.RUNNING)
        outcome = _drive(active, generation, messages)
        if outcome is None:
            logger.warning("lease_lost", generation_id=str(lease.generation_id))
            return
        active.output.writer.drain(seconds=DRAIN_SECONDS)
        if settling.settle_with_patience(lease, outcome):
            # Without Redis there is nobody to seal it against: what was settled is settled.
            with contextlib.suppress(RedisError):
                stream.seal(lease.generation_id)
            stream.announce(lease.generation_id, stream.END)
            _keep_answer(lease, generation, messages)
    finally:
        keeper.forget(lease)


def _keep_answer(lease: Lease, generation: Generation, messages: context.Messages) -> None:
    """Keep what may be given again; without the database the next run asks the model once more."""
    try:
        policy = answer_policies.parse(generation.template_version.content)
        cached_answers.keep(lease, policy=policy.cache, messages=messages)
    except DatabaseError as error:
        logger.warning("answer_not_cached", generation_id=str(lease.generation_id), error=str(error))
    finally:
        connection.close()


def _load(lease: Lease) -> tuple[Generation, context.Messages, Work]:
    with workspace_scope(lease.workspace_id):
        generation = Generation.objects.select_related("template_version").get(pk=lease.generation_id)
        messages = context.messages_of(generation)
        is_of_batch = BatchRow.objects.filter(generation=generation).exists()
    connection.close()
    # A run that the sweeper rang for comes with another id: from here on it is the submit's again.
    bind_request_id(generation.request_id)
    feature = switches.feature_of(generation, is_of_batch=is_of_batch)
    return generation, messages, Work(feature, generation.template_version.slug)


def _limits() -> DeadlineLimits:
    deadlines = settings.GENERATION_DEADLINES
    return DeadlineLimits(first_token=deadlines["first_token"], idle=deadlines["idle"], total=deadlines["total"])


def _drive(active: Run, generation: Generation, messages: context.Messages) -> RunOutcome | None:
    """Take the run to its end; None when the lease was lost."""
    policy = answer_policies.parse(generation.template_version.content)
    talk = steps.RecordedTalk(active, generation)
    try:
        moderation.require_input_allowed(messages, work=active.work)
        completion = answering.answer(policy, messages, talk=talk, show=active.output.append)
        active.output.finish()
        moderation.require_output_allowed(active.output, work=active.work)
    except errors.LeaseLostError:
        return None
    except errors.CanceledError as error:
        return _outcome(active, Generation.Status.CANCELED, finish_reason="canceled", stop_reason=error.detail)
    except errors.ProviderError as error:
        told = error.detail if isinstance(error, errors.PausedError) else ""
        return _outcome(
            active, Generation.Status.FAILED, finish_reason="error", error_code=error.code, stop_reason=told
        )
    return _outcome(active, Generation.Status.SUCCEEDED, finish_reason=completion.finish_reason)


def _outcome(
    active: Run, status: str, *, finish_reason: str, error_code: str = "", stop_reason: str = ""
) -> RunOutcome:
    # However a run ends, what was held back is shown, but for what its template refuses.
    with contextlib.suppress(errors.OutputRefusedError):
        active.output.finish()
    output = active.output
    attempts = tuple(active.attempts)
    return RunOutcome(status, output.text, attempts, finish_reason, error_code, output.findings, stop_reason)
