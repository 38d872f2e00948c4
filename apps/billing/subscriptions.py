"""Subscriptions as Stripe tells them: mirrored, their trial credits granted, a second one ended."""

import contextlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog

from apps.billing import customers, ledger, notices, seats, stripe_client
from apps.billing.catalogue import load_catalogue
from apps.billing.mirror import write_down
from apps.billing.models import CreditGrant, Subscription
from apps.billing.sync_plans.wanted import PLAN_PREFIX
from apps.core import audit
from apps.core.db import system_scope
from apps.core.errors import DomainError

logger = structlog.get_logger(__name__)


class NotOursError(DomainError):
    """An object of Stripe's belongs to no workspace of ours."""

    code = "not_ours"
    status = 404


class UnknownPlanError(DomainError):
    """A subscription has no item that is a plan of ours: staff must look."""

    code = "unknown_plan"
    status = 409


def sync_subscription(stripe_id: str) -> None:
    """Bring our row of a subscription up to what Stripe says now.

    A second live subscription of a workspace is canceled and its money returned: only one can have been meant. Raises
    NotOursError, UnknownPlanError or what `stripe_client.ask` does.
    """
    served = _mirror(stripe_id)
    if len(served) > 1:
        # None is ended by what was true when it was last told.
        told_again = [_mirror(each) for each in served]
        for each in told_again[-1][1:]:
            _end_doubled(each)
            _mirror(each)


def plan_of(told: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the item of a subscription that is its plan, and the plan's slug. Raises UnknownPlanError."""
    for item in told["items"]["data"]:
        product = item["price"]["product"]
        if isinstance(product, str) and product.startswith(PLAN_PREFIX):
            return item, product.removeprefix(PLAN_PREFIX)
    raise UnknownPlanError(f"subscription {told['id']} has no item of a plan")


def moment(seconds: int | None) -> datetime | None:
    """Return a time of Stripe's."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _mirror(stripe_id: str) -> list[str]:
    """Write down what Stripe says now; return the served subscriptions of the same workspace, the oldest first."""
    ticket = stripe_client.next_ticket()
    told = stripe_client.ask(lambda v1: v1.subscriptions.retrieve(stripe_id, {"expand": ["latest_invoice"]}))
    with system_scope():
        workspace_id = customers.find_workspace_id(told["customer"])
        if workspace_id is None:
            raise NotOursError(f"customer {told['customer']}")
        subscription = _store(told, workspace_id=workspace_id, ticket=ticket)
        if subscription is not None:
            seats.write_seats(workspace_id)
            _grant_trial_credits(subscription)
        return _list_served(workspace_id)


def _store(told: dict[str, Any], *, workspace_id: UUID, ticket: int) -> Subscription | None:
    """Write what was told unless a later answer was written before; return the row if it was written."""
    known = {"workspace_id": workspace_id, "stripe_id": told["id"]}
    subscription, before = write_down(Subscription, known=known, fields=_fields(told) | {"fetch_ticket": ticket})
    if subscription is None:
        return None
    _note_changes(subscription, before=before)
    notices.send_plan_changed(subscription=subscription, before=before)
    return subscription


def _note_changes(subscription: Subscription, *, before: Subscription | None) -> None:
    """Write down that a plan began, changed, will end or ended. Only Stripe knows who wanted it."""
    changes = {
        name: [str(value or "") for value in (getattr(before, name, ""), getattr(subscription, name))]
        for name in ("plan", "interval", "status", "cancel_at")
        if getattr(before, name, None) != getattr(subscription, name)
    }
    if changes:
        subject = f"workspace:{subscription.workspace_id}"
        audit.record(actor="stripe", action="plan_changed", subject=subject, of=subscription.stripe_id, **changes)


def _fields(told: dict[str, Any]) -> dict[str, Any]:
    item, plan = plan_of(told)
    return {
        "status": told["status"],
        "plan": plan,
        "interval": item["price"]["recurring"]["interval"],
        "stripe_item_id": item["id"],
        "started_at": moment(told["start_date"]),
        "current_period_start": moment(item["current_period_start"]),
        "current_period_end": moment(item["current_period_end"]),
        "trial_end": moment(told.get("trial_end")),
        "cancel_at": moment(_cancel_at(told, item)),
        "ended_at": moment(told.get("ended_at")),
        "past_due_since": moment(_past_due_since(told)),
    }


def _cancel_at(told: dict[str, Any], item: dict[str, Any]) -> int | None:
    if told.get("ended_at"):
        return None
    at_period_end: int | None = item["current_period_end"] if told.get("cancel_at_period_end") else None
    return told.get("cancel_at") or at_period_end


def _past_due_since(told: dict[str, Any]) -> int | None:
    """Return since when the newest invoice waits: Stripe's own time, so that every order of events tells the same."""
    if told["status"] not in {Subscription.Status.PAST_DUE, Subscription.Status.UNPAID}:
        return None
    invoice = told.get("latest_invoice") or {}
    finalized_at: int | None = (invoice.get("status_transitions") or {}).get("finalized_at")
    return finalized_at or invoice.get("created") or told["start_date"]


def _grant_trial_credits(subscription: Subscription) -> None:
    plan = load_catalogue().find_plan(subscription.plan)
    if subscription.status != Subscription.Status.TRIALING or plan is None or plan.trial is None:
        return
    key = f"trial:{subscription.stripe_id}"
    if CreditGrant.objects.filter(account_id=subscription.workspace_id, idempotency_key=key).exists():
        return
    ledger.grant(
        workspace_id=subscription.workspace_id,
        amount_credits=plan.trial.credits,
        source=CreditGrant.Source.PLAN,
        idempotency_key=key,
        expires_at=subscription.trial_end,
        actor="stripe",
    )


def _list_served(workspace_id: UUID) -> list[str]:
    """Return the subscriptions of a workspace that are served, the oldest first: it should be one."""
    served = Subscription.objects.filter(workspace_id=workspace_id, status__in=Subscription.SERVED)
    return list(served.order_by("started_at", "stripe_id").values_list("stripe_id", flat=True))


def _end_doubled(stripe_id: str) -> None:
    """Return what was paid for it, which takes its credits back, and cancel it at once.

    In this order: as long as it is served, whoever comes after a failure in between does the rest.
    """
    logger.error("second_subscription_canceled", subscription=stripe_id)
    for invoice in stripe_client.walk(lambda v1: v1.invoices.list({"subscription": stripe_id, "status": "paid"})):
        for intent_id in payment_intents_of(invoice["id"]):
            _refund_doubled(intent_id)
    with contextlib.suppress(stripe_client.ObjectNotFoundError):
        # Not found: somebody else has canceled it just now.
        stripe_client.ask(
            lambda v1: v1.subscriptions.cancel(
                stripe_id, {"prorate": False}, {"idempotency_key": f"doubled:{stripe_id}"}
            )
        )


def _refund_doubled(intent_id: str) -> None:
    try:
        stripe_client.ask(
            lambda v1: v1.refunds.create(
                {"payment_intent": intent_id, "reason": "duplicate"}, {"idempotency_key": f"doubled:{intent_id}"}
            )
        )
    except stripe_client.StripeRefusedError as error:
        # Stripe forgets keys after a day.
        if error.stripe_code != "charge_already_refunded":
            raise


def payment_intents_of(stripe_invoice_id: str) -> list[str]:
    """Return the payments that paid an invoice."""
    paid = stripe_client.walk(lambda v1: v1.invoice_payments.list({"invoice": stripe_invoice_id, "status": "paid"}))
    return [found["payment"]["payment_intent"] for found in paid if found["payment"].get("payment_intent")]
