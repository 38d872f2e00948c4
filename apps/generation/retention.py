"""For how long a workspace keeps its texts, and what becomes of them afterwards: nothing, a fingerprint, or no trace.

Credits and usage stay. What already became a fingerprint, or was emptied, does not come back with another policy.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.utils import timezone

from apps.core import audit
from apps.core.db import system_scope, workspace_scope
from apps.generation import purging
from apps.generation.models import Batch, BatchRow, Conversation, Generation, RetentionPolicy

logger = structlog.get_logger(__name__)

BATCH = 200
# What one ring of the job does for a workspace at most; the next one goes on.
BATCHES_MAX = 50
FINGERPRINT = "sha256:"


def find_policy(workspace_id: UUID) -> RetentionPolicy:
    """Return what a workspace wants; one that has never said so keeps its texts. Within its scope."""
    return RetentionPolicy.objects.filter(pk=workspace_id).first() or RetentionPolicy(workspace_id=workspace_id)


def save_policy(*, workspace_id: UUID, actor: str, wanted: str, days: int) -> None:
    """Write down what a workspace wants, and who said so; the job does it. Within its scope."""
    before = find_policy(workspace_id)
    RetentionPolicy.objects.update_or_create(
        pk=workspace_id, defaults={"action": wanted, "days": days, "changed_at": timezone.now()}
    )
    if (before.action, before.days) != (wanted, days):
        audit.record(
            actor=actor,
            action="retention_changed",
            subject=f"workspace:{workspace_id}",
            to=[before.action, wanted],
            days=[before.days, days],
        )


def apply_all(*, now: datetime) -> int:
    """Apply every workspace's policy, batch by batch; return how many generations lost their texts."""
    with system_scope():
        erasing = RetentionPolicy.objects.exclude(action=RetentionPolicy.Action.KEEP)
        workspace_ids = list(erasing.order_by("pk").values_list("pk", flat=True))
    return sum(_apply(workspace_id, now=now) for workspace_id in workspace_ids)


def apply_batch(workspace_id: UUID, *, now: datetime, limit: int = BATCH) -> int:
    """Erase the texts of some generations of a workspace that are older than it wants, oldest first; return how many.

    The policy is locked for as long: whoever changes it waits, and whoever comes second here finds nothing to do.
    """
    with workspace_scope(workspace_id):
        policy = RetentionPolicy.objects.select_for_update(skip_locked=True).filter(pk=workspace_id).first()
        if policy is None or policy.action == RetentionPolicy.Action.KEEP:
            return 0
        before = now - timedelta(days=policy.days)
        due = Generation.objects.filter(
            workspace_id=workspace_id,
            created_at__lt=before,
            texts_erased_at=None,
            purged_at=None,
            status__in=Generation.TERMINAL,
        )
        rows = list(due.order_by("created_at").select_for_update(skip_locked=True, of=["self"])[:limit])
        _erase(rows, policy=policy, now=now)
        _erase_uploads(workspace_id, before=before)
    if rows:
        logger.info("texts_erased", workspace_id=str(workspace_id), action=policy.action, count=len(rows))
    return len(rows)


def fingerprint(text: str) -> str:
    """Return what is left of a text: enough to tell whether some text was the same, letter by letter."""
    return f"{FINGERPRINT}{hashlib.sha256(text.encode()).hexdigest()}"


def _apply(workspace_id: UUID, *, now: datetime) -> int:
    erased = 0
    for _batch in range(BATCHES_MAX):
        count = apply_batch(workspace_id, now=now)
        erased += count
        if count < BATCH:
            break
    return erased


def _erase(rows: list[Generation], *, policy: RetentionPolicy, now: datetime) -> None:
    ids = [row.pk for row in rows]
    purging.empty_texts(Generation.objects.filter(pk__in=ids))
    for row in rows:
        row.texts_erased_at = now
        row.inputs, row.output = _left_of(row) if policy.action == RetentionPolicy.Action.HASH else ({}, "")
    Generation.objects.bulk_update(rows, ["inputs", "output", "texts_erased_at"])
    over = Conversation.objects.filter(generations__in=ids).exclude(generations__texts_erased_at=None)
    over.exclude(title="").update(title="")


def _erase_uploads(workspace_id: UUID, *, before: datetime) -> None:
    """Erase what was uploaded for batches that do not wait for it any more."""
    over = [Batch.Status.READY, Batch.Status.FINISHED, Batch.Status.CANCELED]
    rows = BatchRow.objects.filter(batch__workspace_id=workspace_id, batch__status__in=over)
    rows.filter(batch__created_at__lt=before).exclude(cells=[]).update(cells=[])


def _left_of(row: Generation) -> tuple[dict[str, str], str]:
    inputs = {name: fingerprint(text) for name, text in row.inputs.items() if text}
    return inputs, fingerprint(row.output) if row.output else ""
