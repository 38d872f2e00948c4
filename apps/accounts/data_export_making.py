"""The worker's part of a data export: claimed, written in pieces as it is read, handed over with a mail.

Each piece names the attempt under which it was written, and keeps its claim. A worker that dies leaves the claim to run
out, and whoever comes next begins anew.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts import data_export_file
from apps.accounts.models import DataExport, DataExportChunk
from apps.core import mailing
from apps.core.db import system_scope
from apps.core.mail_rendering import absolute_url

logger = structlog.get_logger(__name__)

UNDER_WAY = [DataExport.Status.QUEUED, DataExport.Status.RUNNING]
LIFETIME = timedelta(days=7)
ATTEMPTS_MAX = 3
CLAIM = timedelta(minutes=2)


class SupersededError(Exception):
    """Somebody else makes this file now, or nobody wants it any more."""


def make(export_id: UUID | str) -> None:
    """Make a file, unless somebody does so already; what goes wrong is tried again when the claim has run out."""
    export = claim(export_id, at=timezone.now())
    if export is None:
        return
    pieces = data_export_file.Pieces(lambda number, content: _add_chunk(export, number=number, content=content))
    try:
        data_export_file.write(export.user, to=pieces)
        _finish(export, size_bytes=pieces.size_bytes)
    except SupersededError:
        logger.info("data_export_superseded", export_id=str(export.pk))


def claim(export_id: UUID | str, *, at: datetime) -> DataExport | None:
    """Take a file that nobody makes at the moment, under the next attempt's number; None if there is nothing to do.

    What was cut off ATTEMPTS_MAX times has failed.
    """
    with system_scope():
        due = DataExport.objects.select_for_update(skip_locked=True).filter(pk=export_id, claimed_until__lte=at)
        export = due.filter(status__in=UNDER_WAY).select_related("user").first()
        if export is None:
            return None
        DataExportChunk.objects.filter(export=export).delete()
        if export.attempt >= ATTEMPTS_MAX:
            export.status, export.finished_at = DataExport.Status.FAILED, at
            logger.error("data_export_failed", export_id=str(export.pk))
        else:
            export.status, export.attempt = DataExport.Status.RUNNING, export.attempt + 1
            export.claimed_until = at + CLAIM
        export.save(update_fields=["status", "attempt", "claimed_until", "finished_at"])
    return export if export.status == DataExport.Status.RUNNING else None


def list_due_ids(*, at: datetime) -> list[str]:
    """Return the files whose ring was lost, or whose worker has died."""
    with system_scope():
        due = DataExport.objects.filter(status__in=UNDER_WAY, claimed_until__lte=at)
        return [str(pk) for pk in due.values_list("pk", flat=True)]


def forget_expired(*, at: datetime) -> int:
    """Delete the files whose week is over, and what failed as long ago; return how many."""
    over = Q(expires_at__lte=at) | Q(status=DataExport.Status.FAILED, finished_at__lte=at - LIFETIME)
    with system_scope():
        count, _by_model = DataExport.objects.filter(over).delete()
    return count


def _add_chunk(export: DataExport, *, number: int, content: bytes) -> None:
    """Write the next piece of a file, and keep the claim. Raises SupersededError."""
    with system_scope():
        if not _mine(export).update(claimed_until=timezone.now() + CLAIM):
            raise SupersededError
        DataExportChunk.objects.create(export=export, attempt=export.attempt, number=number, content=content)


def _finish(export: DataExport, *, size_bytes: int) -> None:
    """Hand a complete file over to its person, and write them a mail. Raises SupersededError."""
    now = timezone.now()
    with system_scope():
        ready = {"status": DataExport.Status.READY, "finished_at": now, "expires_at": now + LIFETIME}
        if not _mine(export).update(**ready, size_bytes=size_bytes):
            raise SupersededError
        mailing.send(
            key=f"data-export:{export.pk}",
            to=export.user.email,
            template="mail/data_export.html",
            expires_at=now + LIFETIME,
            data_url=absolute_url("settings:data"),
        )


def _mine(export: DataExport) -> QuerySet[DataExport]:
    return DataExport.objects.filter(pk=export.pk, status=DataExport.Status.RUNNING, attempt=export.attempt)
