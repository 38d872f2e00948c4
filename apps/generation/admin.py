"""Generations and attempts in the admin: found by address, request id or time; read, never changed."""

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin import CUSTOMER_SEARCH_HELP, find_users, find_workspace_ids
from apps.core.admin import ReadOnlyAdmin
from apps.core.admin_filters import LatelySeenFilter, TimeFilter, related_filter
from apps.core.admin_links import Related, badge, link_to, page_link
from apps.generation.budget_admin import BudgetAdmin
from apps.generation.gateway.errors import sentence_for
from apps.generation.models import Attempt, Generation
from apps.generation.switch_admin import FlagAdmin, SwitchAdmin
from apps.generation.template_admin import PromptTemplateVersionAdmin

__all__ = [
    "AttemptAdmin",
    "BudgetAdmin",
    "FlagAdmin",
    "GenerationAdmin",
    "PromptTemplateVersionAdmin",
    "SwitchAdmin",
]

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Attempt, Generation]
else:
    TabularInline = admin.TabularInline


def customers_clock(generation: Generation) -> str:
    """Return when a generation was started, as its person's own clock showed it."""
    local = generation.created_at.astimezone(ZoneInfo(generation.user.time_zone))
    return f"{date_format(local, 'D P')} {generation.user.time_zone}"


