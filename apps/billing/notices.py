"""Mails about money: what was paid, what failed, what a plan does next. To the owners and admins of a workspace.

Each is queued in the transaction of its reason and named by it, so that a repeated reason is the same mail.
"""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import Membership, Workspace
from apps.accounts.selectors import STAYING
from apps.billing.buyers import BUYERS
from apps.billing.catalogue import load_catalogue
from apps.billing.models import CheckoutSession, Invoice, Payment, Subscription, TopUp
from apps.billing.money import format_money
from apps.core import mailing
from apps.core.mail_rendering import absolute_url
from apps.core.models import OutgoingMail

# Those under which a plan's limits hold, as long as no grace has run out.
SERVED: list[str] = [Subscription.Status.TRIALING, Subscription.Status.ACTIVE, Subscription.Status.PAST_DUE]
RUNNING: list[str] = [*SERVED, Subscription.Status.UNPAID, Subscription.Status.PAUSED]


def send_receipt(payment: Payment) -> None:
    """Say what was bought for how much. Nothing for an invoice that neither cost nor brought anything."""
    if payment.amount <= 0 and payment.credits <= 0:
        return
    _send(
        payment.workspace_id,
        key=f"receipt:{payment.pk}",
        template="mail/receipt.html",
        bought=_describe(payment),
        amount=format_money(payment.amount, payment.currency),
        credits=max(payment.credits, 0),
        paid_at=payment.paid_at,
        receipt_url=absolute_url("billing:receipt", payment_id=payment.pk),
    )


def send_payment_failed(*, workspace_id: UUID, invoice: Invoice, grace_ends_at: datetime | None) -> None:
    """Say that an invoice could not be collected, once per attempt. Without a grace the plan has never begun."""
    _send(
        workspace_id,
        key=f"payment-failed:{invoice.stripe_id}:{invoice.attempt_count}",
        template="mail/payment_failed.html",
        amount=format_money(invoice.total, invoice.currency),
        next_attempt_at=invoice.next_payment_attempt_at,
        grace_ends_at=grace_ends_at,
    )


def send_purchase_failed(session: CheckoutSession) -> None:
    """Say that the debit or the transfer for a pack did not come, days after it was promised."""
    _send(
        session.workspace_id,
        key=f"purchase-failed:{session.pk}",
        template="mail/purchase_failed.html",
        amount=format_money(session.price_amount, session.currency),
        credits=session.credits,
    )


def send_plan_changed(*, subscription: Subscription, before: Subscription | None) -> None:
    """Say what became of a plan: started, changed, will end, goes on, ended. Nothing where none of it happened."""
    change = _find_change(subscription, before=before)
    if change is None:
        return
    # A plan starts and ends once; between that it may be changed and canceled back and forth.
    happens_once = change in ("started", "ended")
    moment = subscription.ended_at if change == "ended" else subscription.cancel_at
    _send(
        subscription.workspace_id,
        key=f"plan-{change}:{subscription.stripe_id}" + ("" if happens_once else f":{subscription.fetch_ticket}"),
        template=f"mail/plan_{change}.html",
        plan_name=_plan_name(subscription),
        plan_name_before=_plan_name(before) if before else "",
        price=_price(subscription),
        trial_ends_at=subscription.trial_end if subscription.status == Subscription.Status.TRIALING else None,
        period_ends_at=subscription.current_period_end,
        moment=moment or timezone.now(),
    )


def send_credits_taken_back(payment: Payment, *, credits: int) -> None:
    """Say that a refund or a dispute took credits back; with a negative number, that a won dispute returned them."""
    if credits == 0:
        return
    of_dispute = payment.dispute_status != Payment.DisputeStatus.NONE
    _send(
        payment.workspace_id,
        key=f"credits-taken-back:{payment.pk}:{payment.correction_count}",
        template="mail/credits_taken_back.html" if credits > 0 else "mail/credits_returned.html",
        bought=_describe(payment),
        paid_at=payment.paid_at,
        credits=abs(credits),
        of_dispute=of_dispute,
    )


def send_top_up_failed(top_up: TopUp, *, reason: str) -> None:
    """Say that a top-up could not be paid, why, and that top-ups stand still."""
    _send(
        top_up.workspace_id,
        key=f"top-up-failed:{top_up.pk}",
        template="mail/top_up_failed.html",
        amount=format_money(top_up.price_amount, top_up.currency),
        credits=top_up.credits,
        reason=reason,
    )


def send_top_ups_capped(*, workspace_id: UUID, cap_amount: int, month: str) -> None:
    """Say that top-ups have reached their cap of a month ("2026-11"), once in it."""
    _send(
        workspace_id,
        key=f"top-ups-capped:{workspace_id}:{month}",
        template="mail/top_ups_capped.html",
        cap=format_money(cap_amount, load_catalogue().currency),
    )


