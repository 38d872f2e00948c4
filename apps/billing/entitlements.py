"""What a workspace may do now: the one source of every limit and feature, read from its subscription and the clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog
from django.utils import timezone

from apps.billing.catalogue import Limits, Plan, Rules, load_catalogue
from apps.billing.models import Subscription

logger = structlog.get_logger(__name__)


class Standing(StrEnum):
    """How a workspace stands with its plan."""

    FREE = "free"
    TRIAL = "trial"
    PAID = "paid"
    GRACE = "grace"
    OVERDUE = "overdue"


@dataclass(frozen=True)
class Entitlements:
    """The plan that holds now, why, and until when a grace lasts. `subscription` is the live one."""

    plan: Plan
    standing: Standing
    subscription: Subscription | None
    grace_ends_at: datetime | None = None

    @property
    def limits(self) -> Limits:
        """What the plan allows."""
        return self.plan.limits

    def has(self, feature: str) -> bool:
        """Tell whether a feature is part of the plan."""
        return feature in self.plan.features


def entitlements(workspace_id: UUID, *, at: datetime | None = None) -> Entitlements:
    """Return what a workspace may do, by its subscription as Stripe last told it. One query, within a scope."""
    subscription = find_live_subscription(workspace_id)
    return assess(subscription, at=at or timezone.now())


def assess(subscription: Subscription | None, *, at: datetime) -> Entitlements:
    """Return what a live subscription (or none) allows at a moment."""
    catalogue = load_catalogue()
    free = catalogue.get_free_plan()
    if subscription is None or subscription.status == Subscription.Status.INCOMPLETE:
        return Entitlements(free, Standing.FREE, subscription)
    plan = catalogue.find_plan(subscription.plan)
    if plan is None:
        # They go on paying for it: it must come back to plans.yaml, without a price if it is no longer sold.
        logger.error("plan_not_in_catalogue", plan=subscription.plan, subscription=subscription.stripe_id)
        plan = free
    if subscription.status == Subscription.Status.TRIALING:
        return Entitlements(plan, Standing.TRIAL, subscription)
    if subscription.status == Subscription.Status.ACTIVE:
        return Entitlements(plan, Standing.PAID, subscription)
    grace_ends_at = grace_end(subscription, rules=catalogue.rules)
    if subscription.status == Subscription.Status.PAST_DUE and grace_ends_at and at < grace_ends_at:
        return Entitlements(plan, Standing.GRACE, subscription, grace_ends_at)
    return Entitlements(free, Standing.OVERDUE, subscription, grace_ends_at)


def find_live_subscription(workspace_id: UUID) -> Subscription | None:
    """Return the subscription that counts: one that is served before one that is not, the older of two."""
    live = Subscription.objects.filter(workspace_id=workspace_id, status__in=Subscription.LIVE)
    return min(live, key=_precedence, default=None)


def grace_end(subscription: Subscription, *, rules: Rules) -> datetime | None:
    """Return until when an overdue subscription goes on as before; None for one that is not overdue."""
    if subscription.past_due_since is None:
        return None
    return subscription.past_due_since + timedelta(days=rules.grace_days)


def _precedence(subscription: Subscription) -> tuple[bool, datetime, str]:
    return subscription.status not in Subscription.SERVED, subscription.started_at, subscription.stripe_id
