"""Writing usage records: part of settling, in the settling transaction, before the credit account is locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from apps.core.request_id import current_request_id
from apps.usage import rating, rollups
from apps.usage.models import MODEL_LENGTH_MAX, RATE_COLUMNS, UsageRecord
from apps.usage.rates import Rate
from apps.usage.rating import TokenCount


@dataclass(frozen=True)
class AttemptUsage:
    """What one attempt used, and the rate that it is charged by."""

    attempt_id: UUID
    provider: str
    request_model: str
    response_model: str
    rate: Rate
    tokens: TokenCount
    duration_ms: int | None = None


def record_usage(
    *,
    workspace_id: UUID,
    user_id: int | None,
    feature: str,
    subject_id: UUID,
    template: str,
    attempts: Sequence[AttemptUsage],
    charged_credits: int,
    capped: bool,
    at: datetime,
    template_version: int | None = None,
    api_key_id: UUID | None = None,
) -> None:
    """Write one record per attempt and add them to the workspace's rollups, in the caller's transaction.

    The last attempt carries `charged_credits` (what is captured for all of them) and `capped` (their usage was above
    the hold). Without attempts there is nothing to write. Raises IntegrityError when an attempt was recorded before.
    """
    assert connection.in_atomic_block, "usage is recorded in the transaction that settles"
    assert charged_credits >= 0, f"a charge of {charged_credits} credits"
    assert attempts or not (charged_credits or capped), "credits were charged for no attempt"
    assert at.tzinfo is not None, "an instant needs its time zone"
    if not attempts:
        return
    records = [
        UsageRecord(
            workspace_id=workspace_id,
            user_id=user_id,
            feature=feature,
            subject_id=subject_id,
            template=template,
            template_version=template_version,
            api_key_id=api_key_id,
            ends_call=attempt is attempts[-1],
            charged_credits=charged_credits if attempt is attempts[-1] else 0,
            capped=capped and attempt is attempts[-1],
            request_id=current_request_id(),
            created_at=at,
            **_measures(attempt),
        )
        for attempt in attempts
    ]
    UsageRecord.objects.bulk_create(records)
    rollups.add_records([record.id for record in records])


def _measures(attempt: AttemptUsage) -> dict[str, object]:
    rate, tokens = attempt.rate, attempt.tokens
    return {
        "key": f"attempt:{attempt.attempt_id}",
        "provider": attempt.provider,
        "request_model": attempt.request_model,
        # A provider may answer anything; it must not make a settlement fail.
        "response_model": attempt.response_model[:MODEL_LENGTH_MAX],
        "duration_ms": attempt.duration_ms,
        "input_tokens": tokens.input_tokens,
        "cached_input_tokens": tokens.cached_input_tokens,
        "output_tokens": tokens.output_tokens,
        "confidence": tokens.confidence,
        "rate_model": rate.model,
        "rate_effective_from": rate.effective_from,
        **{f"rate_{column}": getattr(rate, column) for column in RATE_COLUMNS},
        "microcredits": rating.rate_microcredits(rate=rate, tokens=tokens),
        "cost_usd_micros": rating.cost_usd_micros(rate=rate, tokens=tokens),
    }
