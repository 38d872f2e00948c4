"""Usage as CSV: the lines of the page, or every single record, sent as it is read, however long."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import Q, QuerySet

from apps.billing.models import LedgerEntry
from apps.core.db import workspace_scope
from apps.generation import batch_csv
from apps.generation.usage_names import name_groups
from apps.generation.usage_report import Line
from apps.usage import breakdown
from apps.usage.breakdown import Grouping, Span
from apps.usage.models import UsageRecord

MEASURE_COLUMNS = ["generations", "attempts", "input_tokens", "cached_input_tokens", "output_tokens", "credits"]
MEASURE_COLUMNS += ["milliseconds"]
RECORD_COLUMNS = [
    "time_utc",
    "generation",
    "ledger_entry",
    "template",
    "template_version",
    "model",
    "member",
    "api_key",
]
RECORD_COLUMNS += ["input_tokens", "cached_input_tokens", "output_tokens", "tokens_are", "credits", "milliseconds"]
RECORDS_PER_PAGE = 500


def write_lines(lines: Sequence[Line], *, by: str) -> str:
    """Return the lines of the page, all of them, with the name and the technical name of each group."""
    header = [by, f"{by}_id", *MEASURE_COLUMNS]
    rows = ([line.name, "" if line.group is None else str(line.group), *map(str, line.measures)] for line in lines)
    return batch_csv.BYTE_ORDER_MARK + batch_csv.encode([header, *rows])


async def stream_records(span: Span) -> AsyncIterator[str]:
    """Yield the single records of a span, oldest first; each page is a short transaction of its own."""
    yield batch_csv.BYTE_ORDER_MARK + batch_csv.encode([RECORD_COLUMNS])
    after: tuple[datetime, UUID] | None = None
    while True:
        text, after = await sync_to_async(_read_page)(span, after)
        if text:
            yield text
        if after is None:
            return


def _read_page(span: Span, after: tuple[datetime, UUID] | None) -> tuple[str, tuple[datetime, UUID] | None]:
    try:
        with workspace_scope(span.workspace_id):
            records = list(_following(span, after)[:RECORDS_PER_PAGE])
            text = batch_csv.encode(_rows(span, records)) if records else ""
    finally:
        # Whoever reads slowly keeps no connection while they do.
        connection.close()
    last = records[-1] if len(records) == RECORDS_PER_PAGE else None
    return text, (last.created_at, last.pk) if last else None


def _following(span: Span, after: tuple[datetime, UUID] | None) -> QuerySet[UsageRecord]:
    records = breakdown.list_records(span)
    if after is None:
        return records
    at, record_id = after
    return records.filter(Q(created_at__gt=at) | Q(pk__gt=record_id), created_at__gte=at)


def _rows(span: Span, records: list[UsageRecord]) -> Iterator[list[str]]:
    names = {
        by: name_groups(by=by, groups={getattr(record, column) for record in records})
        for by, column in ((Grouping.MEMBER, "user_id"), (Grouping.KEY, "api_key_id"))
    }
    entries = _entries_of(span, records)
    for record in records:
        charged = record.charged_credits > 0
        yield [
            record.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            str(record.subject_id),
            str(entries.get(record.subject_id, "")) if charged else "",
            record.template,
            "" if record.template_version is None else str(record.template_version),
            record.request_model,
            names[Grouping.MEMBER][record.user_id],
            names[Grouping.KEY][record.api_key_id],
            str(record.input_tokens),
            str(record.cached_input_tokens),
            str(record.output_tokens),
            record.confidence,
            str(record.charged_credits),
            "" if record.duration_ms is None else str(record.duration_ms),
        ]


def _entries_of(span: Span, records: list[UsageRecord]) -> dict[UUID, int]:
    """Return the number of the ledger entry that charged each generation."""
    keys = {f"capture:generation:{record.subject_id}": record.subject_id for record in records}
    entries = LedgerEntry.objects.filter(account_id=span.workspace_id, idempotency_key__in=keys)
    return {keys[key]: position for key, position in entries.values_list("idempotency_key", "position")}
