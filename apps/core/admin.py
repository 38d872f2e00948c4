"""What every admin here is made of: rows that are only read, exact search, links; the audit log, the outbox, alerts."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet, UUIDField
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.core import audit
from apps.core.admin_filters import LatelySeenFilter, TimeFilter
from apps.core.admin_links import Related, badge, page_link, related_links
from apps.core.audit_export import stream_csv
from apps.core.db import system_scope
from apps.core.models import Alert, AuditEntry, OutgoingMail

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    BasePaginator = Paginator[Any]
else:
    ModelAdmin, BasePaginator = admin.ModelAdmin, Paginator

# A list counts no further: staff narrow it down, and a full COUNT reads the whole table.
COUNT_MAX = 10_000
UUID_TEXT = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
NOTHING = Q(pk__in=[])
QUERY_LENGTH_MAX = 500


class CappedPaginator(BasePaginator):
    """Counts up to COUNT_MAX rows, and knows when there are more."""

    @cached_property
    def counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: COUNT_MAX + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self.counted, COUNT_MAX)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.counted > COUNT_MAX


class ReadOnlyAdmin(ModelAdmin):
    """An admin that shows rows to staff with the view permission and lets nobody add, change or delete them.

    `search_fields` are compared exactly, so that their indexes are used: ids with an id found anywhere in the search
    (an address of a page may be pasted), texts with the search as it is.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    list_per_page = 50
    time_field = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show every column, also those that nobody could edit, and first whose the row is and where it leads."""
        hidden = self.exclude or ()
        columns = [column.name for column in self.opts.concrete_fields if column.name not in hidden]
        return self.fields or [*self.readonly_fields, *columns]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Narrow the list to what is searched for; several words are one search."""
        term = search_term.strip()
        return (queryset.filter(self.search_condition(term)), False) if term else (queryset, False)

    def search_condition(self, term: str) -> Q:
        """Return the condition of a search; an admin of customers' rows adds the customers."""
        condition, id_in_term = NOTHING, find_uuid(term)
        for name in self.search_fields:
            if not isinstance(_column(self.model, name), UUIDField):
                condition |= Q(**{name: term})
            elif id_in_term:
                condition |= Q(**{name: id_in_term})
        return condition

    def related(self, row: Any) -> Sequence[Related]:
        """Return the ways from a row to others."""
        return ()

    @admin.display(description=_("see also"))
    def see_also(self, row: Any) -> SafeString:
        """Show the ways from a row to others."""
        return related_links(self.related(row))


def find_uuid(text: str) -> UUID | None:
    """Return the first id in a text, or None."""
    found = UUID_TEXT.search(text)
    return UUID(found[0]) if found else None


