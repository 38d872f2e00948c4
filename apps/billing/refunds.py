"""Refunds by staff: what one will take back, told before; and the refund itself, with who gave it and why."""

from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from apps.billing import payments, selectors
from apps.billing.models import Payment
from apps.core import audit
from apps.core.db import system_scope
from apps.core.models import AuditEntry

REQUESTED, REFUNDED = "refund_requested", "payment_refunded"


class Preview(NamedTuple):
    """What a refund of so many minor units does: credits that it takes back, and how many of them are spent already."""

    amount: int
    credits: int
    debt: int


def refundable(payment: Payment) -> int:
    """Return the minor units of a payment that can still be returned."""
    return payment.amount - payment.amount_refunded if payment.stripe_payment_intent_id else 0


def preview(payment: Payment, *, amount: int) -> Preview:
    """Return what a refund will take back. Within a scope."""
    gone = payment.amount_refunded + payment.amount_disputed
    wanted = payments.credits_to_take_back(payment, amount=gone + amount) - payment.credits_taken_back
    credits = min(max(wanted, 0), payments.standing_credits(payment))
    available = selectors.get_balance(payment.workspace_id).available
    return Preview(amount, credits, debt=max(credits - available, 0))


def was_refunded(payment_id: UUID, *, key: str) -> bool:
    """Tell whether the form with this key has done its work before."""
    return _audited(payment_id, action=REFUNDED, key=key).exists()


def refund(*, payment: Payment, amount: int, key: str, actor: str, reason: str) -> None:
    """Return money (minor units) through Stripe, and take back its credits; once per key.

    Who asked is written down before Stripe is asked, so that a process which dies in between leaves a trace. Raises
    RefundTooLargeError, StripeUnavailableError (the same key may be tried again) or StripeRefusedError.
    """
    told = {"amount": amount, "currency": payment.currency, "reason": reason, "key": key}
    _record_once(payment.pk, action=REQUESTED, actor=actor, told=told)
    payments.refund_payment(payment=payment, amount=amount, idempotency_key=key, actor=actor, reason=reason)
    _record_once(payment.pk, action=REFUNDED, actor=actor, told=told)


def _record_once(payment_id: UUID, *, action: str, actor: str, told: dict[str, object]) -> None:
    with system_scope():
        # The lock makes of two forms that were sent at once one entry.
        Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
        if not _audited(payment_id, action=action, key=str(told["key"])).exists():
            audit.record(actor=actor, action=action, subject=f"payment:{payment_id}", **told)


def _audited(payment_id: UUID, *, action: str, key: str) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(subject=f"payment:{payment_id}", action=action, details__key=key)
