"""Slices of the budgets that all customers share: leased by workspaces, given back by those that are idle.

No transaction of money writes a shared row. A start that finds its workspace's slice too small is undone; a slice is
leased in a short transaction of its own, under the lock of the budget; then it starts again. Under that lock what all
workspaces have leased, or use without a slice, is never more than the budget, so the **overshoot is 0**.

**Underuse:** a start is refused only after idle slices were taken back, so what stays unused is less than what the
refused start needs, besides the slices of starts that commit in that very moment (a program that tries again gets
them), and what runs reserve and do not use, which comes back when each of them ends.

Every lease reads the rollups of the day once. So a workspace leases a sixteenth of what is left, not one run's worth.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from apps.core.db import system_scope
from apps.core.ids import uuid7_floor
from apps.generation import budget_use
from apps.generation.budget_use import PARTS, SharedUse
from apps.generation.budgets import BudgetExhaustedError, SliceTooSmallError
from apps.generation.models import Budget, BudgetSlice, Generation

# Whoever does not get in after so many leases competes with many others of the workspace.
TRIES_MAX = 20
BUSY_SECONDS = 1
# What is leased at once, of what is left: slices shrink as the budget runs out.
SHARE = 16
# A workspace that has started nothing for so long needs no slice.
IDLE = timedelta(minutes=10)
KEPT = timedelta(days=2)

_GIVE_BACK = f"""
    UPDATE generation_budgetslice AS slice
       SET leased_usd_micros = LEAST(leased_usd_micros, (
               SELECT coalesce(sum(cost_usd_micros), 0) FROM ({PARTS}) AS part
                WHERE part.workspace_id = slice.workspace_id))
     WHERE id = ANY(%(ids)s)
"""  # noqa: S608 - both parts are ours


def lease(short: SliceTooSmallError) -> None:
    """Enlarge a workspace's slice so that a start fits, in a transaction of its own. Raises BudgetExhaustedError."""
    with system_scope():
        # Without the lock first: when all is used up, those who are refused wait for nobody.
        use = budget_use.of_shared(short.budget, day=short.day, workspace_id=short.workspace_id)
        _require_room(short, use, amount=short.budget.amount_usd_micros)
        budget = Budget.objects.select_for_update().filter(pk=short.budget.pk).first()
        if budget is not None:
            _lease(short, budget)


def shrink(budget: Budget) -> None:
    """Take back all that is not used of a budget, as after its amount has changed. Within the system's scope."""
    locked = Budget.objects.select_for_update().filter(pk=budget.pk).first()
    if locked is not None:
        _give_back(list(BudgetSlice.objects.filter(budget=locked).order_by("pk").select_for_update()))


def return_idle(*, now: datetime) -> int:
    """Take back what idle workspaces have leased; forget the slices of past days. Return how many were looked at."""
    looked_at = 0
    with system_scope():
        BudgetSlice.objects.filter(period_start__lt=budget_use.day_of(now - KEPT)).delete()
        budgets = list(Budget.objects.exclude(scope=Budget.Scope.USER).order_by("pk"))
    for budget in budgets:
        with system_scope():
            Budget.objects.select_for_update().filter(pk=budget.pk).first()
            idle = _slices_of_others(budget, day=budget_use.day_of(now), busy_since=now - IDLE)
            _give_back(idle)
            looked_at += len(idle)
    return looked_at


def _lease(short: SliceTooSmallError, budget: Budget) -> None:
    """Enlarge the slice, under the lock of the budget, which every other lease waits for."""
    use = budget_use.of_shared(budget, day=short.day, workspace_id=short.workspace_id)
    missing = use.own_used + short.needed_usd_micros - use.own_bound
    if budget.amount_usd_micros - use.bound < missing:
        _give_back(_slices_of_others(budget, day=short.day, but=short.workspace_id))
        use = budget_use.of_shared(budget, day=short.day, workspace_id=short.workspace_id)
        missing = use.own_used + short.needed_usd_micros - use.own_bound
    room = budget.amount_usd_micros - use.bound
    if room < missing:
        _require_room(short, use, amount=budget.amount_usd_micros)
        raise BudgetExhaustedError(retry_after_seconds=BUSY_SECONDS)
    if missing > 0:
        _enlarge(short, leased=use.own_bound + max(missing, room // SHARE))


def _require_room(short: SliceTooSmallError, use: SharedUse, *, amount: int) -> None:
    if use.used + short.needed_usd_micros > amount:
        raise BudgetExhaustedError(retry_after_seconds=budget_use.seconds_until_midnight(short.at))


def _enlarge(short: SliceTooSmallError, *, leased: int) -> None:
    BudgetSlice.objects.update_or_create(
        budget_id=short.budget.pk,
        period_start=short.day,
        workspace_id=short.workspace_id,
        defaults={"leased_usd_micros": leased},
    )


def _slices_of_others(
    budget: Budget, *, day: date, but: UUID | None = None, busy_since: datetime | None = None
) -> list[BudgetSlice]:
    """Lock and return slices of a day. Those that a start holds now are left to it."""
    slices = BudgetSlice.objects.filter(budget=budget, period_start=day)
    if but is not None:
        slices = slices.exclude(workspace_id=but)
    if busy_since is not None:
        lately = Generation.objects.filter(pk__gte=uuid7_floor(busy_since)).order_by()
        slices = slices.exclude(workspace_id__in=lately.values("workspace_id"))
    return list(slices.order_by("pk").select_for_update(skip_locked=True, of=("self",)))


def _give_back(slices: list[BudgetSlice]) -> None:
    """Leave each slice what its workspace uses. In a statement after the locks: it sees what was reserved till then."""
    for day in {one.period_start for one in slices}:
        ids = [one.pk for one in slices if one.period_start == day]
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, {"ids": ids, "day": day})
