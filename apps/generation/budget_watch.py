"""Who hears that a limit comes close: customers of their plan's, those who run the product of every budget.

Both look at who has started something lately, since nothing else can have come closer. What was said in a window is not
said again: the mail and the alert know their window by name.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from apps.billing import notices
from apps.billing.entitlements import entitlements
from apps.billing.money import format_money
from apps.core import alerts
from apps.core.db import system_scope
from apps.core.ids import uuid7_floor
from apps.generation import budget_use, quotas
from apps.generation.budgets import without_overruled
from apps.generation.models import Budget, Generation
from apps.generation.quota_words import USD_MICROS_PER_CENT

# Longer than the time between two looks, so that none is missed when one comes late.
LATELY = timedelta(minutes=30)
# What customers are told of, and whether it begins anew each day.
NOTICED = {"generations_per_day": True, "tokens_per_month": False}
ALERT_PERCENTS = (100, 80, 50)


def notify_near_quotas(*, now: datetime) -> int:
    """Queue the mails for quotas of plans that are close, each once in its window; return how many were close."""
    return sum(_notify(workspace_id, now=now) for workspace_id in _list_lately("workspace", now=now))


def alert_budgets(*, now: datetime) -> int:
    """Alert at 50, 80 and 100 % of every budget, each once in its window; return how many were that far."""
    found = [*_list_shared(now=now), *_list_of_workspaces(now=now), *_list_of_people(now=now)]
    return sum(_alert(*each) for each in found)


def _notify(workspace_id: UUID, *, now: datetime) -> int:
    """Name what is close for one workspace, within a transaction of its own."""
    told = 0
    with system_scope():
        rights, listed = quotas.list_quotas(workspace_id, at=now)
        for quota in listed:
            if quota.name not in NOTICED or quota.limit is None or quota.percent < quotas.NEAR_PERCENT:
                continue
            day = budget_use.day_of(now)
            notices.send_quota_near(
                workspace_id=workspace_id,
                quota=quota.name,
                window=f"{day}" if NOTICED[quota.name] else f"{day:%Y-%m}",
                label=str(quota.label),
                used=quota.shown_used,
                limit=quota.shown_limit,
                plan_name=rights.plan.name,
                is_daily=NOTICED[quota.name],
            )
            told += 1
    return told


def _list_shared(*, now: datetime) -> Iterator[tuple[str, str, int, int]]:
    """Yield name, window, use and amount of each budget that all customers share."""
    day = budget_use.day_of(now)
    with system_scope():
        for budget in Budget.objects.exclude(scope=Budget.Scope.USER).order_by("pk"):
            name = f"{budget.scope}:{budget.subject}".rstrip(":")
            yield name, str(day), budget_use.of_shared(budget, day=day).used, budget.amount_usd_micros


def _list_of_workspaces(*, now: datetime) -> Iterator[tuple[str, str, int, int]]:
    day = budget_use.day_of(now)
    for workspace_id in _list_lately("workspace", now=now):
        with system_scope():
            amount = entitlements(workspace_id, at=now).limits.daily_budget_usd_micros
            if amount is not None:
                yield f"workspace:{workspace_id}", str(day), budget_use.of_workspace(workspace_id, day=day), amount


def _list_of_people(*, now: datetime) -> Iterator[tuple[str, str, int, int]]:
    with system_scope():
        budgets = list(Budget.objects.filter(scope=Budget.Scope.USER).order_by("pk"))
    if not budgets:
        return
    for user_id in _list_lately("user", now=now):
        theirs = without_overruled([one for one in budgets if one.subject in ("", str(user_id))])
        for budget in theirs:
            with system_scope():
                used = budget_use.of_person(user_id, period=budget.period, at=now)
            yield f"user:{user_id}", _window(budget.period, day=budget_use.day_of(now)), used, budget.amount_usd_micros


def _list_lately(whose: str, *, now: datetime) -> list[Any]:
    """Return whose runs were started lately, by the end of the primary key."""
    with system_scope():
        lately = Generation.objects.filter(pk__gte=uuid7_floor(now - LATELY)).order_by()
        return sorted(lately.values_list(whose, flat=True).distinct())


def _window(period: str, *, day: date) -> str:
    return f"{day:%Y-%m}" if period == Budget.Period.MONTH else str(day)


def _alert(name: str, window: str, used: int, amount: int) -> int:
    """Send the highest alert that a budget has come to; return 1 if there is one."""
    reached = next((percent for percent in ALERT_PERCENTS if used * 100 >= amount * percent), None)
    if reached is None or not used:
        return 0
    spent, allowed = (format_money(-(-micros // USD_MICROS_PER_CENT), "usd") for micros in (used, amount))
    alerts.send(
        kind="budget",
        window=f"budget:{name}:{window}:{reached}",
        sentence=f"{reached} % of the budget of {name} for {window} is used: {spent} of {allowed}.",
        used_usd_micros=used,
        amount_usd_micros=amount,
    )
    return 1
