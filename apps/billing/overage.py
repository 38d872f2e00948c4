"""Credits beyond the balance: granted when a start needs them, told to Stripe's meter once, invoiced afterwards.

They are sold in whole blocks, so that Stripe's sum and ours are the same number. What is not used of a block stays.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Exists, F, OuterRef, Q, Sum, Value
from django.db.models.functions import Concat
from django.utils import timezone

from apps.billing import ledger, stripe_client
from apps.billing.customers import find_customer_id
from apps.billing.entitlements import Entitlements, Standing, entitlements
from apps.billing.models import CreditGrant, OverageReport, SpendingRules, Subscription
from apps.billing.sync_plans.wanted import METER_EVENT_NAME, OVERAGE_PREFIX
from apps.core.db import system_scope

logger = structlog.get_logger(__name__)

REPORTS_AT_ONCE = 200
FIRST_DELAY = timedelta(seconds=10)
# Stripe forgets the name of a report after a day: what may have arrived is not sent again after this long.
REPEATED_FOR = timedelta(hours=23)
# A renewal's invoice stays a draft for an hour or so, and counts what was metered.
OPEN_INVOICE = timedelta(days=1)
ERROR_LENGTH_MAX = 250


def is_offered(entitled: Entitlements) -> bool:
    """Tell whether a workspace can be sold overage now: its plan sells it, and is paid for, by the month.

    Stripe invoices it with the plan: a year would be too long to wait for money, and who is overdue gets no more.
    """
    subscription = entitled.subscription
    return (
        entitled.has("overage")
        and entitled.plan.overage is not None
        and entitled.standing == Standing.PAID
        and subscription is not None
        and subscription.interval == "month"
    )


def cover_shortage(shortage: ledger.InsufficientCreditsError, *, rules: SpendingRules, idempotency_key: str) -> bool:
    """Grant what a hold is missing, in whole blocks, if the plan sells it and the customer's cap allows it.

    The caller has locked the rules, then the account, by the refusal of that hold. A debt is never covered.
    """
    if rules.overage_cap_credits <= 0 or shortage.debt > 0:
        return False
    entitled = entitlements(rules.workspace_id)
    subscription, sold = entitled.subscription, entitled.plan.overage
    if not is_offered(entitled) or subscription is None or sold is None:
        return False
    if rules.overage_metered_for != _metered_name(subscription):
        return False
    missing = shortage.needed - shortage.available
    amount = -(-missing // sold.credits) * sold.credits
    if count_used(subscription) + amount > rules.overage_cap_credits:
        return False
    _grant(subscription, amount_credits=amount, idempotency_key=f"overage:{idempotency_key}")
    return True


def count_used(subscription: Subscription) -> int:
    """Return the credits beyond the balance that were granted in a subscription's current period."""
    reports = OverageReport.objects.filter(
        workspace_id=subscription.workspace_id,
        stripe_subscription_id=subscription.stripe_id,
        period_start=subscription.current_period_start,
    )
    return reports.aggregate(total=Sum("credits"))["total"] or 0


def meter_subscriptions() -> int:
    """Have Stripe meter overage for everybody who wants it and is not metered yet; return how many are now.

    The metered price is added when the customer allows overage, not at checkout: Stripe's portal cannot change a
    plan that has one beside it.
    """
    unmetered = (
        Subscription.objects.filter(workspace_id=OuterRef("pk"), status=Subscription.Status.ACTIVE)
        .annotate(metered_name=Concat("stripe_id", Value(":"), "plan"))
        .exclude(metered_name=OuterRef("overage_metered_for"))
    )
    with system_scope():
        wanted = SpendingRules.objects.filter(Exists(unmetered), overage_cap_credits__gt=0)
        ids = list(wanted.order_by("pk").values_list("pk", flat=True))
    return sum(meter_subscription(workspace_id) for workspace_id in ids)


def meter_subscription(workspace_id: UUID) -> bool:
    """Add the metered price to a workspace's subscription unless it is there; return whether something changed."""
    with system_scope():
        rules = SpendingRules.objects.filter(pk=workspace_id, overage_cap_credits__gt=0).first()
        entitled = entitlements(workspace_id)
    subscription = entitled.subscription
    if rules is None or subscription is None or not is_offered(entitled):
        return False
    if rules.overage_metered_for == _metered_name(subscription):
        return False
    try:
        is_metered = _add_metered_price(subscription)
    except stripe_client.StripeRefusedError as error:
        logger.error("overage_not_metered", workspace_id=str(workspace_id), error=str(error))
        return False
    if not is_metered:
        return False
    with system_scope():
        SpendingRules.objects.filter(pk=workspace_id).update(overage_metered_for=_metered_name(subscription))
    return True


def stop_metering(*, now: datetime | None = None) -> int:
    """Take the metered price away from subscriptions whose customers allow no overage any more; return how many.

    Only in a period without any of it, and not on its first day, when the invoice of the one before is still open.
    """
    now = now or timezone.now()
    with system_scope():
        unwanted = SpendingRules.objects.filter(overage_cap_credits=0).exclude(overage_metered_for="")
        ids = list(unwanted.order_by("pk").values_list("pk", flat=True))
    return sum(_stop_metering(workspace_id, now=now) for workspace_id in ids)


