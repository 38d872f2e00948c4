"""Revenue by month: of every workspace, of everybody who owns one, and of all together."""

from datetime import UTC, date, datetime

from django.db import connection

from apps.core.ids import MARGIN, uuid7_floor

# Months that are still brought up to date: refunds and disputes come later than what they take back.
MONTHS = 13
# Minor units of US dollars are cents.
_WORKSPACES = """
    INSERT INTO insights_workspacemonth AS known (workspace_id, month, revenue_usd_micros)
    SELECT workspace_id, date_trunc('month', paid_at AT TIME ZONE 'UTC')::date,
           sum(amount - amount_refunded - least(amount_disputed, amount - amount_refunded)) * 10000
      FROM billing_payment
     WHERE id >= %(first_id)s AND paid_at >= %(first)s::date::timestamp AT TIME ZONE 'UTC' AND currency = 'usd'
     GROUP BY 1, 2
     ORDER BY 1, 2
        ON CONFLICT (workspace_id, month) DO UPDATE SET revenue_usd_micros = EXCLUDED.revenue_usd_micros
     WHERE known.revenue_usd_micros <> EXCLUDED.revenue_usd_micros
"""
_USERS = """
    INSERT INTO insights_usermonth AS known (user_id, month, revenue_usd_micros)
    SELECT member.user_id, workspace.month, sum(workspace.revenue_usd_micros)
      FROM insights_workspacemonth AS workspace
      JOIN accounts_membership AS member ON member.workspace_id = workspace.workspace_id AND member.role = 'owner'
     WHERE workspace.month >= %(first)s AND workspace.revenue_usd_micros <> 0
     GROUP BY 1, 2
     ORDER BY 1, 2
        ON CONFLICT (user_id, month) DO UPDATE SET revenue_usd_micros = EXCLUDED.revenue_usd_micros
     WHERE known.revenue_usd_micros <> EXCLUDED.revenue_usd_micros
"""
# Who does not own it any more.
_FORMER_OWNERS = """
    UPDATE insights_usermonth AS known SET revenue_usd_micros = 0
     WHERE month >= %(first)s AND revenue_usd_micros <> 0
       AND NOT EXISTS (
           SELECT FROM accounts_membership AS member
             JOIN insights_workspacemonth AS workspace ON workspace.workspace_id = member.workspace_id
            WHERE member.user_id = known.user_id AND member.role = 'owner'
              AND workspace.month = known.month AND workspace.revenue_usd_micros <> 0)
"""
_ALL = """
    INSERT INTO insights_monthrevenue (month, revenue_usd_micros)
    SELECT shown.month::date, coalesce(sum(workspace.revenue_usd_micros), 0)
      FROM generate_series(%(first)s::date::timestamp, %(last)s::date::timestamp, '1 month') AS shown (month)
      LEFT JOIN insights_workspacemonth AS workspace
        ON workspace.month = shown.month::date AND workspace.revenue_usd_micros <> 0
     GROUP BY 1
        ON CONFLICT (month) DO UPDATE SET revenue_usd_micros = EXCLUDED.revenue_usd_micros
"""


def refresh(*, now: datetime) -> None:
    """Compute the revenue of the last MONTHS from all payments of that time, and write what has changed.

    A payment does not say when it was refunded, so all of them are read; it is the shortest of the long tables.
    """
    today = now.astimezone(UTC).date()
    first = month_before(today, MONTHS - 1)
    floor = uuid7_floor(datetime(first.year, first.month, 1, tzinfo=UTC) - MARGIN)
    with connection.cursor() as cursor:
        for sql in (_WORKSPACES, _USERS, _FORMER_OWNERS, _ALL):
            cursor.execute(sql, {"first": first, "first_id": floor, "last": month_before(today, 0)})


def month_before(day: date, months: int) -> date:
    """Return the first day of the month so many months before the day's own."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
