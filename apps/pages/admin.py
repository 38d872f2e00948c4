"""Messages of people and notices to them, in the admin."""

from datetime import UTC
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import DateTimeField, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.admin import ModelAdmin, ReadOnlyAdmin
from apps.core.admin_links import badge
from apps.generation.models import Generation
from apps.pages import notices, services
from apps.pages.models import ContactMessage, Notice

GENERATIONS_SHOWN = 10
EXCERPT_LENGTH_MAX = 80
TWO_LINES = '{}<br><span class="second-line">{}</span>'


@admin.register(ContactMessage)
class ContactMessageAdmin(ReadOnlyAdmin):
    """What people wrote, open ones first in mind: search by request id or address, then mark as handled."""

    list_display = ["when", "shown_status", "sender", "excerpt"]
    list_filter = ["status", "topic"]
    list_select_related = ["user"]
    search_fields = ["id", "request_id"]
    search_help_text = gettext_lazy("Request id or e-mail address")
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    actions = ["mark_as_handled"]
    readonly_fields = ["shown_status", "generations"]
    fields = ["created_at", "shown_status", "handled_at", "topic", "reply_to", "user", "message"]
    fields += ["page", "request_id", "generations"]

    def search_condition(self, term: str) -> Q:
        """Find a message by the address of who wrote it, too."""
        return super().search_condition(term) | Q(reply_to__iexact=term) | Q(user__email__iexact=term)

    @admin.display(description=gettext_lazy("time (UTC)"), ordering="created_at")
    def when(self, message: ContactMessage) -> str:
        """Return when it was written."""
        return date_format(message.created_at.astimezone(UTC), "M j, H:i")

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def shown_status(self, message: ContactMessage) -> SafeString:
        """Show the status in its color."""
        return badge(message.status, label=message.get_status_display())

    @admin.display(description=gettext_lazy("from"), ordering="reply_to")
    def sender(self, message: ContactMessage) -> SafeString:
        """Return who wrote, and below it about what."""
        return format_html(TWO_LINES, message.reply_to, message.get_topic_display())

    @admin.display(description=gettext_lazy("message"))
    def excerpt(self, message: ContactMessage) -> SafeString:
        """Return how the message begins, and below it the request id."""
        return format_html(TWO_LINES, Truncator(message.message).chars(EXCERPT_LENGTH_MAX), message.request_id)

    @admin.display(description=gettext_lazy("generations of this request"))
    def generations(self, message: ContactMessage) -> SafeString | str:
        """Link to the runs that the named request started."""
        if not message.request_id:
            return "-"
        found = Generation.objects.filter(request_id=message.request_id).order_by("-id")
        lines = [
            (reverse("admin:generation_generation_change", args=[run.pk]), run.pk, run.get_status_display())
            for run in found.only("pk", "status")[:GENERATIONS_SHOWN]
        ]
        if not lines:
            return _("None: the request failed before, or was about something else.")
        return format_html("<ul>{}</ul>", format_html_join("", '<li><a href="{}">{}</a> {}</li>', lines))

    @admin.action(description=gettext_lazy("Mark as handled"), permissions=["handle"])
    def mark_as_handled(self, request: HttpRequest, chosen: QuerySet[ContactMessage]) -> None:
        """Close the chosen messages that are still open."""
        ids = list(chosen.values_list("pk", flat=True))
        handled = services.mark_handled(ids, actor=f"user:{request.user.pk}")
        said = ngettext("%(count)d message is marked as handled.", "%(count)d messages are marked as handled.", handled)
        messages.success(request, said % {"count": handled})

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """Tell whether this member of staff may close messages."""
        return request.user.has_perm("pages.change_contactmessage")


@admin.register(Notice)
class NoticeAdmin(ModelAdmin):
    """Lines above every page; a change shows within seconds."""

    list_display = ["message", "level", "starts_at", "ends_at"]
    list_filter = ["level"]
    search_fields = ["message"]
    ordering = ["-starts_at"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Name the two inputs of a moment for those who hear the form; Django labels neither."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field and isinstance(db_field, DateTimeField):
            for part, name in zip(field.widget.widgets, [_("date"), _("time (UTC)")], strict=True):
                part.attrs["aria-label"] = f"{field.label}: {name}"
        return field

    def save_model(self, request: HttpRequest, obj: Notice, form: Any, change: bool) -> None:
        """Keep the notice and let pages ask again."""
        super().save_model(request, obj, form, change)
        _on_commit_forget()

    def delete_model(self, request: HttpRequest, obj: Notice) -> None:
        """Take the notice away and let pages ask again."""
        super().delete_model(request, obj)
        _on_commit_forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        """Take several away and let pages ask again."""
        super().delete_queryset(request, queryset)
        _on_commit_forget()


def _on_commit_forget() -> None:
    transaction.on_commit(notices.forget, robust=True)
