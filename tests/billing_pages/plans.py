"""Subscriptions, invoices and payments as rows, for pages that only read them."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.accounts.models import Workspace
from apps.billing import payments
from apps.billing.models import Invoice, Payment, Subscription


def subscribe(workspace: Workspace, *, plan: str = "pro", status: str = "active", **more: Any) -> Subscription:
    """Give a workspace a subscription that began today, as Stripe would have told it."""
    now = timezone.now()
    fields = {
        "stripe_id": f"sub_{uuid.uuid4().hex}",
        "interval": "month",
        "started_at": now,
        "current_period_start": now,
        "current_period_end": now + timedelta(days=30),
        "fetch_ticket": 1,
        "past_due_since": now if status in {"past_due", "unpaid"} else None,
        "trial_end": now + timedelta(days=7) if status == "trialing" else None,
    } | more
    return Subscription.objects.create(workspace=workspace, plan=plan, status=status, **fields)


def invoice(workspace: Workspace, *, status: str = "paid", total: int = 4900, **more: Any) -> Invoice:
    """Give a workspace an invoice of today."""
    fields = {
        "stripe_id": f"in_{uuid.uuid4().hex}",
        "number": "KEEL-0001",
        "amount_paid": total if status == "paid" else 0,
        "currency": "usd",
        "issued_at": timezone.now(),
        "fetch_ticket": 1,
    } | more
    return Invoice.objects.create(workspace=workspace, status=status, total=total, **fields)


def pay(workspace: Workspace, *, kind: str = "pack", amount: int = 500, credits: int = 5_000, **more: Any) -> Payment:
    """Record a payment with its credits, through the one function that may; `more` is what happened to it since."""
    paid = payments.record_payment(
        workspace_id=workspace.pk,
        kind=kind,
        source_key=f"checkout:cs_{uuid.uuid4().hex}",
        stripe_payment_intent_id=f"pi_{uuid.uuid4().hex}",
        amount=amount,
        currency="usd",
        credits=credits,
        expires_at=None,
        paid_at=timezone.now(),
        receipt_url="https://pay.stripe.example/receipts/1",
    )
    Payment.objects.filter(pk=paid.pk).update(**more) if more else None
    paid.refresh_from_db()
    return paid
