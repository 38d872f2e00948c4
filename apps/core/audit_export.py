"""The audit log as CSV: read in pages, sent as it is read, however long it is."""

import csv
import json
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import QuerySet

from apps.core.db import system_scope
from apps.core.models import AuditEntry
from apps.core.text import plain

COLUMNS = ["id", "at", "actor", "impersonator", "action", "subject", "workspace_id", "user_id", "address"]
COLUMNS += ["request_id", "details"]
PAGE_SIZE = 1_000


async def stream_csv(entries: QuerySet[AuditEntry]) -> AsyncIterator[str]:
    """Yield entries as lines of CSV, the newest first; each page is a short transaction of its own."""
    yield _lines([COLUMNS])
    before: UUID | None = None
    while rows := await sync_to_async(_read_page)(entries, before):
        yield _lines([_cells(row) for row in rows])
        before = rows[-1]["id"]


def _read_page(entries: QuerySet[AuditEntry], before: UUID | None) -> list[dict[str, Any]]:
    older = entries if before is None else entries.filter(pk__lt=before)
    try:
        with system_scope():
            return list(older.order_by("-pk").values(*COLUMNS)[:PAGE_SIZE])
    finally:
        # Whoever reads slowly keeps no connection while they do.
        connection.close()


def _cells(row: dict[str, Any]) -> list[str]:
    known = row | {"at": row["at"].isoformat(), "details": json.dumps(row["details"], ensure_ascii=False)}
    return [plain("" if known[name] is None else str(known[name])) for name in COLUMNS]


def _lines(rows: list[list[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
