"""Money that came in: what each payment granted, what refunds and disputes took back, and the refund itself."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing import refunds
from apps.billing.admin.links import OF_WORKSPACE, SalesAdmin, dashboard_link
from apps.billing.forms import RefundForm
from apps.billing.models import Invoice, LedgerEntry, Payment
from apps.billing.money import format_money
from apps.billing.stripe_client import StripeRefusedError
from apps.core.admin_filters import TimeFilter
from apps.core.admin_links import Related, badge, link_to
from apps.core.db import system_scope
from apps.core.errors import DomainError


class TroubleFilter(admin.SimpleListFilter):
    """Payments that did not simply stay."""

    title = gettext_lazy("what became of it")
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("refunded", _("Refunded, in part or whole")),
            ("open", _("Dispute open")),
            ("lost", _("Dispute lost")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
        conditions = {"refunded": Q(amount_refunded__gt=0)}
        conditions |= {status: Q(dispute_status=status) for status in ("open", "lost")}
        return queryset.filter(conditions.get(self.value() or "", Q()))


@admin.register(Payment)
class PaymentAdmin(SalesAdmin):
    """Every payment; "refund" needs a permission of its own."""

    time_field = "paid_at"
    list_display = ["paid_at", "customer", "kind", "shown_amount", "shown_credits", "shown_state"]
    list_filter = ["kind", TroubleFilter, TimeFilter, OF_WORKSPACE]
    search_fields = ["id", "source_key", "stripe_payment_intent_id", "stripe_subscription_id", "workspace"]
    search_help_text = gettext_lazy("An e-mail address or a part of it, an invoice's number, an id, or Stripe's id.")
    ordering = ["-paid_at"]
    fields = [
        "paid_at", "customer", "kind", "shown_amount", "shown_state", "granted", "taken_back",
        "what_was_paid", "payment_at_stripe", "see_also",
    ]  # fmt: skip
    readonly_fields = [
        "customer", "shown_amount", "shown_state", "granted", "taken_back", "what_was_paid", "payment_at_stripe",
        "see_also",
    ]  # fmt: skip
    change_form_template = "admin/billing/payment.html"

    def search_condition(self, term: str) -> Q:
        """Find a payment by Stripe's id of what was paid, or by the number of its invoice, too."""
        invoices = Invoice.objects.filter(number=term).values_list("stripe_id", flat=True)
        keys = [f"checkout:{term}", f"invoice:{term}", f"top_up:{term}", *(f"invoice:{found}" for found in invoices)]
        return super().search_condition(term) | Q(source_key__in=keys)

    def get_urls(self) -> list[URLPattern]:
        """Add the refund beside the admin's own addresses."""
        refund = self.admin_site.admin_view(self.refund)
        return [path("<uuid:payment_id>/refund/", refund, name="billing_payment_refund"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Offer the refund where something is left to return."""
        payment = self.get_object(request, object_id)
        can_refund = bool(payment and refunds.refundable(payment) and request.user.has_perm("billing.refund_payment"))
        return super().change_view(request, object_id, form_url, {"can_refund": can_refund, **(extra_context or {})})

    def refund(self, request: HttpRequest, payment_id: UUID) -> HttpResponse:
        """Ask how much, show what that takes back, then return the money; the same form returns it once."""
        if not request.user.has_perm("billing.refund_payment"):
            raise PermissionDenied
        page = reverse("admin:billing_payment_change", args=[payment_id])
        with system_scope():
            payment = get_object_or_404(Payment.objects.select_related("workspace", "grant_entry"), pk=payment_id)
            was_refunded = refunds.was_refunded(payment.pk, key=request.POST.get("key", ""))
            rest = refunds.refundable(payment)
            form = RefundForm(request.POST or None, currency=payment.currency, rest=rest)
            preview = refunds.preview(payment, amount=form.cleaned_data["minor_units"]) if form.is_valid() else None
        if was_refunded:
            messages.success(request, _("This was done before: nothing changed."))
            return redirect(page)
        if preview and "confirmed" in request.POST and self._refunded(request, payment=payment, form=form):
            return redirect(page)
        context = self.admin_site.each_context(request) | {
            "title": _("Refund"),
            "opts": self.model._meta,
            "payment": payment,
            "form": form,
            "preview": preview if form.is_valid() else None,
            "amount": format_money(preview.amount, payment.currency) if preview else "",
            "rest": format_money(rest, payment.currency) if rest else "",
        }
        return TemplateResponse(request, "admin/billing/refund_payment.html", context)

    # Stripe is never asked within a transaction.
    refund.opens_scopes = True  # type: ignore[attr-defined]

    def _refunded(self, request: HttpRequest, *, payment: Payment, form: RefundForm) -> bool:
        given = form.cleaned_data
        actor = f"user:{request.user.pk}"
        try:
            refunds.refund(
                payment=payment,
                amount=given["minor_units"],
                key=str(given["key"]),
                actor=actor,
                reason=given["reason"],
            )
        except StripeRefusedError as error:
            form.add_error(None, _("Stripe refused: %(message)s") % {"message": error.message})
            return False
        except DomainError as error:
            form.add_error(None, str(error.sentence))
            return False
        messages.success(request, _("The money is on its way back, and the credits that it brought are taken back."))
        return True

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def shown_amount(self, payment: Payment) -> str:
        """Return what was paid, as money."""
        return format_money(payment.amount, payment.currency)

    @admin.display(description=gettext_lazy("credits"), ordering="credits")
    def shown_credits(self, payment: Payment) -> SafeString | str:
        """Return what it brought, and on a second line what was taken back of it."""
        granted = intcomma(payment.credits)
        if not payment.credits_taken_back:
            return granted
        taken = _("%(credits)s taken back") % {"credits": intcomma(payment.credits_taken_back)}
        return format_html('{} <div class="second-line">{}</div>', granted, taken)

    @admin.display(description=gettext_lazy("what became of it"))
    def shown_state(self, payment: Payment) -> SafeString:
        """Show in its color what was returned and what is disputed."""
        return format_html_join(" ", "{}", ((shown,) for shown in _states(payment)))

    @admin.display(description=gettext_lazy("credits granted"))
    def granted(self, payment: Payment) -> SafeString | str:
        """Link to the entry that granted; a change to a cheaper plan takes back instead."""
        if payment.grant_entry is None:
            return intcomma(payment.credits)
        return link_to(payment.grant_entry, label=f"+{intcomma(payment.credits)}")

    @admin.display(description=gettext_lazy("credits taken back"))
    def taken_back(self, payment: Payment) -> SafeString | str:
        """List the entries that refunds and disputes led to, also those that a won dispute brought back."""
        rows = [
            (date_format(entry.created_at, "Y-m-d H:i"), link_to(entry, label=f"{entry.amount:+,}"), entry.note)
            for entry in list_corrections(payment)
        ]
        if not rows:
            return "-"
        listed = format_html_join("", '<li>{} {} <span class="second-line">{}</span></li>', rows)
        return format_html('<ul class="corrections">{}</ul>', listed)

    @admin.display(description=gettext_lazy("what was paid"))
    def what_was_paid(self, payment: Payment) -> SafeString | str:
        """Link to Stripe's page of the checkout session or the invoice."""
        return dashboard_link(payment.source_key.partition(":")[2])

    @admin.display(description=gettext_lazy("payment at Stripe"))
    def payment_at_stripe(self, payment: Payment) -> SafeString | str:
        """Link to Stripe's page of the payment."""
        return dashboard_link(payment.stripe_payment_intent_id)

    def related(self, row: Payment) -> list[Related]:
        """Return the ways to what was paid for, to what it became, and to who refunded it."""
        kind, _colon, name = row.source_key.partition(":")
        models = {"checkout": "billing.checkoutsession", "invoice": "billing.invoice", "top_up": "billing.topup"}
        ways = [Related(_("What was paid"), models[kind], {"q": name})] if kind in models else []
        if row.grant_entry:
            ways.append(
                Related(_("All entries of its grant"), "billing.ledgerentry", {"grant": row.grant_entry.grant_id})
            )
        if row.stripe_subscription_id:
            ways.append(Related(_("Subscription"), "billing.subscription", {"q": row.stripe_subscription_id}))
        if row.stripe_payment_intent_id:
            ways.append(Related(_("Events about it"), "billing.webhookevent", {"q": row.stripe_payment_intent_id}))
        return [*ways, Related(_("Audit log"), "core.auditentry", {"q": f"payment:{row.pk}"})]


def list_corrections(payment: Payment) -> QuerySet[LedgerEntry]:
    """Return the entries that took credits of a payment back, or brought them back, in order."""
    keys = [f"payment:{payment.pk}:correction:{number}" for number in range(1, payment.correction_count + 1)]
    return LedgerEntry.objects.filter(account=payment.workspace_id, idempotency_key__in=keys).order_by("position")


def _states(payment: Payment) -> Iterator[SafeString]:
    if payment.amount_refunded:
        amount = format_money(payment.amount_refunded, payment.currency)
        yield badge("expired", label=_("%(amount)s refunded") % {"amount": amount})
    if payment.dispute_status == Payment.DisputeStatus.WON:
        yield badge("succeeded", label=_("Dispute won"))
    elif payment.dispute_status != Payment.DisputeStatus.NONE:
        amount = format_money(payment.amount_disputed, payment.currency)
        is_open = payment.dispute_status == Payment.DisputeStatus.OPEN
        yield badge(
            "failed", label=(_("%(amount)s disputed") if is_open else _("%(amount)s lost")) % {"amount": amount}
        )
