"""The ledger in the admin: to read; a balance is corrected through an adjustment alone."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import Workspace
from apps.billing import ledger
from apps.billing.answers import Entry
from apps.billing.forms import AdjustmentForm
from apps.billing.models import CreditAccount, CreditGrant, Hold, LedgerEntry, WebhookEvent
from apps.core import audit
from apps.core.admin import ReadOnlyAdmin
from apps.core.db import system_scope

MEMBER_EMAIL = "account__workspace__members__email"


@admin.register(CreditAccount)
class CreditAccountAdmin(ReadOnlyAdmin):
    """Balances, found by the address of a member; "adjust credits" needs a permission of its own."""

    list_display = ["workspace", "balance", "held", "available", "debt", "created_at"]
    search_fields = ["workspace__members__email", "workspace__name", "workspace__id"]
    list_select_related = ["workspace"]
    readonly_fields = ["available"]
    ordering = ["-created_at"]
    change_form_template = "admin/billing/credit_account.html"

    @admin.display(description=gettext_lazy("available"))
    def available(self, account: CreditAccount) -> int:
        """Return what a new hold may reserve."""
        return account.available

    def get_urls(self) -> list[URLPattern]:
        """Add the adjustment beside the admin's own addresses."""
        adjust = self.admin_site.admin_view(self.adjust)
        return [path("<uuid:workspace_id>/adjust/", adjust, name="billing_creditaccount_adjust"), *super().get_urls()]

    def adjust(self, request: HttpRequest, workspace_id: UUID) -> HttpResponse:
        """Show the form, or correct the balance; the entry and its audit entry are written together or not at all."""
        if not request.user.has_perm("billing.adjust_credits"):
            raise PermissionDenied
        workspace = get_object_or_404(Workspace, pk=workspace_id)
        form = AdjustmentForm(request.POST or None)
        if form.is_valid() and self._adjusted(request, workspace=workspace, form=form):
            return redirect(reverse("admin:billing_creditaccount_change", args=[workspace.pk]))
        context = self.admin_site.each_context(request) | {
            "title": _("Adjust credits"),
            "opts": self.model._meta,
            "workspace": workspace,
            "form": form,
        }
        return TemplateResponse(request, "admin/billing/adjust_credits.html", context)

    def _adjusted(self, request: HttpRequest, *, workspace: Workspace, form: AdjustmentForm) -> bool:
        try:
            entry = _write_adjustment(request, workspace=workspace, data=form.cleaned_data)
        except (ledger.InsufficientCreditsError, ledger.IdempotencyConflictError) as error:
            form.add_error(None, str(error.sentence))
            return False
        sentence = _("This was done before: nothing changed.") if entry.repeated else _("The credits are adjusted.")
        messages.success(request, f"{sentence} {entry.amount_credits:+d} → {entry.balance_after}")
        return True


def _write_adjustment(request: HttpRequest, *, workspace: Workspace, data: dict[str, Any]) -> Entry:
    actor = f"user:{request.user.pk}"
    with system_scope():
        entry = ledger.adjust(
            workspace_id=workspace.pk,
            amount_credits=data["amount"],
            idempotency_key=f"adjustment:{data['key']}",
            actor=actor,
            note=data["reason"],
        )
        if not entry.repeated:
            audit.record(
                actor=actor,
                action="credits_adjusted",
                subject=f"workspace:{workspace.pk}",
                amount=data["amount"],
                reason=data["reason"],
                entry=str(entry.id),
            )
    return entry


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    """Every movement of credits."""

    list_display = ["created_at", "account", "kind", "amount", "balance_after", "debt_after", "note", "request_id"]
    list_filter = ["kind"]
    search_fields = [MEMBER_EMAIL, "request_id", "idempotency_key", "account__workspace__id"]
    list_select_related = ["account__workspace"]
    date_hierarchy = "created_at"
    ordering = ["-id"]


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """Credits reserved for work in progress."""

    list_display = ["placed_at", "account", "status", "amount", "captured_amount", "expires_at", "ended_at"]
    list_filter = ["status"]
    search_fields = [MEMBER_EMAIL, "id", "idempotency_key", "account__workspace__id"]
    list_select_related = ["account__workspace"]
    date_hierarchy = "placed_at"
    ordering = ["-id"]


@admin.register(CreditGrant)
class CreditGrantAdmin(ReadOnlyAdmin):
    """Credits that came in together."""

    list_display = ["created_at", "account", "source", "amount", "remaining", "expires_at"]
    list_filter = ["source"]
    search_fields = [MEMBER_EMAIL, "id", "idempotency_key", "account__workspace__id"]
    list_select_related = ["account__workspace"]
    date_hierarchy = "created_at"
    ordering = ["-id"]


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """What Stripe told us; the payload only on an event's own page."""

    list_display = ["received_at", "type", "stripe_id", "status", "attempts", "error"]
    list_filter = ["status"]
    search_fields = ["stripe_id", "type"]
    date_hierarchy = "received_at"
    ordering = ["-id"]
