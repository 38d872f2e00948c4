"""What was paid, for those who pay: invoices, payments with what refunds and disputes took back, and receipts."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.billing.models import Invoice, Payment
from apps.billing.money import format_money

# Older ones are in Stripe's portal.
SHOWN_MAX = 12


@dataclass(frozen=True)
class Receipt:
    """A payment in words. `trouble` says what went back, and is empty for most."""

    payment: Payment
    title: str
    amount: str
    trouble: str


def list_invoices(workspace_id: UUID) -> QuerySet[Invoice]:
    """Return the newest invoices that were issued to a workspace."""
    issued = Invoice.objects.filter(workspace_id=workspace_id).exclude(status=Invoice.Status.DRAFT)
    return issued.order_by("-issued_at", "-id")[:SHOWN_MAX]


def list_receipts(workspace_id: UUID) -> list[Receipt]:
    """Return the newest payments of a workspace; what moved neither money nor credits is left out. One query."""
    payments = Payment.objects.filter(workspace_id=workspace_id).exclude(amount=0, credits=0)
    return [describe(payment) for payment in payments.order_by("-paid_at", "-id")[:SHOWN_MAX]]


def find_receipt(*, workspace_id: UUID, payment_id: UUID) -> Receipt | None:
    """Return one payment of a workspace, with the grant that it brought."""
    payments = Payment.objects.filter(workspace_id=workspace_id, pk=payment_id)
    payment = payments.select_related("grant_entry__grant").first()
    return describe(payment) if payment else None


def describe(payment: Payment) -> Receipt:
    """Return a payment in words."""
    return Receipt(payment, _title(payment), format_money(payment.amount, payment.currency), _trouble(payment))


def _title(payment: Payment) -> str:
    if payment.kind == Payment.Kind.PLAN:
        return _("Plan") if payment.credits >= 0 else _("Change to a smaller plan")
    credits = ngettext("%(credits)s credit", "%(credits)s credits", payment.credits) % {
        "credits": intcomma(payment.credits)
    }
    return _("Auto top-up: %(credits)s") % {"credits": credits} if payment.kind == Payment.Kind.TOP_UP else credits


def _trouble(payment: Payment) -> str:
    if payment.dispute_status == Payment.DisputeStatus.OPEN:
        return _("Disputed")
    if payment.dispute_status == Payment.DisputeStatus.LOST:
        return _("Returned after a dispute")
    if payment.amount_refunded and payment.amount_refunded >= payment.amount:
        return _("Refunded")
    if payment.amount_refunded:
        return _("%(amount)s refunded") % {"amount": format_money(payment.amount_refunded, payment.currency)}
    return ""
