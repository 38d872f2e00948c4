"""What Stripe told us and what became of it; and how its records compare with our books."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.billing import events, tasks
from apps.billing.admin.links import dashboard_link
from apps.billing.figures import UNPROCESSED
from apps.billing.models import Reconciliation, WebhookEvent
from apps.billing.reconciliation.comparisons import Kind
from apps.core import audit
from apps.core.admin import NOTHING, ReadOnlyAdmin
from apps.core.admin_filters import LatelySeenFilter, TimeFilter
from apps.core.admin_links import Related, badge, page_link
from apps.core.db import system_scope
from apps.core.ids import since
from apps.core.ringing import ring, ring_on_commit

# So far back events are found by what they are about.
SEARCHED = timedelta(days=35)


class UnprocessedFilter(admin.SimpleListFilter):
    """Events that are not dealt with yet."""

    title = gettext_lazy("progress")
    parameter_name = "unprocessed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Not processed")), ("no", _("Processed or ignored"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
        unprocessed = Q(status__in=UNPROCESSED)
        return queryset.filter({"yes": unprocessed, "no": ~unprocessed}.get(self.value() or "", Q()))


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """What Stripe told us; the payload only on an event's own page. "Replay" needs a permission of its own."""

    time_field = "received_at"
    list_display = ["received_at", "shown_type", "shown_status", "attempts", "error"]
    list_filter = [UnprocessedFilter, "status", TimeFilter, ("type", LatelySeenFilter)]
    search_fields = ["id", "stripe_id", "type"]
    search_help_text = gettext_lazy("Stripe's id of the event or of what it is about, or its type.")
    ordering = ["-id"]
    actions = ["replay_selected"]
    fields = [
        "type", "shown_status", "error", "attempts", "received_at", "next_attempt_at", "processed_at",
        "about", "at_stripe", "see_also", "shown_payload",
    ]  # fmt: skip
    readonly_fields = ["shown_status", "about", "at_stripe", "see_also", "shown_payload"]
    change_form_template = "admin/billing/webhook_event.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        """Leave the payload out of lists."""
        return super().get_queryset(request).defer("payload")

    def search_condition(self, term: str) -> Q:
        """Find the events of the last weeks by what they are about, too: no index leads to older ones."""
        about = Q(payload__data__object__id=term) | Q(payload__data__object__payment_intent=term)
        lately = since(timezone.now() - SEARCHED, field="received_at")
        return super().search_condition(term) | (lately & about if "_" in term else NOTHING)

    def get_urls(self) -> list[URLPattern]:
        """Add the replay beside the admin's own addresses."""
        replay = self.admin_site.admin_view(self.replay)
        return [path("<uuid:event_id>/replay/", replay, name="billing_webhookevent_replay"), *super().get_urls()]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Tell whether this member of staff may replay."""
        return request.user.has_perm("billing.replay_event")

    def replay(self, request: HttpRequest, event_id: UUID) -> HttpResponse:
        """Process one event once more."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_replay_permission(request):
            raise PermissionDenied
        event = get_object_or_404(WebhookEvent, pk=event_id)
        self.replay_selected(request, WebhookEvent.objects.filter(pk=event.pk))
        return redirect(reverse("admin:billing_webhookevent_change", args=[event.pk]))

    @admin.action(description=gettext_lazy("Replay the selected events"), permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Make events due again and ring for them: handlers fetch what is true now, so a replay does nothing twice."""
        for event in queryset.defer(None):
            events.replay(event, actor=f"user:{request.user.pk}")
            ring_on_commit(tasks.process_event, event_id=str(event.pk))
        count = queryset.count()
        sentence = ngettext("%(count)d event is processed again.", "%(count)d events are processed again.", count)
        messages.success(request, sentence % {"count": count})

    @admin.display(description=gettext_lazy("type"), ordering="type")
    def shown_type(self, event: WebhookEvent) -> SafeString:
        """Show the type, and Stripe's id on a second line."""
        return format_html('{} <div class="second-line">{}</div>', event.type, event.stripe_id)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def shown_status(self, event: WebhookEvent) -> SafeString:
        """Show the status in its color."""
        return badge(event.status, label=event.get_status_display())

    @admin.display(description=gettext_lazy("about"))
    def about(self, event: WebhookEvent) -> SafeString | str:
        """Link to Stripe's page of what the event is about."""
        return dashboard_link(_object_of(event).get("id"))

    @admin.display(description=gettext_lazy("at Stripe"))
    def at_stripe(self, event: WebhookEvent) -> SafeString | str:
        """Link to Stripe's page of the event."""
        return dashboard_link(event.stripe_id)

    @admin.display(description=gettext_lazy("payload"))
    def shown_payload(self, event: WebhookEvent) -> SafeString:
        """Show what was delivered, as it was; what is true now is asked for when it is processed."""
        return format_html('<pre class="payload">{}</pre>', json.dumps(event.payload, indent=2, ensure_ascii=False))

    def related(self, row: WebhookEvent) -> list[Related]:
        """Return the ways to the rows that the event is about, and to who replayed it."""
        told = _object_of(row)
        key = told.get("payment_intent") or told.get("id")
        models = {
            "checkout.session": "billing.checkoutsession",
            "invoice": "billing.invoice",
            "subscription": "billing.subscription",
        }
        model = models.get(str(told.get("object")), "billing.payment")
        ways = (
            [Related(_("Our row"), model, {"q": told.get("id") if model != "billing.payment" else key})] if key else []
        )
        return [*ways, Related(_("Audit log"), "core.auditentry", {"q": f"event:{row.stripe_id}"})]


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """Where Stripe's records and our books differ: one comparison a day, and one whenever somebody asks."""

    list_display = ["created_at", "since", "until", "checked", "shown_result"]
    list_filter = [TimeFilter]
    ordering = ["-id"]
    fields = ["created_at", "since", "until", "checked", "shown_result"]
    readonly_fields = ["shown_result"]
    change_form_template = "admin/billing/reconciliation.html"
    change_list_template = "admin/billing/reconciliations.html"

    def get_urls(self) -> list[URLPattern]:
        """Add what can be asked for beside the admin's own addresses."""
        compare, fetch = self.admin_site.admin_view(self.compare), self.admin_site.admin_view(self.fetch_again)
        return [
            path("compare/", compare, name="billing_reconciliation_compare"),
            path("<uuid:reconciliation_id>/fetch-again/", fetch, name="billing_reconciliation_fetch_again"),
            *super().get_urls(),
        ]

    def compare(self, request: HttpRequest) -> HttpResponse:
        """Ask a worker for a comparison."""
        return self._ask(request, sentence=_("A comparison is under way. Reload this page in a minute."))

    def fetch_again(self, request: HttpRequest, reconciliation_id: UUID) -> HttpResponse:
        """Ask a worker to fetch again what differs, and to compare once more."""
        found = get_object_or_404(Reconciliation, pk=reconciliation_id)
        sentence = _("What differs is fetched again, then compared once more. Reload this page in a minute.")
        return self._ask(request, sentence=sentence, reconciliation_id=str(found.pk))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the differences as a table below the fields."""
        found = self.get_object(request, object_id)
        lines = [_line(line) for line in found.differences] if found else []
        return super().change_view(request, object_id, form_url, {"lines": lines, **(extra_context or {})})

    @admin.display(description=gettext_lazy("result"))
    def shown_result(self, found: Reconciliation) -> SafeString:
        """Show in its color whether the books agree."""
        count = len(found.differences)
        if not count:
            return badge("succeeded", label=_("Agree"))
        return badge(
            "failed", label=ngettext("%(count)d difference", "%(count)d differences", count) % {"count": count}
        )

    def _ask(self, request: HttpRequest, *, sentence: str, reconciliation_id: str = "") -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("billing.replay_event"):
            raise PermissionDenied
        with system_scope():
            audit.record(
                actor=f"user:{request.user.pk}",
                action="reconciliation_requested",
                subject=f"reconciliation:{reconciliation_id}",
            )
        if ring(tasks.reconcile, reconciliation_id=reconciliation_id):
            messages.success(request, sentence)
        else:
            messages.error(request, _("No worker could be asked. Try again in a moment."))
        return redirect(reverse("admin:billing_reconciliation_changelist"))


def _object_of(event: WebhookEvent) -> dict[str, Any]:
    told = (event.payload.get("data") or {}).get("object")
    return told if isinstance(told, dict) else {}


def _line(line: dict[str, str]) -> dict[str, Any]:
    """Return a difference as a row of the table."""
    kind = Kind(line["kind"]).label if line["kind"] in Kind.values else line["kind"]
    workspace = page_link("accounts.workspace", line["workspace"], label=line["workspace"])
    return {**line, "kind": kind, "stripe_link": dashboard_link(line["stripe_id"]), "workspace_link": workspace}