def report_due(*, now: datetime | None = None) -> int:
    """Tell Stripe's meter what was granted and not told yet; return how many reports it took.

    The ledger entry names a report, so one that is repeated counts once. What is reported after the end of a period
    is invoiced with the next one.
    """
    now = now or timezone.now()
    with system_scope():
        waiting = OverageReport.objects.filter(reported_at=None)
        fresh = waiting.filter(Q(attempts=0) | Q(created_at__gt=now - REPEATED_FOR)).order_by("created_at", "pk")
        due = [report for report in fresh[:REPORTS_AT_ONCE] if _is_due(report, now=now)]
        stuck = waiting.filter(attempts__gt=0, created_at__lte=now - REPEATED_FOR).count()
    if stuck:
        logger.error("overage_reports_stuck", count=stuck)
    return sum(_report(report) for report in due)


def _metered_name(subscription: Subscription) -> str:
    return f"{subscription.stripe_id}:{subscription.plan}"


def _grant(subscription: Subscription, *, amount_credits: int, idempotency_key: str) -> None:
    entry = ledger.grant(
        workspace_id=subscription.workspace_id,
        amount_credits=amount_credits,
        source=CreditGrant.Source.OVERAGE,
        idempotency_key=idempotency_key,
    )
    OverageReport.objects.create(
        entry_id=entry.id,
        workspace_id=subscription.workspace_id,
        stripe_subscription_id=subscription.stripe_id,
        period_start=subscription.current_period_start,
        credits=amount_credits,
    )


def _add_metered_price(subscription: Subscription) -> bool:
    """Let a subscription have the metered price of its plan, and of no other: the meter is one for all of them.

    Return whether Stripe has it: the answer may be that of an earlier request, whose price was taken away since.
    """
    product = f"{OVERAGE_PREFIX}{subscription.plan}"
    metered = _list_metered_items(subscription)
    changes = [{"id": item_id, "deleted": True} for sold, item_id in metered.items() if sold != product]
    if product not in metered:
        changes.append({"price": stripe_client.find_price(product)["id"]})
    if not changes:
        return True
    options = {"items": changes, "proration_behavior": "none"}
    # Of two workers at once, each would add it: they know the subscription by the same ticket, and ask as one.
    name = f"overage:{subscription.stripe_id}:{subscription.plan}:{subscription.fetch_ticket}"
    stripe_client.ask(lambda v1: v1.subscriptions.update(subscription.stripe_id, options, {"idempotency_key": name}))
    return product in _list_metered_items(subscription)


def _stop_metering(workspace_id: UUID, *, now: datetime) -> bool:
    with system_scope():
        subscription = entitlements(workspace_id, at=now).subscription
        is_used = subscription is not None and count_used(subscription) > 0
    if subscription is not None:
        if is_used or now - subscription.current_period_start < OPEN_INVOICE:
            return False
        try:
            _take_metered_prices(subscription)
        except stripe_client.StripeRefusedError as error:
            logger.error("overage_still_metered", workspace_id=str(workspace_id), error=str(error))
            return False
    with system_scope():
        # Also if the customer has allowed it again in between: then it is added again, before any is sold.
        SpendingRules.objects.filter(pk=workspace_id).update(overage_metered_for="")
    return True


def _take_metered_prices(subscription: Subscription) -> None:
    metered = sorted(_list_metered_items(subscription).values())
    if metered:
        options = {"items": [{"id": item_id, "deleted": True} for item_id in metered], "proration_behavior": "none"}
        stripe_client.ask(lambda v1: v1.subscriptions.update(subscription.stripe_id, options))


def _list_metered_items(subscription: Subscription) -> dict[str, str]:
    """Return the items of overage that Stripe has in a subscription, by the product that they sell."""
    told = stripe_client.ask(lambda v1: v1.subscriptions.retrieve(subscription.stripe_id))
    return {
        item["price"]["product"]: item["id"]
        for item in told["items"]["data"]
        if str(item["price"]["product"]).startswith(OVERAGE_PREFIX)
    }


def _is_due(report: OverageReport, *, now: datetime) -> bool:
    return report.attempts == 0 or report.created_at + FIRST_DELAY * 2**report.attempts <= now


def _report(report: OverageReport) -> bool:
    if not _claim(report):
        return False
    with system_scope():
        customer_id = find_customer_id(report.workspace_id)
    name = str(report.pk)
    usage = {
        "event_name": METER_EVENT_NAME,
        "identifier": name,
        "payload": {"stripe_customer_id": customer_id or "", "value": str(report.credits)},
    }
    try:
        stripe_client.ask(lambda v1: v1.billing.meter_events.create(usage, {"idempotency_key": f"overage:{name}"}))
    except (stripe_client.StripeUnavailableError, stripe_client.StripeRefusedError) as error:
        if not _was_known(error, name=name):
            _note_failure(report, error)
            return False
    with system_scope():
        OverageReport.objects.filter(pk=report.pk).update(reported_at=timezone.now(), error="")
    return True


def _claim(report: OverageReport) -> bool:
    """Let one of two workers report; the other one's would be the same, only in vain."""
    with system_scope():
        unclaimed = OverageReport.objects.filter(pk=report.pk, attempts=report.attempts, reported_at=None)
        return unclaimed.update(attempts=F("attempts") + 1) == 1


def _was_known(error: Exception, *, name: str) -> bool:
    """Whether Stripe refused a report because it has it: an answer was lost on the way."""
    message = error.message if isinstance(error, stripe_client.StripeRefusedError) else ""
    return name in message and "already exists" in message


def _note_failure(report: OverageReport, error: Exception) -> None:
    logger.warning("overage_not_reported", entry_id=str(report.pk), error=str(error))
    with system_scope():
        OverageReport.objects.filter(pk=report.pk).update(error=str(error)[:ERROR_LENGTH_MAX])
