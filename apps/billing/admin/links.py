"""What the lists of sales show alike: ways to Stripe's dashboard, money, and statuses in their colors."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin import CustomerRowsAdmin
from apps.billing import stripe_client
from apps.billing.money import format_money
from apps.core.admin_filters import related_filter
from apps.core.admin_links import badge

DASHBOARD = "https://dashboard.stripe.com"
PAGES = {"cus": "customers", "evt": "events", "in": "invoices", "pi": "payments", "sub": "subscriptions"}
OF_WORKSPACE = related_filter("workspace", title=_("workspace"))


class SalesAdmin(CustomerRowsAdmin):
    """Rows that mirror an object of Stripe's: found by people, by Stripe's id, and led to Stripe's own page of it."""

    list_select_related = ["workspace"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load the workspace with each row."""
        rows: QuerySet[Any] = super().get_queryset(request).select_related("workspace")
        return rows

    @admin.display(description=_("status"), ordering="status")
    def shown_status(self, row: Any) -> SafeString:
        """Show the status in its color."""
        return badge(row.status, label=row.get_status_display())

    @admin.display(description=_("at Stripe"))
    def at_stripe(self, row: Any) -> SafeString | str:
        """Link to Stripe's page of the object."""
        return dashboard_link(row.stripe_id)


def dashboard_link(stripe_id: str | None) -> SafeString | str:
    """Link to Stripe's page of an object, in test or live mode as the key is; the id alone where there is none."""
    if not stripe_id:
        return "-"
    if settings.STRIPE_API_BASE:
        return stripe_id
    mode = "" if stripe_client.is_live() else "/test"
    page = PAGES.get(stripe_id.partition("_")[0])
    address = f"{page}/{stripe_id}" if page else f"search?{urlencode({'query': stripe_id})}"
    return format_html(
        '<a href="{}{}/{}" target="_blank" rel="noopener noreferrer">{}</a>', DASHBOARD, mode, address, stripe_id
    )


def money(amount: int, currency: str) -> str:
    """Return an amount for a list; nothing is a dash."""
    return format_money(amount, currency) if amount else "-"
