"""Credits bought by themselves when the balance runs low: one at a time, within a cap, with the customer's saved card.

The row is committed before Stripe is asked and names the request. An answer that was lost is asked for again with the
same name; Stripe keeps such names for a day, so what is older is looked up instead, and never charged anew.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.billing import notices, payments, spending, stripe_client
from apps.billing.catalogue import FREE, UnknownOfferError, load_catalogue
from apps.billing.customers import find_customer_id
from apps.billing.entitlements import entitlements
from apps.billing.models import CreditAccount, Customer, SpendingRules, Subscription, TopUp
from apps.core.db import system_scope

logger = structlog.get_logger(__name__)

STARTED_AT_ONCE = 100
# One that is still pending after this long has lost its worker, or waits for a bank.
SETTLED_AGAIN_AFTER = timedelta(minutes=1)
REPEATED_FOR = timedelta(hours=23)
FEATURE = "top_up"


def start_due(*, limit: int = STARTED_AT_ONCE) -> int:
    """Start a top-up wherever the balance fell below the customer's threshold; return how many were started."""
    with system_scope():
        due = list(_list_due(at=timezone.now())[:limit])
    started = [top_up for workspace_id in due if (top_up := start(workspace_id))]
    for top_up in started:
        settle(top_up.pk)
    return len(started)


def settle_pending(*, now: datetime | None = None) -> int:
    """Ask again for those that are still under way; return how many there were."""
    before = (now or timezone.now()) - SETTLED_AGAIN_AFTER
    with system_scope():
        pending = TopUp.objects.filter(status=TopUp.Status.PENDING, created_at__lt=before).order_by("created_at")
        ids = list(pending.values_list("pk", flat=True)[:STARTED_AT_ONCE])
    for top_up_id in ids:
        settle(top_up_id)
    return len(ids)


def start(workspace_id: UUID, *, at: datetime | None = None) -> TopUp | None:
    """Write down a top-up if the rules of a workspace want one now; None if not. Nothing is charged yet.

    Under the lock of the rules: at most one is under way, and together they never cost more than the month's cap.
    """
    at = at or timezone.now()
    with system_scope():
        rules = SpendingRules.objects.select_for_update(of=("self",)).get(pk=workspace_id)
        is_due = _list_due(at=at).filter(pk=workspace_id).exists()
        if not is_due or not entitlements(workspace_id, at=at).has(FEATURE):
            return None
        catalogue = load_catalogue()
        try:
            pack = catalogue.get_pack(rules.top_up_pack)
        except UnknownOfferError:
            _pause(rules, reason="pack_gone")
            return None
        if spending.count_topped_up(workspace_id, at=at) + pack.price > rules.top_up_monthly_cap_amount:
            _pause_until_next_month(rules, at=at)
            return None
        return TopUp.objects.create(
            workspace_id=workspace_id,
            pack=pack.slug,
            price_amount=pack.price,
            currency=catalogue.currency,
            credits=pack.credits,
        )


def settle(top_up_id: UUID, *, now: datetime | None = None) -> None:
    """Charge a pending top-up, or find out what has become of it. An outage leaves it pending for the next time."""
    with system_scope():
        top_up = TopUp.objects.filter(pk=top_up_id, status=TopUp.Status.PENDING).first()
        customer_id = find_customer_id(top_up.workspace_id) if top_up else None
    if top_up is None:
        return
    is_old = top_up.created_at < (now or timezone.now()) - REPEATED_FOR
    try:
        intent_id = top_up.stripe_payment_intent_id or _pay(top_up, customer_id=customer_id, is_old=is_old)
        if intent_id is not None:
            payments.sync_payment(intent_id)
        else:
            _fail(top_up, reason="never_charged" if is_old else "no_card")
    except stripe_client.StripeUnavailableError:
        logger.warning("top_up_delayed", top_up_id=str(top_up.pk))
    except stripe_client.StripeRefusedError as error:
        logger.error("top_up_refused", top_up_id=str(top_up.pk), error=str(error))
        _fail(top_up, reason=error.stripe_code)
    except payments.PaymentMismatchError as error:
        # Money moved, and not as it should have: pending until staff have looked.
        logger.error("top_up_mismatch", top_up_id=str(top_up.pk), error=str(error))


