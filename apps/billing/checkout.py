"""Buying: one intent is one checkout session, whatever is pressed twice; what was paid is granted once.

The row is written before Stripe is asked, with what was offered, and names the request: an answer that was lost is
asked for again with the same name. Stripe keeps such names for a day, a session lives as long.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User, Workspace
from apps.billing import invoices, notices, payments, stripe_client, subscriptions, sync_plans
from apps.billing.catalogue import Plan, load_catalogue
from apps.billing.customers import ensure_customer, find_customer_id
from apps.billing.entitlements import find_live_subscription
from apps.billing.models import CheckoutSession, Payment, Subscription
from apps.billing.sync_plans.wanted import PACK_PREFIX, PLAN_PREFIX
from apps.core.db import system_scope, workspace_scope
from apps.core.errors import DomainError

logger = structlog.get_logger(__name__)

PAID = {"paid", "no_payment_required"}
# How Stripe leaves the payment of a complete session whose money did not come.
NOT_COMING = {"requires_payment_method", "canceled"}
# Stripe's sessions expire after a day.
REUSED_FOR = timedelta(hours=23)


class NothingForSaleError(DomainError):
    """No key of Stripe's is set, so nothing can be bought."""

    code = "nothing_for_sale"
    status = 503
    sentence = _("Nothing can be bought here yet. Ask us if you need more credits.")


class AlreadySubscribedError(DomainError):
    """The workspace has a live subscription: it is changed, not bought a second time."""

    code = "already_subscribed"
    status = 409
    sentence = _("You have a plan already. Change it under “Change or cancel” on the billing page.")


class CheckoutConflictError(DomainError):
    """The same form was sent for something else, or another checkout of a plan is being paid in another tab."""

    code = "checkout_conflict"
    status = 409
    sentence = _("Another checkout is under way, perhaps in another tab. Finish it, or reload the page and try again.")


class NoCustomerError(DomainError):
    """The workspace has never bought anything, so there is nothing to manage."""

    code = "no_customer"
    status = 409
    sentence = _("There is nothing to manage yet: you have not bought anything.")


def start_pack_checkout(
    *, user: User, workspace: Workspace, pack: str, idempotency_key: str, return_path: str
) -> CheckoutSession:
    """Return the session in which a pack can be bought; its `url` is where to send the browser.

    The same key returns the same session. Raises UnknownOfferError, CheckoutConflictError, NothingForSaleError,
    StripeUnavailableError or StripeRefusedError.
    """
    offered = load_catalogue().get_pack(pack)
    price = _price(f"{PACK_PREFIX}{pack}")
    session = _write_down(
        workspace,
        kind=CheckoutSession.Kind.PACK,
        offer=pack,
        idempotency_key=idempotency_key,
        user=user,
        price_amount=price["unit_amount"],
        currency=price["currency"],
        # The price says what it was sold with; a pack that has just been changed is not synced yet.
        credits=int(price["metadata"].get("credits") or offered.credits),
        return_path=return_path,
    )
    return (
        session if session.stripe_id else _open(session, user=user, price_id=price["id"], more=_pack_options(session))
    )


def start_plan_checkout(
    *, user: User, workspace: Workspace, plan: str, interval: str, idempotency_key: str, return_path: str
) -> CheckoutSession:
    """Return the session in which a plan can be subscribed to; an open one for the same plan is that session.

    Raises AlreadySubscribedError, and what start_pack_checkout raises.
    """
    offered = load_catalogue().get_sold_plan(plan, interval=interval)
    price = _price(f"{PLAN_PREFIX}{plan}_{interval}")
    with workspace_scope(workspace.pk):
        _require_no_plan(workspace)
        had_one = Subscription.objects.filter(workspace=workspace).exclude(status="incomplete_expired").exists()
    offer = f"{plan}:{interval}"
    opened = _find_open_plan(workspace)
    if opened is not None and opened.offer == offer and opened.stripe_id and _is_fresh(opened):
        return opened
    if opened is not None and opened.idempotency_key != idempotency_key:
        _close(opened)
    session = _write_down(
        workspace,
        kind=CheckoutSession.Kind.PLAN,
        offer=offer,
        idempotency_key=idempotency_key,
        user=user,
        price_amount=price["unit_amount"],
        currency=price["currency"],
        credits=int(price["metadata"].get("credits") or offered.credits_per(interval)),
        return_path=return_path,
    )
    if session.stripe_id:
        return session
    return _open(session, user=user, price_id=price["id"], more=_plan_options(session, plan=offered, trial=not had_one))


