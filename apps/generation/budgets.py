"""What the deployment allows providers to charge: a start is let in only where its most fits into every budget.

A run reserves the most that it can cost on its own row, for as long as its hold is open; then it counts with what it
did cost. A person's budgets are counted over all of their workspaces, since anybody may make another workspace: under
the lock of their row. The budgets that all customers share are counted in slices of the workspace
(`budget_slices.py`). **Limit:** where a provider bills more than the bound that it was asked to keep, that is recorded
as it is, and the budget is exceeded by it.
"""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts import locking
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.generation import budget_use
from apps.generation.models import Budget, BudgetSlice, Generation
from apps.generation.settling import FEATURE


class BudgetError(DomainError):
    """A budget of the deployment does not allow this."""


class BudgetExhaustedError(BudgetError):
    """A budget that all share has no room for this: no customer can help it."""

    code = "budget_exhausted"
    status = 503
    sentence = _(
        "We have reached our own limit of today, so nothing new can start now. It is not about your account, and your"
        " text is still here. It goes on at midnight UTC."
    )


class PersonDayBudgetError(BudgetError):
    """What one person may cost in a day would not suffice."""

    code = "person_budget_day"
    status = 429
    sentence = _(
        "This could go beyond what one person may use in a day, in all workspaces together. Your text is still here; a"
        " new day begins at midnight UTC."
    )


class PersonMonthBudgetError(BudgetError):
    """What one person may cost in a month would not suffice. Nobody waits for weeks, hence no 429."""

    code = "person_budget_month"
    status = 402
    sentence = _(
        "This could go beyond what one person may use in a month, in all workspaces together. A new month begins on the"
        " 1st (UTC). Write to us if you need more."
    )


class TooDearError(BudgetError):
    """This alone is more than a whole budget: waiting does not help."""

    code = "too_dear"
    status = 422
    sentence = _("This alone could cost more than we let one day use. Shorten the text, or choose another model.")


class SliceTooSmallError(Exception):
    """The workspace's slice of a budget has no room for this start: lease more, then start again."""

    def __init__(self, budget: Budget, *, generation: Generation, day: date) -> None:
        super().__init__(f"{budget} of {day}")
        self.budget, self.day = budget, day
        self.workspace_id, self.at = generation.workspace_id, generation.created_at
        self.needed_usd_micros = generation.reserved_cost_usd_micros


def list_of(generation: Generation) -> list[Budget]:
    """Return the budgets that a start counts against: none for what costs nothing. One query."""
    if not generation.reserved_cost_usd_micros:
        return []
    person = Q(scope=Budget.Scope.USER, subject__in=["", str(generation.user_id)])
    shared = Q(scope=Budget.Scope.ALL) | Q(scope=Budget.Scope.FEATURE, subject=FEATURE)
    return without_overruled(list(Budget.objects.filter(person | shared).order_by("pk")))


def without_overruled(budgets: Sequence[Budget]) -> list[Budget]:
    """Return the budgets of one person without those for everybody that one of their own stands in for."""
    own = {budget.period for budget in budgets if budget.scope == Budget.Scope.USER and budget.subject}
    return [one for one in budgets if one.scope != Budget.Scope.USER or one.subject or one.period not in own]


def require_possible(generation: Generation, *, budgets: Sequence[Budget]) -> None:
    """Refuse what no day has room for, before anything is written. Raises TooDearError."""
    if any(generation.reserved_cost_usd_micros > budget.amount_usd_micros for budget in budgets):
        raise TooDearError


def require_person(generation: Generation, *, budgets: Sequence[Budget]) -> None:
    """Lock the person and refuse what could go beyond their budgets; nothing where they have none.

    After the lock of their membership. Raises PersonDayBudgetError or PersonMonthBudgetError.
    """
    personal = [budget for budget in budgets if budget.scope == Budget.Scope.USER]
    if not personal:
        return
    locking.lock_person(generation.user_id)
    at = generation.created_at
    with system_scope():
        # After the lock, in statements of their own: they see what other starts have reserved.
        used = {one.pk: budget_use.of_person(generation.user_id, period=one.period, at=at) for one in personal}
    for budget in personal:
        if used[budget.pk] + generation.reserved_cost_usd_micros <= budget.amount_usd_micros:
            continue
        if budget.period == Budget.Period.DAY:
            raise PersonDayBudgetError(retry_after_seconds=budget_use.seconds_until_midnight(at))
        raise PersonMonthBudgetError


def require_slices(generation: Generation, *, budgets: Sequence[Budget]) -> None:
    """Lock the workspace's slices and let in what fits into them. After the start counter, before billing's rows.

    Raises SliceTooSmallError: then the transaction must not commit.
    """
    shared = [budget for budget in budgets if budget.scope != Budget.Scope.USER]
    if not shared:
        return
    days = budget_use.days_of_start(generation.created_at)
    rows = BudgetSlice.objects.select_for_update().filter(
        workspace_id=generation.workspace_id, budget_id__in=[budget.pk for budget in shared], period_start__in=days
    )
    leased = {(row.budget_id, row.period_start): row.leased_usd_micros for row in rows.order_by("pk")}
    for day in days:
        # After the locks, in a statement of its own, as above.
        needed = budget_use.of_workspace(generation.workspace_id, day=day) + generation.reserved_cost_usd_micros
        for budget in shared:
            if needed > leased.get((budget.pk, day), 0):
                raise SliceTooSmallError(budget, generation=generation, day=day)
