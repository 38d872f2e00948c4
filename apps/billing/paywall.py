"""What stands between somebody and a run that they cannot pay: what is missing, and the ways on. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from apps.billing import overage, stripe_client
from apps.billing.buyers import can_buy
from apps.billing.catalogue import Catalogue, load_catalogue
from apps.billing.entitlements import Entitlements, Standing, entitlements
from apps.billing.models import SpendingRules
from apps.billing.offers import PackOffer, PlanOffer, PriceTag, describe_plan, list_pack_offers
from apps.billing.selectors import Balance
from apps.billing.summary import had_subscription, next_allowance_day


class Reason(StrEnum):
    """Why a run cannot start."""

    SHORT = "short"
    DEBT = "debt"
    SPEND_CAP = "spend_cap"


@dataclass(frozen=True)
class Paywall:
    """The choices at an empty purse: credits, and offers that cover what is missing. What does not apply is empty.

    `larger_plan` is for who has a plan already, and changes it in the portal.
    """

    reason: Reason
    needed: int
    available: int
    debt: int
    can_buy: bool
    is_selling: bool
    pack: PackOffer | None = None
    plan: PlanOffer | None = None
    # The plan begins with its trial: fewer credits at first, and no money.
    offers_trial: bool = False
    larger_plan: PlanOffer | None = None
    overage_plan: PlanOffer | None = None
    allowance_credits: int = 0
    allowance_on: date | None = None

    @property
    def missing(self) -> int:
        """Credits that are missing for this run, a debt included."""
        return max(0, self.needed - self.available) + self.debt

    @property
    def price(self) -> PriceTag | None:
        """What the plan that is offered costs."""
        return self.plan.monthly if self.plan else None


def find_paywall(*, workspace_id: UUID, needed: int, balance: Balance, role: str, at: datetime) -> Paywall | None:
    """Return what stands in the way of a run that needs so many credits; None if it can start.

    No query while the balance is enough, else two to four, within a scope.
    """
    if needed <= balance.available and not balance.debt:
        return None
    held = entitlements(workspace_id, at=at)
    if not balance.debt and _is_covered(held, missing=needed - balance.available):
        return None
    return _describe(held, workspace_id=workspace_id, needed=needed, balance=balance, role=role, at=at)


def describe_spend_cap(*, needed: int, balance: Balance, role: str) -> Paywall:
    """Return what stands in the way when a customer's own cap of the month does. No query."""
    return Paywall(
        reason=Reason.SPEND_CAP,
        needed=needed,
        available=balance.available,
        debt=balance.debt,
        can_buy=can_buy(role),
        is_selling=stripe_client.is_configured(),
    )


def _is_covered(held: Entitlements, *, missing: int) -> bool:
    """Tell whether overage would bring what is missing; the start itself decides, under the lock of the rules."""
    sold = held.plan.overage
    if not overage.is_offered(held) or sold is None or held.subscription is None:
        return False
    rules = SpendingRules.objects.filter(pk=held.subscription.workspace_id).first()
    if rules is None or not rules.overage_cap_credits:
        return False
    blocks = -(-missing // sold.credits) * sold.credits
    return overage.count_used(held.subscription) + blocks <= rules.overage_cap_credits


def _describe(
    held: Entitlements, *, workspace_id: UUID, needed: int, balance: Balance, role: str, at: datetime
) -> Paywall:
    catalogue = load_catalogue()
    missing = max(0, needed - balance.available) + balance.debt
    has_plan = held.subscription is not None
    plan = None if has_plan else _fitting_plan(catalogue, missing=missing)
    allowance = _allowance(held, catalogue=catalogue)
    # The filling up stops at the allowance, and pays no debt.
    is_filled_up = not balance.debt and balance.available < allowance
    return Paywall(
        reason=Reason.DEBT if balance.debt else Reason.SHORT,
        needed=needed,
        available=balance.available,
        debt=balance.debt,
        can_buy=can_buy(role),
        is_selling=stripe_client.is_configured(),
        pack=_smallest_pack(catalogue, missing=missing),
        plan=plan,
        offers_trial=plan is not None and plan.plan.trial is not None and not had_subscription(workspace_id),
        larger_plan=_larger_plan(held, catalogue=catalogue) if has_plan else None,
        overage_plan=describe_plan(held.plan, catalogue=catalogue) if overage.is_offered(held) else None,
        allowance_credits=allowance if is_filled_up else 0,
        allowance_on=next_allowance_day(at) if is_filled_up else None,
    )


def _allowance(held: Entitlements, *, catalogue: Catalogue) -> int:
    is_served = held.standing not in {Standing.FREE, Standing.OVERDUE}
    return 0 if is_served else catalogue.get_free_plan().monthly_allowance_credits


def _smallest_pack(catalogue: Catalogue, *, missing: int) -> PackOffer | None:
    """Return the smallest pack that covers what is missing; the largest if none does."""
    packs = list_pack_offers(catalogue)
    covering = (pack for pack in packs if pack.credits >= missing)
    return next(covering, packs[-1] if packs else None)


def _fitting_plan(catalogue: Catalogue, *, missing: int) -> PlanOffer | None:
    """Return the plan with the fewest credits that covers what is missing in a month; the largest if none does."""
    plans = sorted(catalogue.list_sold_plans(), key=lambda plan: plan.monthly_credits)
    covering = (plan for plan in plans if plan.monthly_credits >= missing)
    plan = next(covering, plans[-1] if plans else None)
    return describe_plan(plan, catalogue=catalogue) if plan else None


def _larger_plan(held: Entitlements, *, catalogue: Catalogue) -> PlanOffer | None:
    """Return the next larger plan, for who has one that works."""
    if held.standing not in {Standing.PAID, Standing.TRIAL}:
        return None
    larger = [plan for plan in catalogue.list_sold_plans() if plan.monthly_credits > held.plan.monthly_credits]
    smallest = min(larger, key=lambda plan: plan.monthly_credits, default=None)
    return describe_plan(smallest, catalogue=catalogue) if smallest else None
