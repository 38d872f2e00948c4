"""A workspace's plan as the billing page and the pricing page show it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from apps.billing.catalogue import load_catalogue
from apps.billing.entitlements import Entitlements, Standing, entitlements
from apps.billing.models import Subscription
from apps.billing.news import Due, find_due
from apps.billing.offers import PlanOffer, PriceTag, describe_plan


@dataclass(frozen=True)
class PlanSummary:
    """The plan that was bought (or the free one), what it costs, and how it stands."""

    held: Entitlements
    offer: PlanOffer
    price: PriceTag | None
    due: Due
    # Credits to which a balance is filled up, and when; 0 where nothing is filled up.
    allowance_credits: int
    allowance_on: date

    @property
    def subscription(self) -> Subscription | None:
        """The live subscription."""
        return self.held.subscription

    @property
    def standing(self) -> Standing:
        """How the workspace stands with its plan."""
        return self.held.standing


def summarize(workspace_id: UUID, *, at: datetime) -> PlanSummary:
    """Return how a workspace stands with its plan. One query, and one more while a payment is overdue."""
    catalogue = load_catalogue()
    held = entitlements(workspace_id, at=at)
    subscription = held.subscription
    # An overdue plan allows what the free one does, and is still the plan that was bought.
    bought = catalogue.find_plan(subscription.plan) if subscription else None
    offer = describe_plan(bought or held.plan, catalogue=catalogue)
    interval = subscription.interval if subscription else ""
    is_unserved = held.standing in {Standing.FREE, Standing.OVERDUE}
    return PlanSummary(
        held=held,
        offer=offer,
        price=next((price for price in offer.prices if price.interval == interval), None),
        due=find_due(held),
        allowance_credits=catalogue.get_free_plan().monthly_allowance_credits if is_unserved else 0,
        allowance_on=next_allowance_day(at),
    )


def had_subscription(workspace_id: UUID) -> bool:
    """Tell whether a workspace ever had a subscription, so that none of its begins with a trial any more."""
    known = Subscription.objects.filter(workspace_id=workspace_id)
    return known.exclude(status=Subscription.Status.INCOMPLETE_EXPIRED).exists()


def next_allowance_day(at: datetime) -> date:
    """Return the first day of the next month (UTC): then the free plan's credits are filled up."""
    today = at.astimezone(UTC).date()
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)
