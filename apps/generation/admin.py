"""Generations and attempts in the admin: found by address, request id or time; read, never changed."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.core.admin import ReadOnlyAdmin
from apps.generation.models import Attempt, Generation, PromptTemplateVersion

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Attempt, Generation]
else:
    TabularInline = admin.TabularInline


class AttemptInline(TabularInline):
    """The provider calls of a generation."""

    model = Attempt
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ("number", "provider", "request_model", "status", "error_code", "output_tokens", "duration_ms")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """Runs, newest first, with the money and the attempts one click away."""

    list_display = [
        "created_at",
        "user",
        "template_version",
        "request_model",
        "status",
        "error_code",
        "charged_credits",
    ]
    list_filter = ["status", "error_code", "request_model"]
    list_select_related = ["user", "template_version"]
    search_fields = ["user__email", "request_id", "id"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    inlines = [AttemptInline]
    readonly_fields = ["account_link"]
    # What customers wrote and got is theirs: staff see how a run went, not what it says.
    exclude = ["inputs", "output", "fingerprint"]

    @admin.display(description=_("credit account"))
    def account_link(self, generation: Generation) -> SafeString:
        """Link to the workspace's credit account."""
        address = reverse("admin:billing_creditaccount_change", args=[generation.workspace_id])
        return format_html('<a href="{}">{}</a>', address, generation.workspace_id)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Provider calls, newest first."""

    list_display = ["created_at", "generation", "number", "request_model", "status", "error_code", "duration_ms"]
    list_filter = ["status", "error_code", "provider", "request_model"]
    list_select_related = ["generation__template_version"]
    search_fields = ["generation__user__email", "generation__request_id", "generation__id"]
    date_hierarchy = "created_at"
    ordering = ["-id"]


@admin.register(PromptTemplateVersion)
class PromptTemplateVersionAdmin(ReadOnlyAdmin):
    """What was published, and when."""

    list_display = ["slug", "number", "created_at"]
    list_filter = ["slug"]
    ordering = ["slug", "-number"]