class AttemptInline(TabularInline):
    """The provider calls of a generation."""

    model = Attempt
    extra = 0
    can_delete = False
    show_change_link = True
    fields = (
        "number",
        "provider",
        "request_model",
        "response_model",
        "status",
        "error_code",
        "http_status",
        "input_tokens",
        "output_tokens",
        "confidence",
        "first_token_ms",
        "duration_ms",
    )
    readonly_fields = fields
    ordering = ("number",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """Runs, newest first, with the customer, the money and the attempts one click away."""

    list_display = ["when", "outcome", "customer", "template_and_model", "took", "charged_credits"]
    list_filter = [
        "status",
        TimeFilter,
        ("error_code", LatelySeenFilter),
        "template_version__slug",
        ("request_model", LatelySeenFilter),
        related_filter("user", title=_("user")),
        related_filter("workspace", title=_("workspace")),
        related_filter("conversation", title=_("conversation")),
        related_filter("hold", title=_("hold")),
        related_filter("parent", title=_("parent")),
    ]
    list_select_related = ["user", "template_version"]
    search_fields = ["id", "workspace", "hold", "conversation", "request_id"]
    search_help_text = CUSTOMER_SEARCH_HELP
    ordering = ["-id"]
    inlines = [AttemptInline]
    fieldsets = [
        (None, {"fields": ["shown_status", "what_happened", "see_also"]}),
        (_("Who"), {"fields": ["user", "workspace", "customers_time", "account_link"]}),
        (
            _("What"),
            {
                "fields": [
                    "template_version",
                    "request_model",
                    "fallback_models",
                    "output_tokens_max",
                    "finish_reason",
                    "error_code",
                    "stop_reason",
                ]
            },
        ),
        (_("Credits"), {"fields": ["charged_credits", "hold"]}),
        (
            _("When (UTC)"),
            {"fields": ["created_at", "started_at", "finished_at", "took", "cancel_requested_at", "deleted_at"]},
        ),
        (
            _("For engineers"),
            {
                "classes": ["collapse"],
                "fields": ["id", "request_id", "idempotency_key", "fencing_number", "lease_expires_at", "parent"],
            },
        ),
    ]
    readonly_fields = [
        "id",
        "shown_status",
        "what_happened",
        "account_link",
        "customers_time",
        "took",
        "see_also",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        """Leave out what customers wrote and got: it is theirs, and large. Staff see how a run went."""
        return super().get_queryset(request).defer("inputs", "output")

    def search_condition(self, term: str) -> Q:
        """Find the runs of people and of workspaces, too."""
        people = [user.pk for user in find_users(term)]
        return super().search_condition(term) | Q(user__in=people) | Q(workspace__in=find_workspace_ids(term))

    @admin.display(description=_("time (UTC) and customer's clock"), ordering="created_at")
    def when(self, generation: Generation) -> SafeString:
        """Return when it was started, to the second, and below it what the person's own clock showed."""
        at = date_format(generation.created_at.astimezone(UTC), "M j, H:i:s")
        return format_html('{}<br><span class="second-line">{}</span>', at, customers_clock(generation))

    @admin.display(description=_("status"), ordering="status")
    def outcome(self, generation: Generation) -> SafeString:
        """Show the status, and below it why it failed."""
        return format_html(
            '{}<br><span class="second-line">{}</span>', self.shown_status(generation), generation.error_code
        )

    @admin.display(description=_("template and model"), ordering="template_version")
    def template_and_model(self, generation: Generation) -> SafeString:
        """Return the prompt template version, and below it the model asked."""
        template, model = generation.template_version, generation.request_model
        return format_html('{}<br><span class="second-line">{}</span>', template, model)

    @admin.display(description=_("customer"), ordering="user__email")
    def customer(self, generation: Generation) -> SafeString | str:
        """Link to the person."""
        return link_to(generation.user)

    @admin.display(description=_("on the customer's clock"))
    def customers_time(self, generation: Generation) -> str:
        """Return when it was started as the person's own clock showed it, with their time zone."""
        return customers_clock(generation)

    @admin.display(description=_("status"), ordering="status")
    def shown_status(self, generation: Generation) -> SafeString:
        """Show the status in its color."""
        return badge(generation.status, label=generation.get_status_display())

    @admin.display(description=_("what the customer was told"), empty_value="-")
    def what_happened(self, generation: Generation) -> str:
        """Return the sentence of a failure."""
        return str(sentence_for(generation.error_code)) if generation.error_code else ""

    @admin.display(description=_("took"), empty_value="-")
    def took(self, generation: Generation) -> str:
        """Return how long it took from the start of the work, in seconds."""
        if not generation.started_at or not generation.finished_at:
            return ""
        return f"{(generation.finished_at - generation.started_at) / timedelta(seconds=1):.1f} s"

    @admin.display(description=_("credit account"))
    def account_link(self, generation: Generation) -> SafeString | str:
        """Link to the workspace's credit account."""
        return page_link("billing.creditaccount", generation.workspace_id, label=generation.workspace_id)

    def related(self, row: Generation) -> list[Related]:
        """Return the ways to money, meter, and what was run before and after."""
        ways = [
            Related(_("Ledger entry"), "billing.ledgerentry", {"hold": row.hold_id}),
            Related(_("Usage records"), "usage.usagerecord", {"subject_id": row.pk}),
            Related(_("Attempts"), "generation.attempt", {"generation": row.pk}),
            Related(_("Same conversation"), "generation.generation", {"conversation": row.conversation_id}),
            Related(_("All of this person"), "generation.generation", {"user": row.user_id}),
            Related(_("Ledger of the workspace"), "billing.ledgerentry", {"account": row.workspace_id}),
        ]
        if row.request_id:
            ways.append(Related(_("Audit log of this request"), "core.auditentry", {"q": row.request_id}))
        return ways


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Provider calls, newest first."""

    list_display = [
        "created_at",
        "run",
        "customer",
        "number",
        "provider",
        "request_model",
        "shown_status",
        "error_code",
        "first_token_ms",
        "duration_ms",
    ]
    list_filter = [
        "status",
        TimeFilter,
        ("error_code", LatelySeenFilter),
        ("provider", LatelySeenFilter),
        ("request_model", LatelySeenFilter),
        related_filter("generation", title=_("generation")),
    ]
    list_select_related = ["generation__template_version", "generation__user"]
    search_fields = ["id", "generation"]
    search_help_text = CUSTOMER_SEARCH_HELP
    readonly_fields = ["customer", "see_also"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        """Leave out what customers wrote and got."""
        return super().get_queryset(request).defer("generation__inputs", "generation__output")

    def search_condition(self, term: str) -> Q:
        """Find the attempts of a person's runs and of a request, too."""
        people = [user.pk for user in find_users(term)]
        runs = Q(generation__user__in=people) | Q(generation__request_id=term)
        return super().search_condition(term) | runs

    @admin.display(description=_("generation"))
    def run(self, attempt: Attempt) -> SafeString | str:
        """Link to the generation."""
        return link_to(attempt.generation, label=attempt.generation.template_version)

    @admin.display(description=_("customer"))
    def customer(self, attempt: Attempt) -> SafeString | str:
        """Link to the person."""
        return link_to(attempt.generation.user)

    @admin.display(description=_("status"), ordering="status")
    def shown_status(self, attempt: Attempt) -> SafeString:
        """Show the status in its color."""
        return badge(attempt.status, label=attempt.get_status_display())

    def related(self, row: Attempt) -> list[Related]:
        """Return the ways to the usage record and to the other attempts."""
        return [
            Related(_("Usage record"), "usage.usagerecord", {"key": f"attempt:{row.pk}"}),
            Related(_("All attempts of this generation"), "generation.attempt", {"generation": row.generation_id}),
        ]
