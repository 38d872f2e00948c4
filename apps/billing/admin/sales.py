"""Customers of Stripe's, what they were offered, what they subscribed to, and their invoices."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.admin import related_to_workspace
from apps.billing.admin.links import OF_WORKSPACE, SalesAdmin, dashboard_link
from apps.billing.models import CheckoutSession, Customer, Invoice, Subscription
from apps.billing.money import format_money
from apps.core.admin_filters import LatelySeenFilter, TimeFilter
from apps.core.admin_links import Related, badge

UNCOLLECTED = Q(status=Invoice.Status.OPEN, attempt_count__gt=0)


@admin.register(Customer)
class CustomerAdmin(SalesAdmin):
    """Workspaces as Stripe knows them."""

    list_display = ["created_at", "customer", "at_stripe"]
    list_filter = [OF_WORKSPACE]
    search_fields = ["stripe_id", "workspace"]
    search_help_text = gettext_lazy("An e-mail address or a part of it, a workspace's name or id, or Stripe's id.")
    ordering = ["-created_at"]
    readonly_fields = ["customer", "at_stripe", "see_also"]

    def related(self, row: Customer) -> list[Related]:
        """Return the ways to what the customer bought and has."""
        return related_to_workspace(row.pk)


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(SalesAdmin):
    """Who wanted to buy what, and what became of it."""

    list_display = [
        "created_at",
        "customer",
        "kind",
        "offer",
        "price",
        "credits",
        "shown_status",
        "is_paid",
        "has_failed",
    ]
    list_filter = [TimeFilter, "status", "is_paid", "kind", OF_WORKSPACE]
    search_fields = ["id", "stripe_id", "workspace"]
    search_help_text = gettext_lazy("An e-mail address or a part of it, an id, or Stripe's id.")
    ordering = ["-id"]
    # Whoever has the address of an open session could pay it in the customer's name.
    exclude = ["url"]
    readonly_fields = ["customer", "price", "at_stripe", "see_also"]

    @admin.display(description=gettext_lazy("price"), ordering="price_amount")
    def price(self, session: CheckoutSession) -> str:
        """Return what was offered, as money."""
        return format_money(session.price_amount, session.currency)

    def related(self, row: CheckoutSession) -> list[Related]:
        """Return the ways to what was paid in it."""
        ways = [Related(_("Payments of this customer"), "billing.payment", {"workspace": row.workspace_id})]
        if row.stripe_id:
            ways.insert(0, Related(_("Payment"), "billing.payment", {"q": row.stripe_id}))
            ways.append(Related(_("Events about it"), "billing.webhookevent", {"q": row.stripe_id}))
        return ways


class StandingFilter(admin.SimpleListFilter):
    """Those that may still ask for money, and those that are over."""

    title = gettext_lazy("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("live", _("Live")),
            ("begun", _("Paid or tried, live or over")),
            ("ending", _("Canceled, but not ended")),
            ("over", _("Over")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> QuerySet[Subscription]:
        live = Q(status__in=Subscription.LIVE)
        begun = ~Q(status__in=[Subscription.Status.INCOMPLETE, Subscription.Status.INCOMPLETE_EXPIRED])
        conditions = {"live": live, "begun": begun, "ending": live & Q(cancel_at__isnull=False), "over": ~live}
        return queryset.filter(conditions.get(self.value() or "", Q()))


@admin.register(Subscription)
class SubscriptionAdmin(SalesAdmin):
    """Who has which plan, until when, and who is overdue."""

    time_field = "started_at"
    list_display = ["started_at", "customer", "plan", "interval", "shown_status", "current_period_end", "cancel_at"]
    list_filter = [StandingFilter, "status", ("plan", LatelySeenFilter), TimeFilter, OF_WORKSPACE]
    search_fields = ["id", "stripe_id", "workspace"]
    search_help_text = gettext_lazy("An e-mail address or a part of it, an id, or Stripe's id.")
    ordering = ["-started_at"]
    readonly_fields = ["customer", "at_stripe", "see_also"]

    def related(self, row: Subscription) -> list[Related]:
        """Return the ways to what was paid for it."""
        return [
            Related(_("Payments"), "billing.payment", {"q": row.stripe_id}),
            Related(_("Invoices"), "billing.invoice", {"q": row.stripe_id}),
            Related(_("Events about it"), "billing.webhookevent", {"q": row.stripe_id}),
            Related(_("Overage"), "billing.overagereport", {"workspace": row.workspace_id}),
        ]


class CollectionFilter(admin.SimpleListFilter):
    """Invoices whose money did not come at the first try."""

    title = gettext_lazy("collection")
    parameter_name = "collection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("failed", _("Payment failed, still open"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> QuerySet[Invoice]:
        return queryset.filter(UNCOLLECTED if self.value() == "failed" else Q())


@admin.register(Invoice)
class InvoiceAdmin(SalesAdmin):
    """What Stripe has invoiced, and whether the money came."""

    time_field = "issued_at"
    list_display = ["issued_at", "customer", "number", "shown_status", "shown_total", "attempt_count", "paid_at"]
    list_filter = [CollectionFilter, "status", TimeFilter, OF_WORKSPACE]
    search_fields = ["id", "stripe_id", "number", "stripe_subscription_id", "workspace"]
    search_help_text = gettext_lazy("An e-mail address or a part of it, an invoice's number, an id, or Stripe's id.")
    ordering = ["-issued_at"]
    readonly_fields = ["customer", "shown_total", "at_stripe", "subscription_at_stripe", "see_also"]

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def shown_status(self, row: Invoice) -> SafeString:
        """Show the status in its color; one that could not be collected stands out."""
        failed = row.status == Invoice.Status.OPEN and row.attempt_count > 0
        return badge(
            "failed" if failed else row.status, label=_("Payment failed") if failed else row.get_status_display()
        )

    @admin.display(description=gettext_lazy("total"), ordering="total")
    def shown_total(self, invoice: Invoice) -> str:
        """Return the total as money."""
        return format_money(invoice.total, invoice.currency)

    @admin.display(description=gettext_lazy("subscription at Stripe"))
    def subscription_at_stripe(self, invoice: Invoice) -> SafeString | str:
        """Link to Stripe's page of the subscription."""
        return dashboard_link(invoice.stripe_subscription_id)

    def related(self, row: Invoice) -> list[Related]:
        """Return the ways to its payment, its subscription and its events."""
        ways = [
            Related(_("Payment"), "billing.payment", {"q": row.stripe_id}),
            Related(_("Events about it"), "billing.webhookevent", {"q": row.stripe_id}),
        ]
        if row.stripe_subscription_id:
            ways.insert(1, Related(_("Subscription"), "billing.subscription", {"q": row.stripe_subscription_id}))
        return ways