def sync_session(stripe_id: str) -> None:
    """Bring our row of a session up to what Stripe says now; a paid pack brings its credits, once.

    Raises NotOursError, PaymentMismatchError (nothing is granted) or what `stripe_client.ask` does.
    """
    ticket = stripe_client.next_ticket()
    told = stripe_client.ask(lambda v1: v1.checkout.sessions.retrieve(stripe_id, {"expand": ["payment_intent"]}))
    with system_scope():
        session = _store(told, ticket=ticket)
        is_bought_pack = session.kind == CheckoutSession.Kind.PACK and session.is_paid
        if is_bought_pack:
            _record(session, told)
        if session.has_failed:
            notices.send_purchase_failed(session)
    if is_bought_pack and told.get("payment_intent"):
        payments.sync_payment(told["payment_intent"]["id"])
    if told.get("subscription"):
        subscriptions.sync_subscription(told["subscription"])
    if told.get("invoice") and told.get("subscription"):
        invoices.sync_invoice(told["invoice"])


def create_portal_session(*, workspace: Workspace, return_url: str) -> str:
    """Return the address of Stripe's page where cards, plan and invoices are managed.

    Raises NoCustomerError, StripeUnavailableError or StripeRefusedError.
    """
    with workspace_scope(workspace.pk):
        customer_id = find_customer_id(workspace.pk)
    if customer_id is None:
        raise NoCustomerError
    options: dict[str, Any] = {"customer": customer_id, "return_url": return_url}
    configuration = sync_plans.find_portal_configuration()
    if configuration:
        options["configuration"] = configuration
    url: str = stripe_client.ask(lambda v1: v1.billing_portal.sessions.create(options))["url"]
    return url


def _price(lookup_key: str) -> dict[str, Any]:
    if not stripe_client.is_configured():
        raise NothingForSaleError
    return stripe_client.find_price(lookup_key)


def _write_down(workspace: Workspace, *, idempotency_key: str, offer: str, **fields: Any) -> CheckoutSession:
    """Return the row of this intent: the one that the same key wrote before, or a new one."""
    try:
        with workspace_scope(workspace.pk):
            session, _is_new = CheckoutSession.objects.get_or_create(
                workspace=workspace, idempotency_key=idempotency_key, defaults=fields | {"offer": offer}
            )
    except IntegrityError:
        # Two tabs began a plan at once: the database lets one of them be open.
        raise CheckoutConflictError from None
    if (session.kind, session.offer) != (fields["kind"], offer) or session.status != CheckoutSession.Status.OPEN:
        raise CheckoutConflictError
    return session


def _open(session: CheckoutSession, *, user: User, price_id: str, more: dict[str, Any]) -> CheckoutSession:
    """Make Stripe's page for an intent."""
    workspace = session.workspace
    metadata = {"workspace_id": str(workspace.pk), "checkout_id": str(session.pk)}
    cancel_path = session.return_path or reverse("billing:overview")
    options = {
        "customer": ensure_customer(workspace, email=user.email),
        "client_reference_id": str(session.pk),
        "line_items": [{"price": price_id, "quantity": 1}],
        "metadata": metadata,
        "allow_promotion_codes": True,
        "success_url": settings.SITE_URL + reverse("billing:checkout_session", args=[session.pk]),
        "cancel_url": settings.SITE_URL + cancel_path,
    } | more
    if settings.STRIPE_AUTOMATIC_TAX:
        options |= {"automatic_tax": {"enabled": True}, "customer_update": {"address": "auto"}}
    made = stripe_client.ask(
        lambda v1: v1.checkout.sessions.create(options, {"idempotency_key": f"checkout:{session.pk}"})
    )
    with workspace_scope(workspace.pk):
        CheckoutSession.objects.filter(pk=session.pk).update(stripe_id=made["id"], url=made["url"])
        session.refresh_from_db()
    return session