def send_spend_cap(*, workspace_id: UUID, percent: int, spent_credits: int, cap_credits: int, month: str) -> None:
    """Say that a part of a month's spend cap is used ("2026-11"), or all of it; each once in the month."""
    _send(
        workspace_id,
        key=f"spend-cap:{workspace_id}:{month}:{percent}",
        template="mail/spend_cap_reached.html" if percent >= 100 else "mail/spend_cap_near.html",
        percent=percent,
        spent_credits=spent_credits,
        cap_credits=cap_credits,
    )


def send_quota_near(*, workspace_id: UUID, quota: str, window: str, **shown: Any) -> None:
    """Say that most of what a plan allows in a day or a month (`window`) is used, once in it; `shown` is in words."""
    _send(workspace_id, key=f"quota-near:{workspace_id}:{quota}:{window}", template="mail/quota_near.html", **shown)


def send_trial_ends_soon(subscription: Subscription) -> None:
    """Say when a trial ends and what happens then: the first payment, or nothing if it was canceled."""
    _send(
        subscription.workspace_id,
        key=f"trial-ends:{subscription.stripe_id}:{subscription.trial_end:%Y-%m-%d}",
        template="mail/trial_ends.html",
        plan_name=_plan_name(subscription),
        price=_price(subscription),
        trial_ends_at=subscription.trial_end,
        is_canceled=subscription.cancel_at is not None,
    )


def send_grace_ended(subscription: Subscription) -> None:
    """Say that an overdue plan is on hold, once for each time that it became overdue."""
    _send(
        subscription.workspace_id,
        key=f"grace-ended:{subscription.stripe_id}:{subscription.past_due_since:%Y-%m-%dT%H:%M:%S}",
        template="mail/grace_ended.html",
        plan_name=_plan_name(subscription),
    )


def list_told(workspace_id: UUID | OuterRef) -> QuerySet[Membership]:
    """Return the memberships of those who run a workspace and can read mail."""
    told = Membership.objects.filter(STAYING, workspace_id=workspace_id, role__in=BUYERS)
    return told.select_related("user").order_by("pk")


def _send(workspace_id: UUID, *, key: str, template: str, **context: Any) -> None:
    people = {f"{key}:{member.user_id}": member.user for member in list_told(workspace_id)}
    # What sweeps find again and again is not rendered again.
    for known in OutgoingMail.objects.filter(key__in=people).values_list("key", flat=True):
        del people[known]
    context["workspace_name"] = Workspace.objects.values_list("name", flat=True).get(pk=workspace_id)
    context["billing_url"] = absolute_url("billing:overview")
    context["spending_url"] = absolute_url("billing:spending")
    for mail_key, user in people.items():
        # A date is the reader's own.
        with timezone.override(ZoneInfo(user.time_zone)):
            mailing.send(key=mail_key, to=user.email, template=template, **context)


def _find_change(subscription: Subscription, *, before: Subscription | None) -> str | None:
    has_run = before is not None and before.status in RUNNING
    if subscription.status == Subscription.Status.CANCELED:
        return "ended" if has_run else None
    if subscription.status not in SERVED:
        return None
    if before is None or not has_run:
        return "started"
    if (before.plan, before.interval) != (subscription.plan, subscription.interval):
        return "changed"
    if (before.cancel_at is None) != (subscription.cancel_at is None):
        return "resumed" if subscription.cancel_at is None else "ending"
    return None


def _describe(payment: Payment) -> str:
    if payment.kind == Payment.Kind.PLAN:
        subscription = Subscription.objects.filter(stripe_id=payment.stripe_subscription_id).first()
        return _("Plan %(name)s") % {"name": _plan_name(subscription)} if subscription else _("Your plan")
    return _("Auto top-up") if payment.kind == Payment.Kind.TOP_UP else _("Credit pack")


def _plan_name(subscription: Subscription) -> str:
    plan = load_catalogue().find_plan(subscription.plan)
    return plan.name if plan else subscription.plan


def _price(subscription: Subscription) -> str:
    """Return what a plan costs now, as the catalogue has it; empty for one that is no longer sold."""
    catalogue = load_catalogue()
    plan = catalogue.find_plan(subscription.plan)
    amount = next((price for name, price in plan.prices.items() if name == subscription.interval), 0) if plan else 0
    if not amount:
        return ""
    words = {"month": _("%(price)s a month"), "year": _("%(price)s a year")}
    return words[subscription.interval] % {"price": format_money(amount, catalogue.currency)}
