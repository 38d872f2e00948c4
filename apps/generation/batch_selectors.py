"""Reading batches, always within a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from apps.billing.catalogue import Limits
from apps.generation.batch_feeding import UNDER_WAY, share_of
from apps.generation.models import Batch, BatchRow, Generation

PAGE_SIZE = 25
PROBLEMS_SHOWN = 10
# What the list of rows can be narrowed to.
KINDS: Mapping[str, Q] = {
    "waiting": Q(status=BatchRow.Status.WAITING) | Q(generation__status__in=UNDER_WAY),
    "done": Q(generation__status=Generation.Status.SUCCEEDED),
    "failed": Q(status=BatchRow.Status.REFUSED) | Q(generation__status=Generation.Status.FAILED),
    "invalid": Q(status=BatchRow.Status.INVALID),
}


@dataclass(frozen=True)
class Progress:
    """How far a batch has come: numbers of rows, and credits."""

    invalid: int = 0
    waiting: int = 0
    under_way: int = 0
    succeeded: int = 0
    failed: int = 0
    stopped: int = 0
    not_run: int = 0
    credits_used: int = 0
    # The most that what waits and what runs can still cost.
    credits_ahead: int = 0

    @property
    def total(self) -> int:
        """The rows that can be run."""
        return self.waiting + self.under_way + self.done + self.not_run

    @property
    def done(self) -> int:
        """The rows that have come to an end, good or bad."""
        return self.succeeded + self.failed + self.stopped

    @property
    def percent(self) -> int:
        """How much of it is done, from 0 to 100."""
        return self.done * 100 // self.total if self.total else 0


@dataclass(frozen=True)
class Pace:
    """How fast a plan lets a batch go; `days` is 0 where it takes no longer than one."""

    rows_a_minute: int | None
    rows_a_day: int | None
    days: int


@dataclass(frozen=True)
class RowPage:
    """A page of rows in the order of the file, and the numbers from which its neighbors are counted."""

    rows: list[BatchRow]
    before: int | None
    after: int | None


def find_batch(*, workspace_id: UUID, batch_id: UUID) -> Batch | None:
    """Return a batch of this workspace, or None."""
    return _of(workspace_id).filter(pk=batch_id).first()


def list_batches(*, workspace_id: UUID, before: UUID | None = None) -> list[Batch]:
    """Return a page of batches and one more, newest first, that follow the one named `before`."""
    listed = _of(workspace_id).order_by("-pk")
    return list((listed if before is None else listed.filter(pk__lt=before))[: PAGE_SIZE + 1])


def get_progress(batch: Batch) -> Progress:
    """Return how far a batch has come. One query."""
    return get_progress_of([batch])[batch.pk]


def get_progress_of(batches: list[Batch]) -> dict[UUID, Progress]:
    """Return how far each of these batches has come, by id. One query."""
    rows = BatchRow.objects.filter(batch__in=batches).order_by()
    grouped = rows.values_list("batch_id", "status", "generation__status").annotate(
        count=Count("pk"), used=Sum("generation__charged_credits"), most=Sum("credits_max")
    )
    numbers: dict[UUID, dict[str, int]] = {batch.pk: {} for batch in batches}
    for batch_id, status, generation_status, count, used, most in grouped:
        kind, of_batch = _kind(status, generation_status), numbers[batch_id]
        of_batch[kind] = of_batch.get(kind, 0) + count
        of_batch["credits_used"] = of_batch.get("credits_used", 0) + (used or 0)
        if kind in {"waiting", "under_way"}:
            of_batch["credits_ahead"] = of_batch.get("credits_ahead", 0) + most
    return {batch_id: Progress(**of_batch) for batch_id, of_batch in numbers.items()}


def list_problems(batch: Batch) -> list[BatchRow]:
    """Return the first rows that were left out, in the order of the file."""
    invalid = BatchRow.objects.filter(batch=batch, status=BatchRow.Status.INVALID)
    return list(invalid.defer("cells").order_by("number")[:PROBLEMS_SHOWN])


def get_row_page(batch: Batch, *, kind: str = "", after: int | None = None, before: int | None = None) -> RowPage:
    """Return the rows after a number, or those before one, or the first ones; `kind` is one of KINDS, or all."""
    rows = BatchRow.objects.select_related("generation").defer("generation__output", "generation__inputs")
    rows = rows.filter(KINDS.get(kind, Q()), batch=batch)
    if before is not None:
        page = list(rows.filter(number__lt=before).order_by("-number")[: PAGE_SIZE + 1])[::-1]
        shown = page[-PAGE_SIZE:]
        return RowPage(shown, shown[0].number if len(page) > len(shown) else None, before - 1)
    page = list(rows.filter(number__gt=after or 0).order_by("number")[: PAGE_SIZE + 1])
    shown = page[:PAGE_SIZE]
    return RowPage(
        shown,
        shown[0].number if shown and after else None,
        shown[-1].number if len(page) > len(shown) else None,
    )


def get_pace(rows: int, *, limits: Limits) -> Pace:
    """Return how fast so many rows go under a plan."""
    a_minute, a_day = limits.requests_per_minute, limits.generations_per_day
    days = ceil(rows / a_day) if a_day else 1
    return Pace(share_of(a_minute) if a_minute else None, a_day, days if days > 1 else 0)


def _of(workspace_id: UUID) -> QuerySet[Batch]:
    related = Batch.objects.select_related("template_version", "user", "runs_as")
    return related.filter(workspace_id=workspace_id)


def _kind(status: str, generation_status: str | None) -> str:
    """Return which number of the progress a row belongs to."""
    if status == BatchRow.Status.STARTED:
        return {
            Generation.Status.QUEUED: "under_way",
            Generation.Status.RUNNING: "under_way",
            Generation.Status.CANCELED: "stopped",
        }.get(Generation.Status(str(generation_status)), str(generation_status))
    return {BatchRow.Status.REFUSED: "failed", BatchRow.Status.CANCELED: "not_run"}.get(BatchRow.Status(status), status)
