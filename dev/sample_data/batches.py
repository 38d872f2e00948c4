"""Batches of one customer: one to look at before it starts, one under way, one that has paused, one that is done."""

import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

from apps.accounts.models import User, Workspace
from apps.billing import ledger
from apps.core.db import system_scope
from apps.generation import batch_csv, batches, prompts
from apps.generation.models import Batch, BatchRow
from dev.sample_data import month, texts
from dev.sample_data.run import Run

# Nobody's feeder comes to a batch that waits until then.
NEVER_FED = datetime(2120, 1, 1, tzinfo=UTC)
TEMPLATE = "product-announcement"
COLUMNS = ["SKU", "product", "details", "tone"]


def make_batches(workspace: Workspace, *, user: User, now: datetime) -> dict[str, UUID]:
    """Make them; return their ids by name."""
    key = f"sample:batches:{now.isoformat()}"
    ledger.grant(workspace_id=workspace.pk, amount_credits=500, source="promotion", idempotency_key=key)
    ready = _upload(workspace, user=user, name="spring-catalog-2026.csv", rows=[*_rows(40), *_broken_rows()])
    running = _upload(workspace, user=user, name="catalog-north.csv", rows=_rows(24))
    paused = _upload(workspace, user=user, name="Katalog Süd, zweite Fassung (korrigiert).csv", rows=_rows(12))
    done = _upload(workspace, user=user, name="five-products.csv", rows=[*_rows(5), *_broken_rows()[:1]])
    for batch, count in ((running, 9), (paused, 4), (done, 5)):
        _run_rows(batch, count=count, now=now)
    waiting = {"reason": "plan_limit_day", "waits_until": NEVER_FED, "status": Batch.Status.RUNNING}
    _set(running, started_at=now, resumed_at=now, **waiting)
    _set(paused, started_at=now, resumed_at=now, status=Batch.Status.PAUSED, reason="insufficient_credits")
    _set(done, started_at=now, resumed_at=now, finished_at=now, status=Batch.Status.FINISHED)
    return {"batch_ready": ready.pk, "batch_running": running.pk, "batch_paused": paused.pk, "batch_done": done.pk}


def _upload(workspace: Workspace, *, user: User, name: str, rows: list[list[str]]) -> Batch:
    return batches.upload(
        user=user,
        workspace=workspace,
        template=prompts.get_template(TEMPLATE),
        model="keel-demo",
        file=io.BytesIO(batch_csv.encode([COLUMNS, *rows]).encode()),
        file_name=name,
    )


def _rows(count: int) -> list[list[str]]:
    tone = next(field.choices[0] for field in prompts.get_template(TEMPLATE).fields if field.choices)
    topics = [texts.TOPICS[number % len(texts.TOPICS)] for number in range(count)]
    return [
        [f"A-{1000 + number}", title, f"{details} {details}", tone] for number, (title, details) in enumerate(topics)
    ]


def _broken_rows() -> list[list[str]]:
    title, details = texts.TOPICS[0]
    return [["A-2001", title, "", "Friendly"], ["A-2002", "", details, "Shouting"], [*_rows(1)[0], "too", "many"]]


def _run_rows(batch: Batch, *, count: int, now: datetime) -> None:
    """Let the first rows have been run, the third of them without success."""
    with system_scope():
        rows = list(BatchRow.objects.filter(batch=batch, status=BatchRow.Status.WAITING).order_by("number")[:count])
    for row in rows:
        failed = {"status": "failed", "finish_reason": "error", "error_code": "provider_unavailable"}
        run = Run(
            at=now - timedelta(minutes=30 - row.number),
            template=prompts.get_template(TEMPLATE),
            title=row.cells[1],
            details=row.cells[2],
            **(failed if row.number == 3 else {}),
        )
        generation_id = month.make_run(run, workspace=batch.workspace, user=batch.user)
        with system_scope():
            started = {"status": BatchRow.Status.STARTED, "generation": generation_id, "started_at": run.at}
            BatchRow.objects.filter(pk=row.pk).update(**started)


def _set(batch: Batch, **columns: object) -> None:
    with system_scope():
        Batch.objects.filter(pk=batch.pk).update(**columns)
