"""Settle a generation: its end, its usage and its credits in one transaction, guarded by the fencing number."""

import json
import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from apps.billing import ledger
from apps.core.db import workspace_scope
from apps.core.ids import uuid7
from apps.generation import stream
from apps.generation.leases import Lease
from apps.generation.models import Attempt, Generation
from apps.generation.models.generations import STOP_REASON_LENGTH_MAX
from apps.generation.outcomes import AttemptOutcome, RunOutcome
from apps.usage import metering, rates, rating
from apps.usage.rates import Rate
from apps.usage.rating import Confidence, TokenCount

logger = structlog.get_logger(__name__)

# What all of this is called where things are counted.
FEATURE = "generation"
# Who has answered where no model was asked.
CACHE = "cache"
# A database that is gone for longer than this leaves the end to the sweeper.
PATIENCE_SECONDS = 60.0
RETRY_SECONDS = 0.5
# What an attempt is told when it has ended.
MEASURES = [
    "status",
    "response_model",
    "error_code",
    "error_detail",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "reasoning_tokens",
    "confidence",
    "first_token_ms",
    "duration_ms",
    "http_status",
    "provider_request_id",
    "cost_usd_micros",
]


def settle_with_patience(lease: Lease, outcome: RunOutcome) -> bool:
    """Settle, trying again while PostgreSQL is away; return False when the lease was lost or patience ran out."""
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return settle(lease, outcome)
        except DatabaseError as error:
            # Repeating is safe even when only the answer to COMMIT was lost: the row is then terminal.
            logger.warning("settle_delayed", generation_id=str(lease.generation_id), error=str(error))
            if time.monotonic() > gives_up_at:
                return False
            time.sleep(RETRY_SECONDS)
        finally:
            connection.close()


def settle(lease: Lease, outcome: RunOutcome) -> bool:
    """Write the end of a generation once; return False when this lease may no longer do so."""
    now = timezone.now()
    usage = [_usage_of(attempt, on=lease.created_at.date()) for attempt in outcome.attempts]
    for attempt, used in zip(outcome.attempts, usage, strict=True):
        attempt.cost_usd_micros = rating.cost_usd_micros(rate=used.rate, tokens=used.tokens)
    price = rating.charge_credits(rating.rate_microcredits(rate=used.rate, tokens=used.tokens) for used in usage)
    with workspace_scope(lease.workspace_id):
        ended = _end_generation(lease, outcome, price=price if outcome.is_chargeable else 0, now=now)
        if ended is None:
            return False
        end_attempts(outcome.attempts)
        metering.record_usage(
            workspace_id=lease.workspace_id,
            user_id=ended.user_id,
            feature=FEATURE,
            subject_id=lease.generation_id,
            template=ended.template,
            template_version=ended.template_version,
            api_key_id=ended.api_key_id,
            attempts=usage,
            charged_credits=ended.charged_credits,
            capped=outcome.is_chargeable and price > ended.charged_credits,
            at=now,
        )
        _end_hold(lease, ended)
    logger.info(
        "generation_settled",
        generation_id=str(lease.generation_id),
        status=outcome.status,
        code=outcome.error_code,
        charged_credits=ended.charged_credits,
    )
    return True


def settle_cached(generation: Generation, *, rate: Rate) -> None:
    """Charge for an answer out of the cache, in the transaction that starts the generation and has placed its hold.

    No model was asked: there are no tokens and no cost, and the price is the part that the template names.
    """
    attempt_id, now = uuid7(), generation.created_at
    Attempt.objects.create(
        id=attempt_id,
        generation=generation,
        number=1,
        provider=CACHE,
        request_model=generation.request_model,
        status=Attempt.Status.SUCCEEDED,
        duration_ms=0,
    )
    tokens = TokenCount(0, 0, confidence=Confidence.EXACT)
    used = metering.AttemptUsage(attempt_id, CACHE, generation.request_model, "", rate, tokens, duration_ms=0)
    metering.record_usage(
        workspace_id=generation.workspace_id,
        user_id=generation.user_id,
        feature=FEATURE,
        subject_id=generation.pk,
        template=generation.template_version.slug,
        template_version=generation.template_version.number,
        api_key_id=generation.api_key_id,
        attempts=[used],
        charged_credits=generation.charged_credits,
        capped=False,
        at=now,
    )
    ledger.capture(
        hold_id=generation.hold_id,
        amount_credits=generation.charged_credits,
        idempotency_key=f"capture:generation:{generation.pk}",
    )


