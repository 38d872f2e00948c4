"""A person's data to take along: a file, asked for here, made by the worker (data_export_making.py), theirs for a week.

It lies in PostgreSQL in pieces: web and worker need not share a disk (docs/decisions/0016-what-becomes-of-a-person.md).
"""

import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import tasks
from apps.accounts.data_export_making import UNDER_WAY
from apps.accounts.models import DataExport, DataExportChunk, User
from apps.core import audit
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.core.ringing import ring_on_commit

# 192 random bits.
SLUG_BYTES = 24
PER_DAY_MAX = 3


class TooManyExportsError(DomainError):
    """The person has asked for several files today."""

    code = "too_many_exports"
    status = 429
    sentence = _("You have asked for your data several times today. Try again tomorrow.")
    retry_after_seconds = 3600


class ExportNotFoundError(DomainError):
    """There is no such file, it is somebody else's, or its week is over: the three are not told apart."""

    code = "not_found"
    status = 404
    sentence = _("This file is not there any more. Ask for a new one in your settings.")


def request_export(*, user: User, at: datetime | None = None) -> DataExport:
    """Have a file made, and return it; while one is being made, that is the answer. Raises TooManyExportsError."""
    at = at or timezone.now()
    try:
        with system_scope():
            under_way = find_under_way(user)
            if under_way is not None:
                return under_way
            mine = DataExport.objects.filter(user=user)
            if mine.filter(created_at__gt=at - timedelta(days=1)).count() >= PER_DAY_MAX:
                raise TooManyExportsError
            slug = secrets.token_urlsafe(SLUG_BYTES)
            asked = DataExport.objects.create(user=user, slug=slug, created_at=at, claimed_until=at)
            audit.record(actor=f"user:{user.pk}", action="data_export_requested", subject=f"user:{user.pk}")
            ring_on_commit(tasks.make_data_export, export_id=str(asked.pk))
            return asked
    except IntegrityError:
        # Two clicks at once: the other was first, and its file may be ready by now.
        with system_scope():
            return DataExport.objects.filter(user=user).latest("created_at")


def find_under_way(user: User) -> DataExport | None:
    """Return the file that is being made for a person. Within a scope."""
    return DataExport.objects.filter(user=user, status__in=UNDER_WAY).first()


def find_latest(user: User, *, at: datetime) -> DataExport | None:
    """Return the newest file of a person, as far as it can still be had. Within a scope."""
    standing = Q(expires_at=None) | Q(expires_at__gt=at)
    return DataExport.objects.filter(standing, user=user).order_by("-created_at").first()


def get_ready(*, user: User, slug: str, at: datetime) -> DataExport:
    """Return a file of this very person that can be had now. Raises ExportNotFoundError."""
    with system_scope():
        found = DataExport.objects.filter(user=user, slug=slug, status=DataExport.Status.READY, expires_at__gt=at)
        export = found.first()
    if export is None:
        raise ExportNotFoundError
    return export


def read_chunk(export: DataExport, *, number: int) -> bytes | None:
    """Return a piece of a file, from 0; None after the last. The connection is given back before it is sent."""
    try:
        with system_scope():
            pieces = DataExportChunk.objects.filter(export=export, attempt=export.attempt, number=number)
            content = pieces.values_list("content", flat=True).first()
    finally:
        if not connection.in_atomic_block:
            connection.close()
    return None if content is None else bytes(content)
