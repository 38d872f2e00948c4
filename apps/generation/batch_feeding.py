"""Starting the rows of batches: a few at a time, one workspace after the other, each as an ordinary generation.

A row is started under a key of its own, and only then linked to its generation. So whoever dies in between, or feeds at
the same time, starts the same generation once: the unique key of generations does the rest.

Batches get half of what a plan runs at the same time and starts in a minute, so that people who wait at the composer
always find a place; while generations wait for workers, no batch adds to the queue.
"""

from collections import deque
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog
from django.db.models import F, Min, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.billing.entitlements import entitlements
from apps.core.db import system_scope, workspace_scope
from apps.core.errors import DomainError, is_outage
from apps.core.request_id import bind_request_id
from apps.generation import prompts, services, switches
from apps.generation.batch_rules import RowError, RowRules
from apps.generation.catalogue import UnknownModelError
from apps.generation.gateway import errors
from apps.generation.limits import WINDOW_SECONDS, most_a_minute
from apps.generation.models import Batch, BatchRow, Generation
from apps.generation.models.batches import TEXT_CHARACTERS_MAX
from apps.usage.rates import UnratedModelError

logger = structlog.get_logger(__name__)

PERIOD_SECONDS = 5
# Rows under way at a time: of one workspace, whatever its plan allows, and of all of them.
ROWS_OF_WORKSPACE_MAX = 10
ROWS_OF_ALL_MAX = 100
# What a batch may take of a plan's limits: one half.
SHARE = 2
BATCHES_PER_ROUND = 200
# Beside another feeder: who comes second leaves a batch to the first.
CLAIM_SECONDS = 3
# A generation that has waited so long for a worker means that there are too many already.
QUEUE_PATIENCE_SECONDS = 10
# So many failures one after the other are not the rows' fault.
FAILURES_MAX = 10
# How long a refusal without a time of its own makes a batch wait.
WAIT_SECONDS = 5
# Rows that one round looks at: one that is refused makes room for the next one.
TURNS_MAX = 500

UNDER_WAY = [Generation.Status.QUEUED, Generation.Status.RUNNING]
PERSON_GONE, TEMPLATE_CHANGED, FAILING = "person_gone", "template_changed", "failing"
# Refusals that speak of the person, the workspace or the model: every other row would be refused, too.
OF_THE_BATCH = (UnknownModelError, UnratedModelError)
STATUSES_OF_THE_BATCH = {402, 403, 404}
WAIT_STATUSES = {429, 503}


# What went wrong with one row, said on its line; the log has the rest.
BROKEN = gettext_lazy("Something broke on our side. Run this row again later.")


class Turn(StrEnum):
    """What came of a batch's turn: whether it gets another one in this round."""

    STARTED = "started"
    REFUSED = "refused"
    OVER = "over"


def feed() -> int:
    """Do one round: start rows in turns, one of each batch, while there is room; return how many were started.

    Safe to repeat, and beside another feeder.
    """
    now = timezone.now()
    room_of_all = _find_room_of_all(now=now)
    batches = _claim(now=now)
    rooms = {workspace_id: _find_room(workspace_id, now=now) for workspace_id in {one.workspace_id for one in batches}}
    turns, started = deque(batch for batch in batches if _may_go_on(batch)), 0
    for _turn in range(TURNS_MAX):
        if not turns or started >= room_of_all:
            break
        batch = turns.popleft()
        if rooms[batch.workspace_id] <= 0:
            continue
        turn = _start_next(batch)
        if turn == Turn.STARTED:
            rooms[batch.workspace_id] -= 1
            started += 1
        if turn != Turn.OVER:
            turns.append(batch)
    return started