def end_queued(generation: Generation, *, status: str, finish_reason: str, error_code: str = "") -> bool:
    """End a generation that no worker has claimed and release its hold; return False when one has, or it has ended."""
    with workspace_scope(generation.workspace_id):
        queued = Generation.objects.filter(pk=generation.pk, status=Generation.Status.QUEUED)
        ended = queued.update(
            status=status, finish_reason=finish_reason, error_code=error_code, finished_at=timezone.now()
        )
        if not ended:
            return False
        ledger.release(hold_id=generation.hold_id, idempotency_key=f"release:generation:{generation.pk}")
    stream.announce(generation.pk, stream.END)
    return True


def end_attempts(attempts: Sequence[AttemptOutcome]) -> None:
    """Write down how attempts ended."""
    rows = [
        Attempt(
            id=attempt.attempt_id,
            status=attempt.status,
            response_model=attempt.response_model,
            error_code=attempt.error_code,
            error_detail=attempt.error_detail,
            input_tokens=attempt.tokens.input_tokens,
            output_tokens=attempt.tokens.output_tokens,
            cached_input_tokens=attempt.tokens.cached_input_tokens,
            reasoning_tokens=attempt.tokens.reasoning_tokens,
            confidence=attempt.tokens.confidence,
            first_token_ms=attempt.first_token_ms,
            duration_ms=attempt.duration_ms,
            http_status=attempt.http_status,
            provider_request_id=attempt.provider_request_id,
            cost_usd_micros=attempt.cost_usd_micros,
        )
        for attempt in attempts
    ]
    Attempt.objects.bulk_update(rows, MEASURES)


class _Ended(NamedTuple):
    hold_id: UUID
    user_id: int
    template: str
    template_version: int
    api_key_id: UUID | None
    charged_credits: int


def _end_generation(lease: Lease, outcome: RunOutcome, *, price: int, now: datetime) -> _Ended | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE generation_generation AS generation
               SET status = %(status)s, output = %(text)s, finish_reason = %(finish_reason)s,
                   error_code = %(error_code)s, stop_reason = %(stop_reason)s,
                   finished_at = %(now)s, lease_expires_at = NULL,
                   findings = generation.findings || %(findings)s::jsonb,
                   charged_credits = LEAST(%(price)s, hold.amount)
              FROM billing_hold AS hold, generation_prompttemplateversion AS version
             WHERE generation.id = %(id)s AND generation.fencing_number = %(fencing_number)s
               AND generation.status = 'running'
               AND hold.id = generation.hold_id AND version.id = generation.template_version_id
         RETURNING hold.id, generation.user_id, version.slug, version.number, generation.api_key_id,
                   generation.charged_credits
            """,
            {
                "status": outcome.status,
                "text": outcome.text,
                "finish_reason": outcome.finish_reason,
                "error_code": outcome.error_code,
                "stop_reason": outcome.stop_reason[:STOP_REASON_LENGTH_MAX],
                "findings": json.dumps({"output": outcome.findings} if outcome.findings else {}),
                "now": now,
                "price": price,
                "id": lease.generation_id,
                "fencing_number": lease.fencing_number,
            },
        )
        row = cursor.fetchone()
    return _Ended(*row) if row else None


def _usage_of(attempt: AttemptOutcome, *, on: date) -> metering.AttemptUsage:
    return metering.AttemptUsage(
        attempt_id=attempt.attempt_id,
        provider=attempt.provider,
        request_model=attempt.request_model,
        response_model=attempt.response_model,
        rate=rates.find_rate(model=attempt.request_model, on=on),
        tokens=attempt.tokens,
        duration_ms=attempt.duration_ms,
    )


def _end_hold(lease: Lease, ended: _Ended) -> None:
    key = f"generation:{lease.generation_id}"
    if ended.charged_credits:
        ledger.capture(hold_id=ended.hold_id, amount_credits=ended.charged_credits, idempotency_key=f"capture:{key}")
    else:
        ledger.release(hold_id=ended.hold_id, idempotency_key=f"release:{key}")