def _pack_options(session: CheckoutSession) -> dict[str, Any]:
    metadata = {"workspace_id": str(session.workspace_id), "checkout_id": str(session.pk)}
    return {
        "mode": "payment",
        "invoice_creation": {"enabled": True},
        # The card is kept, so that an auto top-up can use it once the customer has switched that on.
        "payment_intent_data": {"metadata": metadata, "setup_future_usage": "off_session"},
    }


def _plan_options(session: CheckoutSession, *, plan: Plan, trial: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"metadata": {"workspace_id": str(session.workspace_id)}}
    if trial and plan.trial is not None:
        data["trial_period_days"] = plan.trial.days
    return {"mode": "subscription", "subscription_data": data}


def _require_no_plan(workspace: Workspace) -> None:
    """Raise AlreadySubscribedError if a subscription was paid for; one whose first payment never came is none."""
    subscription = find_live_subscription(workspace.pk)
    if subscription is not None and subscription.status != Subscription.Status.INCOMPLETE:
        raise AlreadySubscribedError


def _find_open_plan(workspace: Workspace) -> CheckoutSession | None:
    with workspace_scope(workspace.pk):
        return CheckoutSession.objects.filter(
            workspace=workspace, kind=CheckoutSession.Kind.PLAN, status=CheckoutSession.Status.OPEN
        ).first()


def _is_fresh(session: CheckoutSession) -> bool:
    return timezone.now() - session.created_at < REUSED_FOR


def _close(session: CheckoutSession) -> None:
    """Expire an open session, so that it cannot be paid beside another one."""
    stripe_id = session.stripe_id
    if stripe_id:
        try:
            stripe_client.ask(lambda v1: v1.checkout.sessions.expire(stripe_id))
        except stripe_client.StripeRefusedError:
            # It is complete or expired already: its own state decides.
            sync_session(stripe_id)
            with workspace_scope(session.workspace_id):
                _require_no_plan(session.workspace)
            return
    with workspace_scope(session.workspace_id):
        CheckoutSession.objects.filter(pk=session.pk, status=CheckoutSession.Status.OPEN).update(
            status=CheckoutSession.Status.EXPIRED
        )


def _store(told: dict[str, Any], *, ticket: int) -> CheckoutSession:
    """Write what was told unless a later answer was written before; return the row, locked. Raises NotOursError."""
    rows = CheckoutSession.objects.select_for_update(of=("self",))
    session = rows.filter(stripe_id=told["id"]).first() or rows.filter(pk__in=_own_ids(told)).first()
    if session is None:
        raise subscriptions.NotOursError(f"checkout session {told['id']}")
    if session.fetch_ticket < ticket:
        # The answer that named it may have been lost on the way to us.
        session.stripe_id, session.url = told["id"], told.get("url") or session.url
        session.status = told["status"]
        session.is_paid = told["status"] == "complete" and told["payment_status"] in PAID
        session.has_failed = told["status"] == "complete" and not session.is_paid and _is_not_coming(told)
        session.fetch_ticket = ticket
        session.save()
    return session


def _is_not_coming(told: dict[str, Any]) -> bool:
    """Whether a delayed payment has failed. That of a plan is told by its invoice."""
    return (told.get("payment_intent") or {}).get("status") in NOT_COMING


def _own_ids(told: dict[str, Any]) -> list[UUID]:
    """Return the id that we gave to a session, if it is one of ours."""
    try:
        return [UUID((told.get("metadata") or {}).get("checkout_id") or "")]
    except ValueError:
        return []


def _record(session: CheckoutSession, told: dict[str, Any]) -> None:
    if (told["amount_subtotal"], told["currency"]) != (session.price_amount, session.currency):
        logger.error("payment_mismatch", checkout_session=told["id"])
        raise payments.PaymentMismatchError(f"{told['amount_subtotal']} {told['currency']} for {session.offer}")
    intent = told.get("payment_intent") or {}
    paid_at = datetime.fromtimestamp(intent.get("created") or told["created"], UTC)
    payments.record_payment(
        workspace_id=session.workspace_id,
        kind=Payment.Kind.PACK,
        source_key=f"checkout:{told['id']}",
        stripe_payment_intent_id=intent.get("id"),
        amount=told["amount_total"],
        currency=told["currency"],
        credits=session.credits,
        expires_at=load_catalogue().rules.pack_credits_expire_at(bought_at=paid_at),
        paid_at=paid_at,
    )
