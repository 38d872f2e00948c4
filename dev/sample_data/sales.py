"""Two sample customers who have bought: one with a plan that works, one whose payment failed. Rows only.

Stripe knows nothing of them, so its portal does not open for them.
"""

import uuid
from datetime import datetime, timedelta
from uuid import UUID

from apps.accounts.models import User, Workspace
from apps.billing import ledger, payments, selectors
from apps.billing.models import CheckoutSession, Invoice, Payment, Subscription
from apps.core.db import system_scope

PERIOD = timedelta(days=30)
CREDITS_LEFT = 2


def sell_to(workspace: Workspace, *, user: User, now: datetime) -> dict[str, UUID]:
    """Sell a plan and two packs, one of them partly refunded; return the ids of what can be looked at, by name."""
    began = now - timedelta(days=9)
    with system_scope():
        subscription = subscribe(workspace, plan="pro", status="active", since=began)
        _invoice(subscription, number="KEEL-2041", total=4900, at=began)
        _pay(workspace, kind="plan", amount=4900, credits=70_000, at=began, expires_at=began + 2 * PERIOD)
        refunded = _pay(workspace, kind="pack", amount=500, credits=5_000, at=now - timedelta(days=3))
        _refund(refunded, amount=200, credits=2_000)
        done = _check_out(workspace, user=user, status="complete", is_paid=True)
        bought = _pay(
            workspace, kind="pack", amount=500, credits=5_000, at=now, source_key=f"checkout:{done.stripe_id}"
        )
        waiting = _check_out(workspace, user=user, status="open")
        expired = _check_out(workspace, user=user, status="expired")
        failed = _check_out(workspace, user=user, status="complete", has_failed=True)
    ids = {"purchase_done": done, "purchase_waiting": waiting, "purchase_expired": expired, "purchase_failed": failed}
    return {name: session.pk for name, session in ids.items()} | {"receipt": refunded.pk, "receipt_whole": bought.pk}


def leave_unpaid(workspace: Workspace, *, now: datetime) -> None:
    """Let a payment fail two days ago, with next to no credits left."""
    failed = now - timedelta(days=2)
    with system_scope():
        subscription = subscribe(workspace, plan="starter", status="past_due", since=failed, past_due_since=failed)
        _invoice(subscription, number="KEEL-2077", total=1200, at=failed, status="open")
        spent = selectors.get_balance(workspace.pk).available - CREDITS_LEFT
        placed = ledger.place_hold(
            workspace_id=workspace.pk, amount_credits=spent, ttl_seconds=60, idempotency_key="sample:hold"
        )
        ledger.capture(hold_id=placed.id, amount_credits=spent, idempotency_key="sample:capture")


def subscribe(workspace: Workspace, *, plan: str, status: str, since: datetime, **more: object) -> Subscription:
    """Write the row of a subscription that Stripe knows nothing of."""
    return Subscription.objects.create(
        workspace=workspace,
        stripe_id=f"sub_{uuid.uuid4().hex}",
        plan=plan,
        status=status,
        interval="month",
        started_at=since,
        current_period_start=since,
        current_period_end=since + PERIOD,
        fetch_ticket=1,
        **more,
    )


def _invoice(subscription: Subscription, *, number: str, total: int, at: datetime, status: str = "paid") -> None:
    address = f"https://invoice.example/{number}"
    Invoice.objects.create(
        workspace=subscription.workspace,
        stripe_id=f"in_{uuid.uuid4().hex}",
        stripe_subscription_id=subscription.stripe_id,
        number=number,
        status=status,
        total=total,
        amount_paid=total if status == "paid" else 0,
        currency="usd",
        issued_at=at,
        hosted_url=address,
        pdf_url=f"{address}.pdf",
        fetch_ticket=1,
    )


def _pay(
    workspace: Workspace,
    *,
    kind: str,
    amount: int,
    credits: int,
    at: datetime,
    expires_at: datetime | None = None,
    source_key: str = "",
) -> Payment:
    return payments.record_payment(
        workspace_id=workspace.pk,
        kind=kind,
        source_key=source_key or f"sample:{uuid.uuid4().hex}",
        stripe_payment_intent_id=None,
        amount=amount,
        currency="usd",
        credits=credits,
        expires_at=expires_at,
        paid_at=at,
        receipt_url="https://invoice.example/receipt",
    )


def _refund(payment: Payment, *, amount: int, credits: int) -> None:
    assert payment.grant_entry_id is not None
    ledger.refund(
        entry_id=payment.grant_entry_id,
        amount_credits=credits,
        idempotency_key=f"payment:{payment.pk}:correction:1",
        actor="stripe",
        note="$2 refunded",
    )
    Payment.objects.filter(pk=payment.pk).update(amount_refunded=amount, credits_taken_back=credits)


def _check_out(
    workspace: Workspace, *, user: User, status: str, is_paid: bool = False, has_failed: bool = False
) -> CheckoutSession:
    named = uuid.uuid4().hex
    return CheckoutSession.objects.create(
        workspace=workspace,
        user=user,
        idempotency_key=f"sample:{named}",
        kind="pack",
        offer="small",
        price_amount=500,
        currency="usd",
        credits=5_000,
        return_path="/generations/new/?template=summary",
        stripe_id=f"cs_{named}" if is_paid else None,
        status=status,
        is_paid=is_paid,
        has_failed=has_failed,
    )