def _list_due(*, at: datetime) -> QuerySet[SpendingRules, UUID]:
    """Return the workspaces whose rules ask for credits now, as far as one query can tell."""
    low = CreditAccount.objects.filter(pk=OuterRef("pk"), balance__lt=OuterRef("top_up_threshold_credits") + F("held"))
    under_way = TopUp.objects.filter(workspace_id=OuterRef("pk"), status=TopUp.Status.PENDING)
    customer = Customer.objects.filter(pk=OuterRef("pk"))
    runs = Q(top_up_paused_reason="") | (
        Q(top_up_paused_reason__startswith=spending.CAPPED) & ~Q(top_up_paused_reason=_capped_in(at))
    )
    # Whose account was erased spends nothing any more.
    people = notices.list_told(OuterRef("pk"))
    wanted = SpendingRules.objects.filter(runs, Exists(low), ~Exists(under_way), Exists(customer), Exists(people))
    offered = [plan.slug for plan in load_catalogue().plans if FEATURE in plan.features]
    if FREE not in offered:
        served = Subscription.objects.filter(workspace_id=OuterRef("pk"), plan__in=offered)
        wanted = wanted.filter(Exists(served.filter(status__in=Subscription.LIVE)))
    return wanted.filter(tops_up=True, workspace__suspended_at=None).order_by("pk").values_list("pk", flat=True)


def _pay(top_up: TopUp, *, customer_id: str | None, is_old: bool) -> str | None:
    """Return Stripe's id of the payment, made now or before; None if there is none and none can be made."""
    if customer_id is None:
        return None
    return _find_intent(top_up, customer_id) if is_old else _charge(top_up, customer_id)


def _charge(top_up: TopUp, customer_id: str) -> str | None:
    """Ask Stripe to charge the card, and return its id of the payment; None without a card."""
    card = top_up.payment_method or _choose_card(top_up, customer_id)
    if card is None:
        return None
    options: dict[str, Any] = {
        "amount": top_up.price_amount,
        "currency": top_up.currency,
        "customer": customer_id,
        "payment_method": card,
        "off_session": True,
        "confirm": True,
        "metadata": {"workspace_id": str(top_up.workspace_id), "top_up_id": str(top_up.pk)},
    }
    key = {"idempotency_key": f"top-up:{top_up.pk}"}
    try:
        intent_id: str = stripe_client.ask(lambda v1: v1.payment_intents.create(options, key))["id"]
    except stripe_client.CardDeclinedError as error:
        if not error.payment_intent_id:
            raise
        return error.payment_intent_id
    return intent_id


def _choose_card(top_up: TopUp, customer_id: str) -> str | None:
    """Return the card to charge, and remember it: a request that is repeated has to be the same."""
    with system_scope():
        subscription = entitlements(top_up.workspace_id).subscription
    card = next(_list_cards(customer_id, subscription_id=subscription.stripe_id if subscription else None), None)
    with system_scope():
        chosen = TopUp.objects.filter(pk=top_up.pk, payment_method="")
        chosen.update(payment_method=card or "")
        top_up.refresh_from_db()
    return top_up.payment_method or None


def _list_cards(customer_id: str, *, subscription_id: str | None) -> Iterator[str]:
    """Yield saved cards: the customer's own choice, the one that pays the plan, the newest."""
    customer = stripe_client.ask(lambda v1: v1.customers.retrieve(customer_id))
    if chosen := (customer.get("invoice_settings") or {}).get("default_payment_method"):
        yield chosen
    if subscription_id is not None:
        subscription = stripe_client.ask(lambda v1: v1.subscriptions.retrieve(subscription_id))
        if paying := subscription.get("default_payment_method"):
            yield paying
    cards = stripe_client.walk(lambda v1: v1.payment_methods.list({"customer": customer_id, "type": "card"}))
    yield from (card["id"] for card in cards)


def _find_intent(top_up: TopUp, customer_id: str) -> str | None:
    """Return the payment that was made under the name of a top-up, if there is one."""
    since = int(top_up.created_at.timestamp()) - 3600
    made = stripe_client.walk(
        lambda v1: v1.payment_intents.list({"customer": customer_id, "created": {"gte": since}, "limit": 100})
    )
    return next((intent["id"] for intent in made if intent["metadata"].get("top_up_id") == str(top_up.pk)), None)


def _fail(top_up: TopUp, *, reason: str) -> None:
    with system_scope():
        pending = TopUp.objects.filter(pk=top_up.pk, status=TopUp.Status.PENDING)
        if pending.update(status=TopUp.Status.FAILED, error=reason, ended_at=timezone.now()):
            top_up.refresh_from_db()
            spending.note_failed_top_up(top_up)


def _pause_until_next_month(rules: SpendingRules, *, at: datetime) -> None:
    _pause(rules, reason=_capped_in(at))
    notices.send_top_ups_capped(
        workspace_id=rules.workspace_id,
        cap_amount=rules.top_up_monthly_cap_amount,
        month=f"{spending.month_start(at):%Y-%m}",
    )


def _capped_in(at: datetime) -> str:
    return f"{spending.CAPPED}{spending.month_start(at):%Y-%m}"


def _pause(rules: SpendingRules, *, reason: str) -> None:
    rules.top_up_paused_reason = reason
    rules.save(update_fields=["top_up_paused_reason", "updated_at"])
