"""Balances, ledger, holds and grants: to read; a balance is corrected through an adjustment alone."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.admin import CustomerRowsAdmin, related_to_workspace
from apps.accounts.models import Workspace
from apps.billing import ledger
from apps.billing.answers import Entry
from apps.billing.figures import GRANTED, SPENT
from apps.billing.forms import AdjustmentForm
from apps.billing.models import CreditAccount, CreditGrant, Hold, LedgerEntry, Payment
from apps.core import audit
from apps.core.admin_filters import TimeFilter, related_filter
from apps.core.admin_links import Related, badge, link_to
from apps.core.db import system_scope
from apps.core.errors import DomainError

OF_ACCOUNT = related_filter("account", title=gettext_lazy("credit account"))


class BalanceFilter(admin.SimpleListFilter):
    """Accounts that staff should look at."""

    title = gettext_lazy("balance")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("debt", _("In debt")), ("held", _("With open holds")), ("empty", _("Nothing available"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CreditAccount]) -> QuerySet[CreditAccount]:
        conditions = {"debt": Q(debt__gt=0), "held": Q(held__gt=0), "empty": Q(balance__lte=F("held"))}
        return queryset.filter(conditions.get(self.value() or "", Q()))


@admin.register(CreditAccount)
class CreditAccountAdmin(CustomerRowsAdmin):
    """Balances, found by the address of a member; "adjust credits" needs a permission of its own."""

    list_display = ["shown_workspace", "customer", "balance", "held", "available", "debt", "created_at"]
    list_filter = [BalanceFilter]
    list_select_related = ["workspace"]
    search_fields = ["workspace"]
    readonly_fields = ["available", "customer", "see_also"]
    ordering = ["-pk"]
    change_form_template = "admin/billing/credit_account.html"

    @admin.display(description=gettext_lazy("workspace"), ordering="workspace__name")
    def shown_workspace(self, account: CreditAccount) -> str:
        """Return the workspace's name."""
        return account.workspace.name

    def related(self, row: CreditAccount) -> list[Related]:
        """Return the ways to what the account is made of."""
        return related_to_workspace(row.pk)[1:]

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
        except DomainError as error:
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


class DirectionFilter(admin.SimpleListFilter):
    """What came in, or what was spent."""

    title = gettext_lazy("direction")
    parameter_name = "direction"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("granted", _("Granted")), ("spent", _("Spent")), ("other", _("Anything else"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        conditions = {"granted": GRANTED, "spent": SPENT, "other": ~(GRANTED | SPENT)}
        return queryset.filter(conditions.get(self.value() or "", Q()))


@admin.register(LedgerEntry)
class LedgerEntryAdmin(CustomerRowsAdmin):
    """Every movement of credits."""

    workspace_field = "account"
    list_display = ["created_at", "customer", "kind", "amount", "balance_after", "debt_after", "why", "request_id"]
    list_filter = [
        TimeFilter,
        "kind",
        DirectionFilter,
        OF_ACCOUNT,
        related_filter("hold", title=gettext_lazy("hold")),
        related_filter("grant", title=gettext_lazy("grant")),
        related_filter("reverses", title=gettext_lazy("reversed entry")),
    ]
    search_fields = ["id", "account", "hold", "request_id"]
    readonly_fields = ["customer", "see_also"]
    ordering = ["-id"]

    @admin.display(description=gettext_lazy("why"))
    def why(self, entry: LedgerEntry) -> str:
        """Return what staff wrote, or else the key that names the reason."""
        return entry.note or entry.idempotency_key

    def related(self, row: LedgerEntry) -> list[Related]:
        """Return the ways to what the entry was for and to what it belongs with."""
        ways = [Related(_("All of this account"), "billing.ledgerentry", {"account": row.account_id})]
        ways.append(Related(_("Reversed by"), "billing.ledgerentry", {"reverses": row.pk}))
        payment = Payment.objects.filter(grant_entry__grant=row.grant_id).first() if row.grant_id else None
        if payment:
            ways.insert(0, Related(_("Payment"), "billing.payment", {"q": payment.pk}))
        if row.hold_id:
            ways.insert(0, Related(_("Generation"), "generation.generation", {"hold": row.hold_id}))
        if row.grant_id:
            ways.append(Related(_("All of this grant"), "billing.ledgerentry", {"grant": row.grant_id}))
        if row.request_id:
            ways.append(Related(_("Generations of this request"), "generation.generation", {"q": row.request_id}))
            ways.append(Related(_("Audit log of this request"), "core.auditentry", {"q": row.request_id}))
        return ways


@admin.register(Hold)
class HoldAdmin(CustomerRowsAdmin):
    """Credits reserved for work in progress."""

    workspace_field = "account"
    time_field = "placed_at"
    list_display = ["placed_at", "customer", "shown_status", "amount", "captured_amount", "expires_at", "ended_at"]
    list_filter = [TimeFilter, "status", OF_ACCOUNT]
    search_fields = ["id", "account"]
    readonly_fields = ["customer", "capture", "see_also"]
    ordering = ["-id"]

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def shown_status(self, hold: Hold) -> SafeString:
        """Show the status in its color."""
        return badge(hold.status, label=hold.get_status_display())

    @admin.display(description=gettext_lazy("capture"))
    def capture(self, hold: Hold) -> SafeString | str:
        """Link to the entry that captured."""
        return link_to(LedgerEntry.objects.filter(hold=hold).first())

    def related(self, row: Hold) -> list[Related]:
        """Return the ways to the work that it was placed for, and to the account."""
        return [
            Related(_("Generation"), "generation.generation", {"hold": row.pk}),
            Related(_("Ledger entry"), "billing.ledgerentry", {"hold": row.pk}),
            Related(_("Holds of this account"), "billing.hold", {"account": row.account_id}),
        ]


@admin.register(CreditGrant)
class CreditGrantAdmin(CustomerRowsAdmin):
    """Credits that came in together."""

    workspace_field = "account"
    list_display = ["created_at", "customer", "source", "amount", "remaining", "expires_at"]
    list_filter = [TimeFilter, "source", OF_ACCOUNT]
    search_fields = ["id", "account"]
    readonly_fields = ["customer", "see_also"]
    ordering = ["-id"]

    def related(self, row: CreditGrant) -> list[Related]:
        """Return the ways to its entries and to the account."""
        return [
            Related(_("Ledger entries"), "billing.ledgerentry", {"grant": row.pk}),
            Related(_("Grants of this account"), "billing.creditgrant", {"account": row.account_id}),
        ]
