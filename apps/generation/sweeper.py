"""What the doorbell forgot: ring again for what waits, end what waited too long, finish what died."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from redis.exceptions import RedisError

from apps.core.db import system_scope
from apps.core.request_id import bind_request_id
from apps.generation import context, leases, settling, stream
from apps.generation.gateway import errors
from apps.generation.leases import Lease
from apps.generation.models import Attempt, Generation
from apps.generation.outcomes import AttemptOutcome, RunOutcome, count_tokens
from apps.usage.rating import Confidence, TokenCount

logger = structlog.get_logger(__name__)

BATCH = 100
PERIOD_SECONDS = 5
# A stream that Redis does not hand out for this long after a run's total deadline is given up.
STREAM_PATIENCE_SECONDS = 60


def sweep() -> list[str]:
    """Do one round; return the ids of generations whose ring may have been lost, for the caller to ring again.

    Every step is safe to repeat, and safe beside another sweeper.
    """
    for lease in leases.take_over_expired(limit=BATCH):
        try:
            finish_dead(lease)
        except Exception:
            # Its lease runs out again, so it is tried again; the others do not wait for it.
            logger.exception("finishing_failed", generation_id=str(lease.generation_id))
    for generation in _list_suspended():
        settling.end_queued(generation, status=Generation.Status.CANCELED, finish_reason="canceled")
    now = timezone.now()
    overdue_since = now - timedelta(seconds=settings.GENERATION_DEADLINES["queue"])
    for generation in _list_queued(before=overdue_since):
        settling.end_queued(
            generation,
            status=Generation.Status.FAILED,
            finish_reason="error",
            error_code=errors.QueueTimeoutError.code,
        )
    return [str(generation.pk) for generation in _list_queued(before=now - timedelta(seconds=PERIOD_SECONDS))]


def finish_dead(lease: Lease) -> None:
    """Finish a generation whose worker died: seal its stream, keep the text that reached it, settle.

    The model is never called again: a provider call is not bought twice behind anybody's back.
    """
    try:
        stream.seal(lease.generation_id)
        text = stream.read_text(lease.generation_id)
    except RedisError:
        if not _is_long_overdue(lease):
            return
        text = ""
    with system_scope():
        generation = Generation.objects.select_related("template_version").get(pk=lease.generation_id)
        bind_request_id(generation.request_id)
        attempts = list(Attempt.objects.filter(generation=generation).order_by("number"))
    if settling.settle(lease, _outcome(generation, attempts, text=text)):
        logger.warning("dead_run_finished", generation_id=str(lease.generation_id), characters=len(text))
        stream.announce(lease.generation_id, stream.END)


def _list_queued(*, before: datetime) -> list[Generation]:
    with system_scope():
        queued = Generation.objects.filter(status=Generation.Status.QUEUED, created_at__lt=before)
        return list(queued.order_by("created_at")[:BATCH])


def _list_suspended() -> list[Generation]:
    """Return what waits for a worker and may not run: no worker claims it, and its hold is given back."""
    suspended = Q(workspace__suspended_at__isnull=False) | Q(user__suspended_at__isnull=False)
    suspended |= Q(user__deletion_due_at__isnull=False)
    with system_scope():
        return list(Generation.objects.filter(suspended, status=Generation.Status.QUEUED)[:BATCH])


def _is_long_overdue(lease: Lease) -> bool:
    deadlines = settings.GENERATION_DEADLINES
    patience = deadlines["queue"] + deadlines["total"] + STREAM_PATIENCE_SECONDS
    return timezone.now() - lease.created_at > timedelta(seconds=patience)


def _outcome(generation: Generation, attempts: list[Attempt], *, text: str) -> RunOutcome:
    prompt = context.prompt_of(context.messages_of(generation))
    ended = tuple(_attempt_outcome(attempt, generation, prompt=prompt, text=text) for attempt in attempts)
    if generation.cancel_requested_at is not None:
        return RunOutcome(Generation.Status.CANCELED, text, ended, "canceled")
    return RunOutcome(Generation.Status.FAILED, text, ended, "error", errors.WorkerLostError.code)


def _attempt_outcome(attempt: Attempt, generation: Generation, *, prompt: str, text: str) -> AttemptOutcome:
    outcome = AttemptOutcome(
        attempt.pk,
        attempt.provider,
        attempt.request_model,
        attempt.response_model,
        attempt.status,
        attempt.error_code,
        attempt.error_detail,
        TokenCount(
            attempt.input_tokens,
            attempt.output_tokens,
            attempt.cached_input_tokens,
            Confidence(attempt.confidence),
            attempt.reasoning_tokens,
        ),
        first_token_ms=attempt.first_token_ms,
        duration_ms=attempt.duration_ms,
        http_status=attempt.http_status,
        provider_request_id=attempt.provider_request_id,
    )
    if attempt.status == Attempt.Status.RUNNING:
        # The one that died: all text is its own, for there is no further attempt once text has flowed.
        canceled = generation.cancel_requested_at is not None
        outcome.status = Attempt.Status.CANCELED if canceled else Attempt.Status.FAILED
        outcome.error_code = errors.WorkerLostError.code
        if text:
            outcome.tokens = count_tokens(
                prompt=prompt, output=text, reported=None, output_tokens_max=generation.output_tokens_max
            )
    return outcome
