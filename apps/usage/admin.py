"""The meter in the admin: to read, never to change."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.usage.models import DailyTotal, UsageRecord


@admin.register(UsageRecord)
class UsageRecordAdmin(ReadOnlyAdmin):
    """Every attempt: what it used, what was charged, what it cost."""

    list_display = [
        "created_at",
        "workspace",
        "feature",
        "template",
        "request_model",
        "input_tokens",
        "output_tokens",
        "confidence",
        "charged_credits",
        "capped",
        "cost_usd_micros",
    ]
    list_filter = ["confidence", "capped", "feature"]
    # A request id is searched exactly, so that its index is used.
    search_fields = ["workspace__name", "request_id__exact"]
    list_select_related = ["workspace"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]


@admin.register(DailyTotal)
class DailyTotalAdmin(ReadOnlyAdmin):
    """Usage over all customers, as of the job's last run."""

    list_display = [
        "day",
        "model",
        "records",
        "input_tokens",
        "cached_input_tokens",
        "output_tokens",
        "charged_credits",
        "cost_usd_micros",
    ]
    list_filter = ["model"]
    search_fields = ["model"]
    date_hierarchy = "day"
    ordering = ["-day", "model"]
