"""What customers allow, what was bought by itself, and what was used beyond a balance."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.admin import CustomerRowsAdmin
from apps.billing.admin.links import OF_WORKSPACE, SalesAdmin, dashboard_link
from apps.billing.models import OverageReport, SpendingRules, TopUp
from apps.billing.money import format_money
from apps.core.admin_filters import TimeFilter
from apps.core.admin_links import Related, badge, link_to


@admin.register(SpendingRules)
class SpendingRulesAdmin(CustomerRowsAdmin):
    """The caps and automatic purchases that customers have set."""

    list_display = ["updated_at", "customer", "monthly_cap_credits", "tops_up", "top_up_pack", "overage_cap_credits"]
    list_filter = ["tops_up", OF_WORKSPACE]
    search_fields = ["workspace"]
    ordering = ["-updated_at"]
    readonly_fields = ["customer", "see_also"]

    def related(self, row: SpendingRules) -> list[Related]:
        """Return the ways to what the rules led to, and to who changed them."""
        return [
            Related(_("Top-ups"), "billing.topup", {"workspace": row.pk}),
            Related(_("Overage"), "billing.overagereport", {"workspace": row.pk}),
            Related(_("Audit log"), "core.auditentry", {"q": f"workspace:{row.pk}"}),
        ]


@admin.register(TopUp)
class TopUpAdmin(SalesAdmin):
    """Purchases that were made because a balance ran low."""

    list_display = ["created_at", "customer", "pack", "price", "credits", "shown_status", "error", "ended_at"]
    list_filter = ["status", TimeFilter, OF_WORKSPACE]
    search_fields = ["id", "stripe_payment_intent_id", "workspace"]
    ordering = ["-id"]
    readonly_fields = ["customer", "price", "at_stripe", "see_also"]

    @admin.display(description=gettext_lazy("price"), ordering="price_amount")
    def price(self, top_up: TopUp) -> str:
        """Return what it costs, as money."""
        return format_money(top_up.price_amount, top_up.currency)

    @admin.display(description=gettext_lazy("at Stripe"))
    def at_stripe(self, row: TopUp) -> SafeString | str:
        """Link to Stripe's page of the payment."""
        return dashboard_link(row.stripe_payment_intent_id)

    def related(self, row: TopUp) -> list[Related]:
        """Return the ways to its payment and to the rules behind it."""
        ways = [Related(_("Spending rules"), "billing.spendingrules", {"workspace": row.workspace_id})]
        if row.stripe_payment_intent_id:
            ways.insert(0, Related(_("Payment"), "billing.payment", {"q": row.stripe_payment_intent_id}))
        return ways


@admin.register(OverageReport)
class OverageReportAdmin(CustomerRowsAdmin):
    """Credits beyond a balance, and whether Stripe's meter knows of them."""

    list_display = ["created_at", "customer", "credits", "shown_report", "attempts", "reported_at", "error"]
    list_filter = [("reported_at", admin.EmptyFieldListFilter), TimeFilter, OF_WORKSPACE]
    search_fields = ["entry", "stripe_subscription_id", "workspace"]
    ordering = ["-entry"]
    readonly_fields = ["customer", "ledger_entry", "subscription_at_stripe", "see_also"]

    @admin.display(description=gettext_lazy("report"), ordering="reported_at")
    def shown_report(self, report: OverageReport) -> SafeString:
        """Show in its color whether Stripe was told."""
        if report.reported_at:
            return badge("processed", label=_("Reported"))
        return badge("failed" if report.error else "queued", label=_("Not reported"))

    @admin.display(description=gettext_lazy("ledger entry"))
    def ledger_entry(self, report: OverageReport) -> SafeString | str:
        """Link to the grant that it is about."""
        return link_to(report.entry)

    @admin.display(description=gettext_lazy("subscription at Stripe"))
    def subscription_at_stripe(self, report: OverageReport) -> SafeString | str:
        """Link to Stripe's page of the subscription."""
        return dashboard_link(report.stripe_subscription_id)

    def related(self, row: OverageReport) -> list[Related]:
        """Return the ways to the subscription that pays for it, and to the rules that allow it."""
        return [
            Related(_("Subscription"), "billing.subscription", {"q": row.stripe_subscription_id}),
            Related(_("Spending rules"), "billing.spendingrules", {"workspace": row.workspace_id}),
        ]
