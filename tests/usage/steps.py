"""Short words for the acts of the meter's tests, and a slow, obvious way to add up what it recorded."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

from apps.accounts.models import Workspace
from apps.core.db import workspace_scope
from apps.core.ids import uuid7
from apps.usage import metering
from apps.usage.models import COUNTS, DailyUsage, UsageRecord
from apps.usage.rates import Rate
from apps.usage.rating import Confidence, TokenCount

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
RATE = Rate("m-*", date(2026, 1, 1), 1000, 500, 5000, 150_000, 75_000, 600_000)

Group = date | str | tuple[date | str, ...]


def new_workspace_id() -> UUID:
    return Workspace.objects.create(name="Test").pk


def attempt(
    *,
    model: str = "m-1",
    input_tokens: int = 100,
    output_tokens: int = 400,
    cached: int = 0,
    attempt_id: UUID | None = None,
    duration_ms: int | None = 1200,
) -> metering.AttemptUsage:
    return metering.AttemptUsage(
        attempt_id=attempt_id or uuid7(),
        provider="local",
        request_model=model,
        response_model=f"{model}-2026",
        rate=RATE,
        tokens=TokenCount(input_tokens, output_tokens, cached, Confidence.EXACT),
        duration_ms=duration_ms,
    )


def record(
    workspace_id: UUID,
    *attempts: metering.AttemptUsage,
    charged: int = 3,
    capped: bool = False,
    template: str = "summary",
    at: datetime = NOON,
    user_id: int | None = None,
    subject_id: UUID | None = None,
    api_key_id: UUID | None = None,
    template_version: int | None = 1,
) -> None:
    with workspace_scope(workspace_id):
        metering.record_usage(
            workspace_id=workspace_id,
            user_id=user_id,
            feature="generation",
            subject_id=subject_id or uuid7(),
            template=template,
            template_version=template_version,
            api_key_id=api_key_id,
            attempts=attempts or [attempt()],
            charged_credits=charged,
            capped=capped,
            at=at,
        )


def add_up(records: list[UsageRecord], *, by: Callable[[UsageRecord], Group]) -> dict[Group, tuple[int, ...]]:
    """Return the counts of each group, from the records alone."""
    groups: dict[Group, tuple[int, ...]] = {}
    for line in records:
        added = (1, *(getattr(line, count) for count in COUNTS[1:]))
        before = groups.get(by(line), (0,) * len(COUNTS))
        groups[by(line)] = tuple(sum(pair) for pair in zip(before, added, strict=True))
    return groups


def day_of(line: UsageRecord) -> date:
    return line.created_at.astimezone(UTC).date()


def rollup_row_of(line: UsageRecord) -> Group:
    return day_of(line), line.request_model, line.template


def rollup(workspace_id: UUID) -> dict[Group, tuple[int, ...]]:
    """Return the counts of a workspace's rollup, as `add_up` by `rollup_row_of` should find them."""
    rows = DailyUsage.objects.filter(workspace_id=workspace_id)
    return {(row.day, row.model, row.template): tuple(getattr(row, count) for count in COUNTS) for row in rows}
