"""The meter in the admin: to read, never to change."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin import CustomerRowsAdmin
from apps.core.admin import ReadOnlyAdmin
from apps.core.admin_filters import LatelySeenFilter, TimeFilter, related_filter
from apps.core.admin_links import Related, page_link
from apps.usage.models import DailyTotal, DailyUsage, UsageRecord

OF_WORKSPACE = related_filter("workspace", title=_("workspace"))


@admin.register(UsageRecord)
class UsageRecordAdmin(CustomerRowsAdmin):
    """Every attempt: what it used, what was charged, what it cost."""

    list_display = [
        "created_at",
        "customer",
        "subject",
        "template",
        "request_model",
        "input_tokens",
        "output_tokens",
        "confidence",
        "charged_credits",
        "capped",
        "cost_usd_micros",
    ]
    list_filter = [
        TimeFilter,
        "confidence",
        "capped",
        ("template", LatelySeenFilter),
        ("request_model", LatelySeenFilter),
        ("provider", LatelySeenFilter),
        ("feature", LatelySeenFilter),
        OF_WORKSPACE,
        related_filter("user", title=_("user")),
        related_filter("subject_id", title=_("subject")),
        related_filter("key", title=_("business key")),
    ]
    search_fields = ["id", "subject_id", "request_id"]
    readonly_fields = ["see_also"]
    ordering = ["-id"]

    @admin.display(description=_("what for"))
    def subject(self, record: UsageRecord) -> SafeString | str:
        """Link to what was metered: the page is found by the feature's name."""
        return page_link(f"{record.feature}.{record.feature}", record.subject_id, label=record.feature)

    def related(self, row: UsageRecord) -> list[Related]:
        """Return the ways to what was metered and to what was paid."""
        return [
            Related(_("What it was for"), f"{row.feature}.{row.feature}", {"q": row.subject_id}),
            Related(_("Usage of the same run"), "usage.usagerecord", {"subject_id": row.subject_id}),
            Related(_("Credit account"), "billing.creditaccount", {"q": row.workspace_id}),
            Related(_("Ledger"), "billing.ledgerentry", {"account": row.workspace_id}),
        ]


@admin.register(DailyUsage)
class DailyUsageAdmin(CustomerRowsAdmin):
    """Usage of one customer by day, model and template."""

    list_display = ["day", "customer", "model", "template", "records", "charged_credits", "cost_usd_micros"]
    list_filter = [OF_WORKSPACE, ("model", LatelySeenFilter), ("template", LatelySeenFilter)]
    search_fields = ["workspace"]
    date_hierarchy = "day"
    ordering = ["-day", "-pk"]


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
    list_filter = [("model", LatelySeenFilter)]
    search_fields = ["model"]
    search_help_text = _("The model's whole name.")
    date_hierarchy = "day"
    ordering = ["-day", "model"]
