"""The job that keeps the rollups of costs: it reads what is new, and adds up anew what that touches.

Never part of a money transaction. Every step may be repeated: days and months are computed from their rows, and a
capture is counted once because the reading of its workspace's ledger moves on in the same transaction.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from apps.core.db import system_scope
from apps.core.ids import MARGIN, uuid7_floor
from apps.insights import free_credits, revenue
from apps.insights.models import COLUMNS, CostProgress

# So many records are read in one transaction, which is far from the statement timeout.
RECORDS_MAX = 20_000
_DAILY = (Path(__file__).parent / "sql" / "daily.sql").read_text()
_FIRST = """
    SELECT least((SELECT id FROM usage_usagerecord ORDER BY id LIMIT 1),
                 (SELECT id FROM billing_ledgerentry ORDER BY id LIMIT 1))
"""
_END = "SELECT id FROM usage_usagerecord WHERE id >= %(first)s ORDER BY id OFFSET %(records)s LIMIT 1"
_TOUCHED = """
    SELECT DISTINCT workspace_id, (created_at AT TIME ZONE 'UTC')::date FROM usage_usagerecord
     WHERE id >= %(first)s AND id < %(end)s
"""
_SUMS = ", ".join(f"sum({column})" for column in COLUMNS)
_NEW = ", ".join(f"{column} = EXCLUDED.{column}" for column in COLUMNS)
_MONTHS = {
    "insights_workspacemonth": "workspace_id",
    "insights_usermonth": "user_id",
}
_MONTHLY = """
    INSERT INTO {table} ({whose}, month, {columns})
    SELECT touched.whose, touched.month, {sums}
      FROM (SELECT DISTINCT {whose} AS whose, date_trunc('month', day)::date AS month FROM insights_dailycost
             WHERE (workspace_id, day) IN (SELECT * FROM unnest(%(workspace_ids)s::uuid[], %(days)s::date[]))
               AND {whose} IS NOT NULL) AS touched
      JOIN insights_dailycost AS daily ON daily.{whose} = touched.whose
       AND daily.day >= touched.month AND daily.day < touched.month + interval '1 month'
     GROUP BY 1, 2
     ORDER BY 1, 2
        ON CONFLICT ({whose}, month) DO UPDATE SET {new}
"""
_VERSIONS = f"""
    INSERT INTO insights_versioncost (day, version_id, model, {", ".join(COLUMNS)})
    SELECT day, version_id, model, {_SUMS}
      FROM insights_dailycost
     WHERE day = ANY(%(days)s::date[])
     GROUP BY 1, 2, 3
     ORDER BY 1, 2, 3
        ON CONFLICT (day, version_id, model) DO UPDATE SET {_NEW}
"""  # noqa: S608 - names of columns


class Touched(NamedTuple):
    """A workspace and a day (UTC) whose costs have changed."""

    workspace_id: UUID
    day: date


def roll_up(*, now: datetime, slices_max: int = 1_000) -> bool:
    """Bring all rollups up to `now`; return False when another does so, or `slices_max` were not enough.

    What was recorded up to MARGIN before the last time is read again: its transaction may have ended after it.
    """
    for _slice in range(slices_max):
        with system_scope():
            progress = _lock_progress()
            if progress is None:
                return False
            start = progress.read_until or _find_first(now)
            end = min(_find_end(start) or now, now)
            _roll_up_slice(start - MARGIN, None if end == now else end)
            is_done = end == now
            if is_done:
                revenue.refresh(now=now)
            progress.read_until = end
            progress.save()
        if is_done:
            return True
    return False


def forget() -> None:
    """Empty every rollup; the next time they are made anew from all that there is."""
    with system_scope(), connection.cursor() as cursor:
        for table in ("dailycost", "versioncost", "workspacemonth", "usermonth", "monthrevenue", "creditreading"):
            cursor.execute(f"DELETE FROM insights_{table}")  # noqa: S608
        cursor.execute("UPDATE insights_costprogress SET read_until = NULL")


def _lock_progress() -> CostProgress | None:
    CostProgress.objects.bulk_create([CostProgress(id=1)], ignore_conflicts=True)
    return CostProgress.objects.select_for_update(skip_locked=True).first()


def _find_first(now: datetime) -> datetime:
    """Return when the first usage or entry was written: a UUIDv7 begins with its time."""
    [(first,)] = _rows(_FIRST, {})
    return _time_of(first) if first else now


def _find_end(start: datetime) -> datetime | None:
    """Return where a slice ends that begins here, or None if all that follows is one slice."""
    found = _rows(_END, {"first": uuid7_floor(start), "records": RECORDS_MAX})
    return _time_of(found[0][0]) if found else None


def _time_of(id: UUID) -> datetime:
    return datetime.fromtimestamp((id.int >> 80) / 1000, tz=UTC)


def _roll_up_slice(start: datetime, end: datetime | None) -> None:
    """Add up what was written between two moments; without an end all that is there."""
    span: dict[str, UUID] = {"first": uuid7_floor(start), "end": uuid7_floor(end) if end else UUID(int=2**128 - 1)}
    touched = {Touched(*row) for row in _rows(_TOUCHED, span)}
    _run(_DAILY, touched)
    touched |= {Touched(*row) for row in free_credits.count(**span)}
    for table, whose in _MONTHS.items():
        parts = {"table": table, "whose": whose, "columns": ", ".join(COLUMNS), "sums": _SUMS, "new": _NEW}
        _run(_MONTHLY.format(**parts), touched)
    _run(_VERSIONS, touched)


def _run(sql: str, touched: Iterable[Touched]) -> None:
    pairs = sorted(touched)
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, {"workspace_ids": [pair.workspace_id for pair in pairs], "days": [p.day for p in pairs]})


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
