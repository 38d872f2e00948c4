"""Money that came in, and what it brings: credits once per thing that was paid, and back what is refunded.

Every movement goes through a Payment row: its source names what was paid, so events that tell of the same money, in
any order and any number, end in one row and one grant. What refunds and disputes take back is always computed from
what Stripe says now, and corrected by the difference.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing import ledger, notices, spending, stripe_client
from apps.billing.catalogue import load_catalogue
from apps.billing.models import CreditGrant, LedgerEntry, Payment, TopUp
from apps.billing.money import format_money
from apps.core.db import system_scope
from apps.core.errors import DomainError

logger = structlog.get_logger(__name__)

ACTOR = "stripe"
# Without warnings: those are inquiries of the bank's, and no money has moved.
OPEN_DISPUTES = {"needs_response", "under_review"}


class RefundTooLargeError(DomainError):
    """More money than is left of a payment cannot be returned."""

    code = "refund_too_large"
    status = 409
    sentence = _("This is more than is left of the payment. Enter a smaller amount.")


class PaymentMismatchError(DomainError):
    """What Stripe says was paid is not what was offered: staff must look, and nothing is granted."""

    code = "payment_mismatch"
    status = 409


def record_payment(
    *,
    workspace_id: UUID,
    kind: str,
    source_key: str,
    stripe_payment_intent_id: str | None,
    amount: int,
    currency: str,
    credits: int,
    expires_at: datetime | None,
    paid_at: datetime,
    stripe_subscription_id: str = "",
    receipt_url: str = "",
) -> Payment:
    """Write down money that came in, with the credits that it brings, once per `source_key`; call it in a transaction.

    `amount` is minor units. Negative credits (the change to a cheaper plan) are taken back from the credits of the
    same subscription, the newest first. A payment that is known is returned as it is.
    """
    known = Payment.objects.filter(source_key=source_key).first()
    if known is not None:
        return known
    entry_id = None
    if credits > 0:
        source = CreditGrant.Source.PLAN if kind == Payment.Kind.PLAN else CreditGrant.Source.PURCHASE
        entry_id = ledger.grant(
            workspace_id=workspace_id, amount_credits=credits, source=source,
            idempotency_key=f"payment:{source_key}", expires_at=expires_at, actor=ACTOR,
        ).id  # fmt: skip
    # Of two at once, the second has waited in the grant for the first to commit; without credits, it waits here.
    payment, is_new = Payment.objects.get_or_create(
        source_key=source_key,
        defaults={
            "workspace_id": workspace_id,
            "kind": kind,
            "stripe_subscription_id": stripe_subscription_id,
            "stripe_payment_intent_id": stripe_payment_intent_id,
            "amount": amount,
            "currency": currency,
            "credits": credits,
            "grant_entry_id": entry_id,
            "receipt_url": receipt_url,
            "paid_at": paid_at,
        },
    )
    if is_new:
        if credits < 0:
            _take_from_subscription(payment)
        notices.send_receipt(payment)
    return payment


def sync_payment(stripe_payment_intent_id: str) -> None:
    """Bring a payment up to what Stripe says now: a top-up that succeeded or failed, refunds, disputes.

    A payment that nothing of ours has brought yet is left alone: whatever records it calls this afterwards.
    """
    ticket = stripe_client.next_ticket()
    intent = stripe_client.ask(
        lambda v1: v1.payment_intents.retrieve(stripe_payment_intent_id, {"expand": ["latest_charge"]})
    )
    disputes = list(
        stripe_client.walk(lambda v1: v1.disputes.list({"payment_intent": stripe_payment_intent_id, "limit": 100}))
    )
    with system_scope():
        _note_top_up(intent)
        payment = (
            Payment.objects.select_for_update(of=("self",))
            .filter(stripe_payment_intent_id=stripe_payment_intent_id, fetch_ticket__lt=ticket)
            .first()
        )
        if payment is not None:
            _apply(payment, charge=intent.get("latest_charge") or {}, disputes=disputes)
            payment.fetch_ticket = ticket
            payment.save()


def refund_payment(*, payment: Payment, amount: int, idempotency_key: str, actor: str, reason: str) -> None:
    """Return money (minor units) to the customer through Stripe, and take back the credits that it had brought.

    Raises RefundTooLargeError, StripeUnavailableError or StripeRefusedError; the same key refunds once.
    """
    if not payment.stripe_payment_intent_id or amount <= 0 or amount > payment.amount - payment.amount_refunded:
        raise RefundTooLargeError
    intent_id = payment.stripe_payment_intent_id
    stripe_client.ask(
        lambda v1: v1.refunds.create(
            {
                "payment_intent": intent_id,
                "amount": amount,
                "reason": "requested_by_customer",
                "metadata": {"actor": actor, "reason": reason[:500]},
            },
            {"idempotency_key": f"refund:{payment.pk}:{idempotency_key}"},
        )
    )
    sync_payment(intent_id)


def credits_to_take_back(payment: Payment, *, amount: int) -> int:
    """Return how many of a payment's credits belong to an amount of its money, in minor units: rounded down."""
    if not payment.amount:
        return 0
    return max(payment.credits, 0) * min(amount, payment.amount) // payment.amount