def share_of(limit: int) -> int:
    """Return what batches may take of a limit."""
    return max(1, limit // SHARE)


def _find_room_of_all(*, now: datetime) -> int:
    with system_scope():
        oldest = Generation.objects.filter(status=Generation.Status.QUEUED).aggregate(at=Min("created_at"))["at"]
        if oldest is not None and now - oldest > timedelta(seconds=QUEUE_PATIENCE_SECONDS):
            return 0
        under_way = Generation.objects.filter(status__in=UNDER_WAY, batch_row__isnull=False)
        return ROWS_OF_ALL_MAX - under_way.count()


def _claim(*, now: datetime) -> list[Batch]:
    """Take the batches that run and are due, those first that were fed the longest ago."""
    due = Batch.objects.filter(Q(waits_until=None) | Q(waits_until__lte=now), status=Batch.Status.RUNNING)
    due = due.filter(Q(fed_at=None) | Q(fed_at__lte=now - timedelta(seconds=CLAIM_SECONDS)))
    with system_scope():
        first = due.order_by(F("fed_at").asc(nulls_first=True), "pk").select_for_update(skip_locked=True)
        ids = list(first.values_list("pk", flat=True)[:BATCHES_PER_ROUND])
        Batch.objects.filter(pk__in=ids).update(fed_at=now)
        claimed = Batch.objects.select_related("workspace", "runs_as", "template_version").in_bulk(ids)
    return [claimed[pk] for pk in ids]


def _find_room(workspace_id: UUID, *, now: datetime) -> int:
    """Return how many rows a workspace may start now."""
    with workspace_scope(workspace_id):
        rights = entitlements(workspace_id)
        under_way = Generation.objects.filter(workspace_id=workspace_id, status__in=UNDER_WAY)
        all_of_them, of_batches = under_way.count(), under_way.filter(batch_row__isnull=False).count()
        lately = BatchRow.objects.filter(
            workspace_id=workspace_id,
            status=BatchRow.Status.STARTED,
            started_at__gt=now - timedelta(seconds=WINDOW_SECONDS),
        ).count()
    a_minute, at_once = most_a_minute(rights=rights), rights.limits.concurrent_generations
    room = ROWS_OF_WORKSPACE_MAX - of_batches
    if a_minute is not None:
        room = min(room, share_of(a_minute) - lately)
    if at_once is not None:
        # One place stays free for whoever comes to the composer, wherever the plan has more than one.
        free = max(1, at_once - 1) - all_of_them
        room = min(room, share_of(at_once) - of_batches, free)
    return room


def _may_go_on(batch: Batch) -> bool:
    """Pause a batch that could only waste its rows; end one that has nothing left to do."""
    if _is_gone(batch.runs_as):
        return _pause(batch, reason=PERSON_GONE)
    if _fields_now(batch) != [field["name"] for field in batch.template_version.content["fields"]]:
        return _pause(batch, reason=TEMPLATE_CHANGED)
    with workspace_scope(batch.workspace_id):
        started = BatchRow.objects.filter(workspace_id=batch.workspace_id, batch=batch, status=BatchRow.Status.STARTED)
        lately = started.filter(started_at__gte=batch.resumed_at).order_by("-started_at")
        # What staff have stopped says nothing about the rows.
        lately = lately.exclude(generation__error_code=errors.PausedError.code)
        ends = list(lately.values_list("generation__status", flat=True)[:FAILURES_MAX])
        has_waiting = BatchRow.objects.filter(batch=batch, status=BatchRow.Status.WAITING).exists()
        if not has_waiting and not started.filter(generation__status__in=UNDER_WAY).exists():
            running = Batch.objects.filter(pk=batch.pk, status=Batch.Status.RUNNING)
            running.update(status=Batch.Status.FINISHED, finished_at=timezone.now(), reason="", waits_until=None)
            return False
    if has_waiting and ends == [Generation.Status.FAILED] * FAILURES_MAX:
        return _pause(batch, reason=FAILING)
    return has_waiting


def _is_gone(user: User) -> bool:
    return not user.is_active or user.suspended_at is not None or user.deletion_due_at is not None


def _fields_now(batch: Batch) -> list[str]:
    template = prompts.find_template(batch.template_version.slug)
    return [field.name for field in template.fields] if template else []


def _start_next(batch: Batch) -> Turn:
    """Start the next row of a batch, unless it is refused."""
    with workspace_scope(batch.workspace_id):
        waiting = BatchRow.objects.filter(batch=batch, status=BatchRow.Status.WAITING)
        row = waiting.filter(batch__status=Batch.Status.RUNNING).order_by("number").first()
    if row is None:
        return Turn.OVER
    try:
        generation = _start(row, batch=batch)
    except RowError as error:
        return _refuse(row, sentence=str(error))
    except DomainError as refusal:
        return _turn_back(row, batch=batch, refusal=refusal)
    except Exception as error:
        if is_outage(error):
            raise
        # The others go on: a batch does not stand still for one row.
        logger.exception("batch_row_broken", row_id=str(row.pk))
        return _refuse(row, sentence=str(BROKEN))
    _link(row, batch=batch, generation=generation)
    return Turn.STARTED


def _start(row: BatchRow, *, batch: Batch) -> Generation:
    bind_request_id()
    template = prompts.get_template(batch.template_version.slug)
    return services.start_generation(
        user=batch.runs_as,
        workspace=batch.workspace,
        template=template,
        inputs=RowRules(template=template, positions=batch.positions).inputs_of(row.cells),
        model=batch.request_model,
        idempotency_key=f"batch:{row.pk}:{row.tries}",
        # No address of a person: a batch does not use up what people may start from theirs.
        address=f"{switches.BATCH_ADDRESS}{batch.workspace_id}",
    )


def _link(row: BatchRow, *, batch: Batch, generation: Generation) -> None:
    """Note which generation a row has become; stop it if the batch was canceled or deleted in the meantime."""
    with workspace_scope(batch.workspace_id):
        # The batch before its rows, as whoever cancels it does: one of the two waits, and sees what the other did.
        locked = Batch.objects.select_for_update(no_key=True).filter(pk=batch.pk).first()
        unlinked = BatchRow.objects.filter(pk=row.pk, tries=row.tries, generation=None)
        unlinked.update(status=BatchRow.Status.STARTED, generation=generation, started_at=timezone.now(), problem="")
        if locked is not None and locked.reason:
            Batch.objects.filter(pk=batch.pk, status=Batch.Status.RUNNING).update(reason="", waits_until=None)
    if locked is None or locked.status == Batch.Status.CANCELED:
        services.cancel_generation(generation)


def _turn_back(row: BatchRow, *, batch: Batch, refusal: DomainError) -> Turn:
    """Let a row wait, pause its batch, or give the row up, as the refusal asks for."""
    if refusal.status in WAIT_STATUSES:
        wait_seconds = refusal.retry_after_seconds or WAIT_SECONDS
        with workspace_scope(batch.workspace_id):
            running = Batch.objects.filter(pk=batch.pk, status=Batch.Status.RUNNING)
            running.update(reason=refusal.code, waits_until=timezone.now() + timedelta(seconds=wait_seconds))
        return Turn.OVER
    if refusal.status in STATUSES_OF_THE_BATCH or isinstance(refusal, OF_THE_BATCH):
        _pause(batch, reason=refusal.code)
        return Turn.OVER
    return _refuse(row, sentence=str(refusal.sentence))


def _pause(batch: Batch, *, reason: str) -> bool:
    with workspace_scope(batch.workspace_id):
        running = Batch.objects.filter(pk=batch.pk, status=Batch.Status.RUNNING)
        running.update(status=Batch.Status.PAUSED, reason=reason, waits_until=None)
    logger.info("batch_paused", batch_id=str(batch.pk), reason=reason)
    return False


def _refuse(row: BatchRow, *, sentence: str) -> Turn:
    with workspace_scope(row.workspace_id):
        waiting = BatchRow.objects.filter(pk=row.pk, tries=row.tries, status=BatchRow.Status.WAITING)
        waiting.update(status=BatchRow.Status.REFUSED, problem=sentence[:TEXT_CHARACTERS_MAX])
    return Turn.REFUSED
