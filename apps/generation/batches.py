"""A CSV whose rows are each run as a generation: uploaded, started, paused, resumed, run again, canceled, deleted.

Nothing is held for a batch as a whole: each row is held, and settled, as any generation is when the feeder starts it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts import consent
from apps.accounts.models import User, Workspace
from apps.billing.entitlements import entitlements
from apps.core.db import system_scope, workspace_scope
from apps.core.errors import DomainError
from apps.core.ringing import ring_on_commit
from apps.core.text import storable
from apps.generation import batch_csv, batch_purging, batch_tasks, catalogue, estimates, prompts, quotas, services
from apps.generation.batch_csv import CsvError, Sheet
from apps.generation.batch_rules import RowError, RowRules
from apps.generation.models import Batch, BatchRow, Generation
from apps.generation.models.batches import TEXT_CHARACTERS_MAX
from apps.generation.prompts import PromptTemplate

Status = Batch.Status
ROWS_PER_INSERT = 500
FILE_NAME_CHARACTERS_MAX = 200
# A file is kept until its batch is deleted; so many may wait or run at a time.
OPEN_MAX = 20
OPEN = [Status.READY, Status.RUNNING, Status.PAUSED]
UNDER_WAY = [Generation.Status.QUEUED, Generation.Status.RUNNING]


class TooManyBatchesError(DomainError):
    """The workspace has as many batches open as it may."""

    code = "too_many_batches"
    status = 409
    sentence = gettext_lazy("Too many batches are open in this workspace. Delete or finish one of them first.")


class NothingToRunError(DomainError):
    """No row of the batch can be run."""

    code = "batch_nothing_to_run"
    status = 409
    sentence = gettext_lazy("There is nothing to run here: no row of this file waits.")


class BatchUnderWayError(DomainError):
    """A batch that runs or is paused was to be deleted."""

    code = "batch_under_way"
    status = 409
    sentence = gettext_lazy("This batch is under way. Cancel it first, then delete it.")


def upload(
    *, user: User, workspace: Workspace, template: PromptTemplate, model: str, file: BinaryIO, file_name: str
) -> Batch:
    """Keep the rows of a CSV, each checked and priced. Nothing is started and nothing is held.

    Raises CsvError for a file that cannot be read, UnknownModelError, ModelNotInPlanError or UnratedModelError for its
    model, and TooManyBatchesError.
    """
    with batch_csv.opened(file, fields=template.fields) as sheet, workspace_scope(workspace.pk):
        _require_room(workspace.pk, model=model)
        batch = Batch.objects.create(
            workspace=workspace,
            user=user,
            runs_as=user,
            template_version=prompts.ensure_version(template),
            request_model=model,
            file_name=storable(file_name)[-FILE_NAME_CHARACTERS_MAX:],
            delimiter=sheet.delimiter,
            columns=sheet.columns,
            positions=sheet.positions,
        )
        rows = _checked(batch, sheet, template=template)
        while chunk := list(islice(rows, ROWS_PER_INSERT)):
            BatchRow.objects.bulk_create(chunk)
            batch.row_count += len(chunk)
            batch.invalid_count += sum(row.status == BatchRow.Status.INVALID for row in chunk)
        if not batch.row_count:
            raise CsvError(_("There is no row below the first line."))
        batch.save(update_fields=["row_count", "invalid_count"])
    return batch


def start(batch: Batch, *, user: User) -> None:
    """Let the feeder start the rows, in the name of this person. Again, and later, it changes nothing.

    Raises ConsentRequiredError, or NothingToRunError.
    """
    consent.require(user)
    now = timezone.now()
    with workspace_scope(batch.workspace_id):
        ready = Batch.objects.filter(pk=batch.pk, status=Status.READY)
        if ready.exists() and not _waiting_rows(batch).exists():
            raise NothingToRunError
        if ready.update(status=Status.RUNNING, runs_as=user, started_at=now, resumed_at=now):
            ring_on_commit(batch_tasks.feed_batches)


def pause(batch: Batch) -> None:
    """Start no further row; what runs goes on to its end. One that has started its last row ends by itself."""
    with workspace_scope(batch.workspace_id):
        running = Batch.objects.filter(_has_waiting_rows(), pk=batch.pk, status=Status.RUNNING)
        running.update(status=Status.PAUSED, reason="", waits_until=None)


def resume(batch: Batch, *, user: User) -> None:
    """Go on, in the name of whoever says so. Raises ConsentRequiredError."""
    consent.require(user)
    with workspace_scope(batch.workspace_id):
        _go_on(Batch.objects.filter(pk=batch.pk, status=Status.PAUSED), user=user)


def retry_failed(batch: Batch, *, user: User) -> int:
    """Put the rows that have failed back, to be run once more as new generations; return how many.

    Raises ConsentRequiredError, or NothingToRunError where none has failed, or the batch was canceled.
    """
    consent.require(user)
    with workspace_scope(batch.workspace_id):
        # Locked, so that the rows are not put back into a batch that ends at this moment.
        locked = Batch.objects.select_for_update(no_key=True).filter(pk=batch.pk)
        if not locked.exclude(status__in=[Status.READY, Status.CANCELED]).exists():
            raise NothingToRunError
        failed = BatchRow.objects.filter(batch=batch).filter(
            Q(status=BatchRow.Status.REFUSED) | Q(generation__status=Generation.Status.FAILED)
        )
        # What was taken out of the history is not run again behind anybody's back.
        ids = list(failed.filter(generation__deleted_at=None).values_list("pk", flat=True))
        if not ids:
            raise NothingToRunError
        BatchRow.objects.filter(pk__in=ids).update(
            status=BatchRow.Status.WAITING, tries=F("tries") + 1, generation=None, started_at=None, problem=""
        )
        _go_on(Batch.objects.filter(pk=batch.pk, status=Status.FINISHED), user=user)
    return len(ids)


def cancel(batch: Batch) -> None:
    """End a batch: what waits is not run, what runs is stopped. Rows that are done stay. Again it changes nothing."""
    with workspace_scope(batch.workspace_id):
        under_way = Batch.objects.filter(pk=batch.pk, status__in=[Status.RUNNING, Status.PAUSED])
        under_way.update(status=Status.CANCELED, reason="", waits_until=None, finished_at=timezone.now())
        if not Batch.objects.filter(pk=batch.pk, status=Status.CANCELED).exists():
            return
        _waiting_rows(batch).update(status=BatchRow.Status.CANCELED)
        started = list(Generation.objects.filter(batch_row__batch=batch, status__in=UNDER_WAY))
    for generation in started:
        services.cancel_generation(generation)


def delete(batch: Batch) -> None:
    """Delete a batch with all that was uploaded; the generations stay in the history. Raises BatchUnderWayError."""
    with workspace_scope(batch.workspace_id):
        locked = Batch.objects.select_for_update().filter(pk=batch.pk).first()
        if locked is None:
            return
        if locked.status in {Status.RUNNING, Status.PAUSED}:
            raise BatchUnderWayError
        batch_purging.delete_with_rows([batch.pk])


def end_all(workspace_id: UUID) -> None:
    """Cancel whatever runs or is paused in a workspace."""
    with workspace_scope(workspace_id):
        batches = list(Batch.objects.filter(workspace_id=workspace_id, status__in=[Status.RUNNING, Status.PAUSED]))
    for batch in batches:
        cancel(batch)


def erase(batches: QuerySet[Batch]) -> None:
    """Erase however many batches with all their rows, each in a transaction of its own; safe to repeat."""
    with system_scope():
        found = list(batches.only("pk", "workspace_id"))
    for batch in found:
        cancel(batch)
        delete(batch)


def _require_room(workspace_id: UUID, *, model: str) -> None:
    catalogue.require_offered(model)
    quotas.require_model(model, rights=entitlements(workspace_id))
    if Batch.objects.filter(workspace_id=workspace_id, status__in=OPEN).count() >= OPEN_MAX:
        raise TooManyBatchesError


def _checked(batch: Batch, sheet: Sheet, *, template: PromptTemplate) -> Iterator[BatchRow]:
    """Yield the rows of a file as they are kept: each can be run, or says why not."""
    rules, now = RowRules(template=template, positions=sheet.positions), timezone.now()
    chain = catalogue.fallbacks(batch.request_model, rights=entitlements(batch.workspace_id), on=now.date())
    for number, (line, cells, problem) in enumerate(sheet.lines, 1):
        row = BatchRow(workspace_id=batch.workspace_id, batch_id=batch.pk, number=number, line=line, cells=cells)
        try:
            if problem:
                raise RowError(problem)
            inputs = rules.inputs_of(cells)
        except RowError as error:
            row.status, row.problem = BatchRow.Status.INVALID, str(error)[:TEXT_CHARACTERS_MAX]
        else:
            row.credits_max = estimates.estimate_credits(
                template=template, inputs=inputs, model=batch.request_model, at=now, fallbacks=chain
            )
        yield row


def _waiting_rows(batch: Batch) -> QuerySet[BatchRow]:
    return BatchRow.objects.filter(batch=batch, status=BatchRow.Status.WAITING)


def _has_waiting_rows() -> Exists:
    return Exists(BatchRow.objects.filter(batch=OuterRef("pk"), status=BatchRow.Status.WAITING))


def _go_on(batches: QuerySet[Batch], *, user: User) -> None:
    changed = batches.update(
        status=Status.RUNNING,
        runs_as=user,
        reason="",
        waits_until=None,
        fed_at=None,
        resumed_at=timezone.now(),
        finished_at=None,
    )
    if changed:
        ring_on_commit(batch_tasks.feed_batches)