def standing_credits(payment: Payment) -> int:
    """Return the credits of a payment that can still be taken back. Within a scope.

    Gone is what has expired, what a change to a cheaper plan took, and all of it if staff reversed the grant.
    """
    if payment.grant_entry is None:
        return 0
    return sum(_standing(entry) for entry in _list_grant_entries(payment))


def _apply(payment: Payment, *, charge: dict[str, Any], disputes: list[dict[str, Any]]) -> None:
    standing = [dispute for dispute in disputes if dispute["status"] in {*OPEN_DISPUTES, "lost"}]
    payment.amount_refunded = min(charge.get("amount_refunded") or 0, payment.amount)
    payment.amount_disputed = sum(dispute["amount"] for dispute in standing)
    payment.dispute_status = _dispute_status(disputes)
    payment.receipt_url = charge.get("receipt_url") or payment.receipt_url
    wanted = credits_to_take_back(payment, amount=payment.amount_refunded + payment.amount_disputed)
    if wanted > payment.credits_taken_back:
        _take_back(payment, credits=wanted - payment.credits_taken_back)
    elif wanted < payment.credits_taken_back:
        _give_back(payment, credits=payment.credits_taken_back - wanted)


def _dispute_status(disputes: list[dict[str, Any]]) -> str:
    statuses = {dispute["status"] for dispute in disputes}
    if statuses & OPEN_DISPUTES:
        return Payment.DisputeStatus.OPEN
    if "lost" in statuses:
        return Payment.DisputeStatus.LOST
    return Payment.DisputeStatus.WON if "won" in statuses else Payment.DisputeStatus.NONE


def _take_back(payment: Payment, *, credits: int) -> None:
    left = credits
    for entry in _list_grant_entries(payment):
        taken = min(left, _standing(entry))
        if taken:
            ledger.refund(
                entry_id=entry.pk,
                amount_credits=taken,
                idempotency_key=_next_correction(payment),
                actor=ACTOR,
                note=_explain(payment),
            )
            left -= taken
    if left < credits:
        payment.credits_taken_back += credits - left
        notices.send_credits_taken_back(payment, credits=credits - left)


def _give_back(payment: Payment, *, credits: int) -> None:
    ledger.grant(
        workspace_id=payment.workspace_id,
        amount_credits=credits,
        source=CreditGrant.Source.RETURNED,
        idempotency_key=_next_correction(payment),
        actor=ACTOR,
        note=_explain(payment),
    )
    payment.credits_taken_back -= credits
    notices.send_credits_taken_back(payment, credits=-credits)


def _list_grant_entries(payment: Payment) -> list[LedgerEntry]:
    """Return what a payment has granted: what came back after a dispute first, then what it brought at once."""
    assert payment.grant_entry is not None, "only what was granted can be taken back"
    returned = LedgerEntry.objects.filter(
        account_id=payment.workspace_id,
        kind=LedgerEntry.Kind.GRANT,
        idempotency_key__startswith=_correction_key(payment, ""),
    )
    return [*returned.order_by("position"), payment.grant_entry]