def _column(model: type[Model], name: str) -> Any:
    field: Any = model._meta.get_field(name)
    while field.is_relation:
        field = field.target_field
    return field


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what; "export" needs a permission of its own."""

    list_display = ["at", "action", "actor_link", "subject_link", "summary", "address", "request_id"]
    list_filter = [TimeFilter, ("action", LatelySeenFilter), ("impersonator", admin.EmptyFieldListFilter)]
    search_fields = ["id", "actor", "impersonator", "action", "subject", "address", "request_id"]
    search_help_text = _(
        "Who or whom, such as user:5 or workspace:<id>, an action, an address of the network, or a request id."
    )
    ordering = ["-id"]
    time_field = "at"
    fields = ["at", "action", "actor_link", "real_actor_link", "subject_link", "details", "address", "request_id"]
    fields += ["see_also"]
    readonly_fields = ["actor_link", "real_actor_link", "subject_link", "see_also"]
    change_list_template = "admin/core/audit_entries.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the export beside the admin's own addresses."""
        return [
            path("export/", self.admin_site.admin_view(self.export), name="core_auditentry_export"),
            *super().get_urls(),
        ]

    def search_condition(self, term: str) -> Q:
        """Find everything about a user or a workspace, whatever else the act was done to."""
        kind, _colon, key = term.partition(":")
        about, found = NOTHING, find_uuid(key)
        if kind == "user" and key.isascii() and key.isdigit():
            about = Q(user_id=int(key))
        elif kind == "workspace" and found:
            about = Q(workspace_id=found)
        return super().search_condition(term) | about

    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """Return what the list shows, all of it, as CSV; that it was taken is an entry of its own."""
        if not request.user.has_perm("core.export_auditentry") or not self.has_view_permission(request):
            raise PermissionDenied
        entries = self.get_changelist_instance(request).get_queryset(request)
        with system_scope():
            audit.record(
                actor=f"user:{request.user.pk}",
                action="audit_exported",
                subject="audit",
                narrowed_to=request.META.get("QUERY_STRING", "")[:QUERY_LENGTH_MAX],
            )
        headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
        return StreamingHttpResponse(stream_csv(entries), content_type="text/csv; charset=utf-8", headers=headers)

    @admin.display(description=_("actor"), ordering="actor")
    def actor_link(self, entry: AuditEntry) -> SafeString | str:
        """Link to who did it, and below it to who really did."""
        if not entry.impersonator:
            return self._named(entry.actor)
        really = self._named(entry.impersonator)
        return format_html('{}<br><span class="second-line">{}</span>', self._named(entry.actor), really)

    @admin.display(description=_("really done by"), empty_value="-")
    def real_actor_link(self, entry: AuditEntry) -> SafeString | str:
        """Link to the member of staff who acted in somebody's name."""
        return self._named(entry.impersonator)

    @admin.display(description=_("subject"), ordering="subject")
    def subject_link(self, entry: AuditEntry) -> SafeString | str:
        """Link to whom or what it was done to."""
        return self._named(entry.subject)

    @admin.display(description=_("details"))
    def summary(self, entry: AuditEntry) -> str:
        """Return the details in one line."""
        return ", ".join(f"{name}: {value}" for name, value in entry.details.items())

    def related(self, row: AuditEntry) -> list[Related]:
        """Return what else was done by the actor, to the subject, and in the request."""
        ways = [Related(_("All about this subject"), "core.auditentry", {"q": row.subject})]
        if row.actor:
            ways.append(Related(_("All by this actor"), "core.auditentry", {"q": row.actor}))
        if row.request_id:
            ways.append(Related(_("All of this request"), "core.auditentry", {"q": row.request_id}))
        return ways

    def _named(self, name: str) -> SafeString | str:
        """Link "workspace:<id>" to the page of the one model of that name that the admin shows."""
        kind, _colon, key = name.partition(":")
        models = [model for model in self.admin_site._registry if model._meta.model_name == kind]
        return page_link(models[0]._meta.label_lower, key, label=name) if len(models) == 1 and key else name


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """What was sent and what failed; not the text, which may hold a link that grants access."""

    list_display = ["created_at", "to", "subject", "shown_status", "attempts", "next_attempt_at", "error"]
    list_filter = ["status", TimeFilter]
    search_fields = ["id", "to", "key"]
    search_help_text = _("The whole address, or the business key.")
    ordering = ["-id"]
    exclude = ["text", "html"]

    @admin.display(description=_("status"), ordering="status")
    def shown_status(self, mail: OutgoingMail) -> SafeString:
        """Show the status in its color."""
        return badge(mail.status, label=mail.get_status_display())


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What those who run the product were told, and whether the webhook has taken it."""

    list_display = ["created_at", "kind", "sentence", "shown_delivery"]
    list_filter = ["kind", "delivery", TimeFilter]
    search_fields = ["id", "kind", "window"]
    search_help_text = _("The kind, or the whole of whom and when it concerns.")
    ordering = ["-id"]

    @admin.display(description=_("webhook"), ordering="delivery")
    def shown_delivery(self, alert: Alert) -> SafeString:
        """Show whether the webhook has taken it, in color."""
        return badge(alert.delivery, label=alert.get_delivery_display())
