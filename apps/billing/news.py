"""What those who pay must know on every page: a payment that is overdue, a trial that ends, a debt."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from apps.billing.catalogue import load_catalogue
from apps.billing.entitlements import Entitlements, Standing, entitlements
from apps.billing.models import Invoice
from apps.billing.money import format_money

TRIAL_NEWS_DAYS = 3


class Kind(StrEnum):
    """What the news is about."""

    GRACE = "grace"
    OVERDUE = "overdue"
    TRIAL_ENDS = "trial_ends"
    DEBT = "debt"


@dataclass(frozen=True)
class News:
    """One sentence above every page; which of the fields are set depends on the kind."""

    kind: Kind
    plan: str = ""
    amount: str = ""
    interval: str = ""
    at: datetime | None = None
    credits: int = 0
    pay_url: str = ""


@dataclass(frozen=True)
class Due:
    """What an overdue plan still asks for, and where it can be paid; both empty if there is nothing."""

    amount: str = ""
    pay_url: str = ""


def list_news(workspace_id: UUID, *, debt: int, at: datetime) -> list[News]:
    """Return what is to be said now, the most urgent first. One query, and one more while a payment is overdue."""
    held = entitlements(workspace_id, at=at)
    return describe(held, debt=debt, due=find_due(held), at=at)


def describe(held: Entitlements, *, debt: int, due: Due, at: datetime) -> list[News]:
    """Return what is to be said about a plan and a debt, the most urgent first."""
    news = [_of_plan(held, due=due, at=at), News(Kind.DEBT, credits=debt) if debt else None]
    return [item for item in news if item is not None]


def find_due(held: Entitlements) -> Due:
    """Return what the newest invoice of an overdue plan still asks for. One query for such a plan, none for others."""
    if held.subscription is None or held.standing not in {Standing.GRACE, Standing.OVERDUE}:
        return Due()
    invoices = Invoice.objects.filter(
        workspace_id=held.subscription.workspace_id,
        stripe_subscription_id=held.subscription.stripe_id,
        status=Invoice.Status.OPEN,
    )
    invoice = invoices.order_by("-issued_at").first()
    if invoice is None:
        return Due()
    return Due(format_money(invoice.total - invoice.amount_paid, invoice.currency), invoice.hosted_url)


def _of_plan(held: Entitlements, *, due: Due, at: datetime) -> News | None:
    subscription = held.subscription
    if subscription is None:
        return None
    catalogue = load_catalogue()
    plan = catalogue.find_plan(subscription.plan)
    name = plan.name if plan else subscription.plan
    if held.standing in {Standing.GRACE, Standing.OVERDUE}:
        kind = Kind.GRACE if held.standing == Standing.GRACE else Kind.OVERDUE
        return News(kind, plan=name, amount=due.amount, at=held.grace_ends_at, pay_url=due.pay_url)
    ends_at = subscription.trial_end
    ends_soon = held.standing == Standing.TRIAL and ends_at and ends_at - at < timedelta(days=TRIAL_NEWS_DAYS)
    if not ends_soon or subscription.cancel_at is not None or plan is None or subscription.interval not in plan.prices:
        return None
    amount = format_money(plan.prices[subscription.interval], catalogue.currency)
    return News(Kind.TRIAL_ENDS, plan=name, amount=amount, interval=subscription.interval, at=ends_at)
