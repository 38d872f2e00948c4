"""A batch as CSV: the columns that were uploaded, and what came of each row; sent as it is read, however long."""

from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.utils.translation import gettext as _

from apps.core.db import workspace_scope
from apps.generation import batch_csv
from apps.generation.gateway.errors import sentence_for
from apps.generation.models import Batch, BatchRow, Generation

ROWS_PER_PAGE = 100
ADDED = ("output", "status", "error", "credits")


async def stream(batch: Batch) -> AsyncIterator[str]:
    """Yield a batch as it is now, in the order of the file; each page is a short transaction of its own."""
    yield batch_csv.BYTE_ORDER_MARK + batch_csv.encode([_header(batch.columns)], delimiter=batch.delimiter)
    after = 0
    while rows := await sync_to_async(_read_page)(batch.pk, batch.workspace_id, after):
        yield batch_csv.encode([[*_cells(row, batch), *_outcome(row)] for row in rows], delimiter=batch.delimiter)
        after = rows[-1].number


def _header(columns: list[str]) -> list[str]:
    """Return the columns of the file and ours; a name that the file has already gets a number."""
    header = list(columns)
    for name in ADDED:
        taken = {column.casefold() for column in header}
        tried = [name, *(f"{name} {number}" for number in range(2, len(columns) + 3))]
        header.append(next(one for one in tried if one not in taken))
    return header


def _read_page(batch_id: UUID, workspace_id: UUID, after: int) -> list[BatchRow]:
    try:
        with workspace_scope(workspace_id):
            rows = BatchRow.objects.filter(batch_id=batch_id, number__gt=after).select_related("generation")
            return list(rows.order_by("number")[:ROWS_PER_PAGE])
    finally:
        # Whoever reads slowly keeps no connection while they do.
        connection.close()


def _cells(row: BatchRow, batch: Batch) -> list[str]:
    """Return what was uploaded; empty cells where it was erased with its generation."""
    return row.cells or [""] * len(batch.columns)


def _outcome(row: BatchRow) -> list[str]:
    generation = row.generation
    if generation is None:
        return ["", str(row.get_status_display()), row.problem, ""]
    if generation.deleted_at is not None:
        return ["", _("Deleted"), "", str(generation.charged_credits)]
    error = str(sentence_for(generation.error_code)) if generation.status == Generation.Status.FAILED else ""
    return [generation.output, str(generation.get_status_display()), error, str(generation.charged_credits)]
