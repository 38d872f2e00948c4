"""What staff write through the admin's own forms goes into the audit log, whichever app or library the form is from."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from apps.core import audit

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = object

SUBJECT_LENGTH_MAX = 128


class AuditedAdmin(ModelAdmin):
    """Mixed into every admin that is registered (see site.py): one audit entry beside each of Django's log entries.

    Names of fields are written down, values are not: they may be personal, and the log is never erased.
    """

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Note that a row was added."""
        _record(request, [obj], action="admin_added")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Note that a row was changed, and which of its fields."""
        _record(request, [obj], action="admin_changed", changed=_changed(message))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Note that rows are about to be deleted."""
        _record(request, queryset, action="admin_deleted")
        return super().log_deletions(request, queryset)


def _record(request: HttpRequest, rows: Iterable[Model], *, action: str, **details: Any) -> None:
    for row in rows:
        subject = f"{row._meta.model_name}:{row.pk}"[:SUBJECT_LENGTH_MAX]
        audit.record(actor=f"user:{request.user.pk}", action=action, subject=subject, **details)


def _changed(message: Any) -> Any:
    """Return the names of fields, and how many rows of inlines were touched: without the names of those rows."""
    if not isinstance(message, list):
        return []
    kept = {"fields", "name"}
    return [
        {kind: {key: value for key, value in said.items() if key in kept} for kind, said in part.items()}
        for part in message
    ]
