"""How much of a budget is used: what was recorded in its period, and what open holds reserve.

Each answer is one statement. In two, a run that settles in between would be counted twice, or by neither.
"""

from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from apps.billing.spending import month_start
from apps.generation.models import Budget

# No run lasts as long: what ends in a period began after this before it.
RUN_MAX = timedelta(days=1)
# A start that begins so shortly before midnight may commit after it: it has to fit into both days.
COMMIT_MAX = timedelta(minutes=1)

# What a workspace uses on a day, in parts. A run that was started yesterday counts where it is: reserved as long as it
# lasts, whatever the day, and recorded on the day on which it ends.
PARTS = """
    SELECT workspace_id, cost_usd_micros FROM usage_dailyusage WHERE day = %(day)s
     UNION ALL
    SELECT generation.workspace_id, generation.reserved_cost_usd_micros
      FROM generation_generation AS generation JOIN billing_hold AS hold ON hold.id = generation.hold_id
     WHERE generation.status IN ('queued', 'running') AND hold.status = 'open'
"""
_OF_WORKSPACE = f"""
    SELECT coalesce(sum(cost_usd_micros), 0) FROM ({PARTS}) AS part WHERE workspace_id = %(workspace_id)s
"""  # noqa: S608 - both parts are ours
_OF_BUDGET = f"""
    WITH used AS (SELECT workspace_id, sum(cost_usd_micros) AS cost FROM ({PARTS}) AS part GROUP BY workspace_id),
         slice AS (SELECT workspace_id, leased_usd_micros AS leased FROM generation_budgetslice
                    WHERE budget_id = %(budget_id)s AND period_start = %(day)s)
    SELECT coalesce(sum(used.cost), 0),
           coalesce(sum(greatest(used.cost, slice.leased)), 0),
           coalesce(sum(used.cost) FILTER (WHERE workspace_id = %(workspace_id)s), 0),
           coalesce(sum(greatest(used.cost, slice.leased)) FILTER (WHERE workspace_id = %(workspace_id)s), 0)
      FROM used FULL JOIN slice USING (workspace_id)
"""  # noqa: S608 - as above
_OF_PERSON = """
    SELECT coalesce(sum(CASE WHEN hold.status = 'open' THEN generation.reserved_cost_usd_micros ELSE
                        (SELECT coalesce(sum(attempt.cost_usd_micros), 0) FROM generation_attempt AS attempt
                          WHERE attempt.generation_id = generation.id) END), 0)
      FROM generation_generation AS generation JOIN billing_hold AS hold ON hold.id = generation.hold_id
     WHERE generation.user_id = %(user_id)s AND generation.created_at >= %(not_before)s
       AND (hold.status = 'open' OR generation.finished_at >= %(begin)s)
"""


class SharedUse(NamedTuple):
    """What is used of a budget on a day, and bound: used or leased; of all, and of one workspace. USD micros."""

    used: int
    bound: int
    own_used: int
    own_bound: int


def of_workspace(workspace_id: UUID, *, day: date) -> int:
    """Return what a workspace uses on a day (UTC), in USD micros. Within its scope."""
    return _ask(_OF_WORKSPACE, workspace_id=workspace_id, day=day)[0]


def of_shared(budget: Budget, *, day: date, workspace_id: UUID | None = None) -> SharedUse:
    """Return what is used of a budget that all share, with the part of one workspace. Within the system's scope.

    It reads the rollups of the day once. Usage does not know features: as long as there is one, all of it is its own.
    """
    return SharedUse(*_ask(_OF_BUDGET, budget_id=budget.pk, day=day, workspace_id=workspace_id))


def of_person(user_id: int, *, period: str, at: datetime) -> int:
    """Return what a person uses in a period, in all workspaces together, in USD micros. Within the system's scope."""
    begin = period_start(period, at=at)
    return _ask(_OF_PERSON, user_id=user_id, begin=begin, not_before=begin - RUN_MAX)[0]


def period_start(period: str, *, at: datetime) -> datetime:
    """Return when the day or month (UTC) of a moment began."""
    return month_start(at) if period == Budget.Period.MONTH else midnight(day_of(at))


def days_of_start(at: datetime) -> list[date]:
    """Return the days (UTC) that a start of this moment may fall into, today first."""
    return sorted({day_of(at), day_of(at + COMMIT_MAX)})


def day_of(at: datetime) -> date:
    """Return the day (UTC) of a moment."""
    return at.astimezone(UTC).date()


def midnight(day: date) -> datetime:
    """Return when a day (UTC) begins."""
    return datetime.combine(day, time(), tzinfo=UTC)


def seconds_until_midnight(at: datetime) -> int:
    """Return how long a day (UTC) still lasts, rounded up."""
    return max(1, ceil((midnight(day_of(at) + timedelta(days=1)) - at).total_seconds()))


def _ask(sql: str, **parameters: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        # PostgreSQL adds bigints up as numeric.
        return [int(number) for number in cursor.fetchone()]
