"""The audit log and the outbox in the admin: to read, never to change."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from apps.core.models import AuditEntry, OutgoingMail

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """An admin that shows rows to staff with the view permission and lets nobody add, change or delete them."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what."""

    list_display = ["at", "actor", "action", "subject", "request_id"]
    list_filter = ["action"]
    search_fields = ["actor", "subject", "request_id"]
    date_hierarchy = "at"
    ordering = ["-at"]


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """What was sent and what failed; not the text, which may hold a link that grants access."""

    list_display = ["created_at", "to", "subject", "status", "attempts", "error"]
    list_filter = ["status"]
    search_fields = ["to", "key"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    exclude = ["text", "html"]