def _next_correction(payment: Payment) -> str:
    payment.correction_count += 1
    return _correction_key(payment, payment.correction_count)


def _correction_key(payment: Payment, number: int | str) -> str:
    return f"payment:{payment.pk}:correction:{number}"


def _explain(payment: Payment) -> str:
    refunded = format_money(payment.amount_refunded, payment.currency)
    return f"refunded {refunded}, disputed {format_money(payment.amount_disputed, payment.currency)}"


def _take_from_subscription(payment: Payment) -> None:
    """Take back credits of a plan that was changed to a cheaper one: from its newest grants, as far as they reach."""
    left = -payment.credits
    others = Payment.objects.filter(
        stripe_subscription_id=payment.stripe_subscription_id, grant_entry__isnull=False
    ).exclude(stripe_subscription_id="")
    for other in others.select_related("grant_entry").order_by("-paid_at", "-id"):
        for entry in _list_grant_entries(other):
            taken = min(left, _standing(entry))
            if taken:
                ledger.refund(
                    entry_id=entry.pk,
                    amount_credits=taken,
                    idempotency_key=f"payment:{payment.source_key}:{entry.pk}",
                    actor=ACTOR,
                    note="changed to a plan with fewer credits",
                )
                left -= taken


def _standing(entry: LedgerEntry) -> int:
    """Return what still stands of a grant: not expired, refunded or reversed. An expiry in between fails the refund."""
    if entry.reversals.exists():
        return 0
    gone = LedgerEntry.objects.filter(
        grant_id=entry.grant_id, kind__in=[LedgerEntry.Kind.EXPIRY, LedgerEntry.Kind.REFUND]
    ).aggregate(total=Sum("amount"))["total"]
    return entry.amount + (gone or 0)


def _note_top_up(intent: dict[str, Any]) -> None:
    """End the top-up that a payment belongs to, if it is one of ours and Stripe has ended it."""
    top_up_id = (intent.get("metadata") or {}).get("top_up_id")
    if not top_up_id:
        return
    top_up = TopUp.objects.select_for_update().filter(pk=top_up_id).first()
    if top_up is None or top_up.status != TopUp.Status.PENDING:
        return
    top_up.stripe_payment_intent_id = intent["id"]
    if intent["status"] == "succeeded":
        _require_match(top_up, intent)
        charge = intent.get("latest_charge") or {}
        paid_at = datetime.fromtimestamp(charge.get("created") or intent["created"], UTC)
        record_payment(
            workspace_id=top_up.workspace_id,
            kind=Payment.Kind.TOP_UP,
            source_key=f"top_up:{top_up.pk}",
            stripe_payment_intent_id=intent["id"],
            amount=intent["amount_received"],
            currency=intent["currency"],
            credits=top_up.credits,
            expires_at=load_catalogue().rules.pack_credits_expire_at(bought_at=paid_at),
            paid_at=paid_at,
            receipt_url=charge.get("receipt_url") or "",
        )
        top_up.status, top_up.ended_at = TopUp.Status.SUCCEEDED, timezone.now()
    elif intent["status"] in {"canceled", "requires_payment_method", "requires_action"}:
        failure = intent.get("last_payment_error") or {}
        top_up.status, top_up.ended_at = TopUp.Status.FAILED, timezone.now()
        top_up.error = str(failure.get("decline_code") or failure.get("code") or intent["status"])[:250]
        spending.note_failed_top_up(top_up)
    top_up.save()


def _require_match(top_up: TopUp, intent: dict[str, Any]) -> None:
    if (intent["amount_received"], intent["currency"]) != (top_up.price_amount, top_up.currency):
        logger.error("payment_mismatch", top_up_id=str(top_up.pk), payment_intent=intent["id"])
        raise PaymentMismatchError(f"top-up {top_up.pk}: {intent['amount_received']} {intent['currency']}")
