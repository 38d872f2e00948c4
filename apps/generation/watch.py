"""What is looked for each minute, and told to those who run the product (core/alerts.py): what costs or fails oddly."""

from datetime import date, datetime, timedelta
from statistics import median
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.core import alerts
from apps.core.db import system_scope
from apps.core.ids import since, uuid7_floor
from apps.generation import catalogue
from apps.generation.gateway import errors
from apps.generation.models import Attempt
from apps.usage.models import DailyTotal

USD_MICROS = 1_000_000
# One run is unusually dear at ten times what runs of its workspace cost on average in the last 30 days (of all
# workspaces, where it has fewer than 20 calls), and not below ten cents.
DEAR_FACTOR, DEAR_FLOOR_USD_MICROS = 10, USD_MICROS // 10
USUAL_DAYS, USUAL_RECORDS_MIN = 30, 20
# Read each minute, and once more where a minute was missed.
LOOKS_BACK = timedelta(minutes=5)
DEAR_ONES_MAX = 20
# A provider fails: so many of its latest calls, one after the other, within the last hour.
FAILURES_IN_A_ROW, FAILURES_WITHIN = 5, timedelta(hours=1)
# A day is unusually dear at three times the median of the 14 days before, and not below five dollars.
DAY_FACTOR, DAY_FLOOR_USD_MICROS, HISTORY_DAYS = 3, 5 * USD_MICROS, 14
UNHEALTHY = [error.code for error in errors.PROVIDER_ERRORS if error.unhealthy]

# The latest usage records by the end of their primary key; then the rollups of the workspaces found, by theirs.
_DEAR_RUNS = """
    WITH run AS (
        SELECT workspace_id, subject_id, sum(cost_usd_micros) AS cost, max(request_model) AS model
          FROM usage_usagerecord
         WHERE id >= %(from_id)s AND created_at >= %(start)s
      GROUP BY workspace_id, subject_id
        HAVING sum(cost_usd_micros) >= %(floor)s
      ORDER BY cost DESC LIMIT %(most)s),
    usual AS (
        SELECT workspace_id, sum(cost_usd_micros) AS cost, sum(records) AS records
          FROM usage_dailyusage
         WHERE workspace_id IN (SELECT workspace_id FROM run) AND day >= %(first_day)s
      GROUP BY workspace_id),
    everybody AS (
        SELECT sum(cost_usd_micros) AS cost, sum(records) AS records FROM usage_dailytotal WHERE day >= %(first_day)s)
    SELECT run.subject_id, run.workspace_id, run.model, run.cost::bigint,
           (CASE WHEN usual.records - 1 >= %(enough)s THEN (usual.cost - run.cost) / (usual.records - 1)
                 WHEN everybody.records > 1 THEN greatest(everybody.cost - run.cost, 0) / (everybody.records - 1)
            END)::bigint
      FROM run LEFT JOIN usual USING (workspace_id) CROSS JOIN everybody
"""


class DearRun(NamedTuple):
    """A run that cost much, and what one usually costs there, in USD micros; None where nobody knows yet."""

    generation_id: UUID
    workspace_id: UUID
    model: str
    cost: int
    usual: int | None


def look(*, now: datetime) -> None:
    """Look for all of it; what was told in its window before is not told again."""
    tell_of_dear_runs(now=now)
    tell_of_failing_providers(now=now)
    tell_of_dear_day(today=now.date())


def tell_of_dear_runs(*, now: datetime) -> None:
    """Tell of the dearest odd run of a workspace, once per workspace and day."""
    for run in _list_dear_runs(now=now):
        if run.usual is None or run.cost < DEAR_FACTOR * run.usual:
            continue
        sentence = _("A run on %(model)s cost %(cost)s, where one usually costs %(usual)s.") % {
            "model": run.model,
            "cost": _dollars(run.cost),
            "usual": _dollars(run.usual),
        }
        alerts.send(
            kind="dear_run",
            window=f"workspace:{run.workspace_id}:{now.date()}",
            sentence=sentence,
            generation=run.generation_id,
            workspace=run.workspace_id,
            cost_usd_micros=run.cost,
        )


def tell_of_failing_providers(*, now: datetime) -> None:
    """Tell of a provider whose latest calls have all failed, once per provider and hour."""
    for provider in catalogue.load().providers:
        codes = _latest_errors(provider.name, now=now)
        if len(codes) < FAILURES_IN_A_ROW or any(code not in UNHEALTHY for code in codes):
            continue
        sentence = _("The provider %(provider)s has failed %(times)d times in a row, at last with %(code)s.") % {
            "provider": provider.name,
            "times": FAILURES_IN_A_ROW,
            "code": codes[0],
        }
        alerts.send(
            kind="provider_failing",
            window=f"provider:{provider.name}:{now:%Y-%m-%dT%H}",
            sentence=sentence,
            provider=provider.name,
            last_error=codes[0],
        )


def tell_of_dear_day(*, today: date) -> None:
    """Tell that providers charge far more today (UTC) than on a usual day, once per day."""
    first = today - timedelta(days=HISTORY_DAYS)
    with system_scope():
        sums = DailyTotal.objects.filter(day__gte=first, day__lte=today).values_list("day").order_by("day")
        costs = dict(sums.annotate(cost=Sum("cost_usd_micros")))
    spent = costs.pop(today, 0)
    usual = int(median(costs.get(first + timedelta(days=number), 0) for number in range(HISTORY_DAYS)))
    if spent < max(DAY_FLOOR_USD_MICROS, DAY_FACTOR * usual + 1):
        return
    sentence = _(
        "Providers have charged %(spent)s today (UTC). The median of the %(days)d days before is %(usual)s."
    ) % {
        "spent": _dollars(spent),
        "days": HISTORY_DAYS,
        "usual": _dollars(usual),
    }
    alerts.send(
        kind="dear_day",
        window=f"day:{today}",
        sentence=sentence,
        cost_usd_micros=spent,
        usual_usd_micros=usual,
    )


def _list_dear_runs(*, now: datetime) -> list[DearRun]:
    start = now - LOOKS_BACK
    with system_scope(), connection.cursor() as cursor:
        cursor.execute(
            _DEAR_RUNS,
            {
                # An attempt's record is made when its run is settled, and its id with it.
                "from_id": uuid7_floor(start - timedelta(minutes=1)),
                "start": start,
                "floor": DEAR_FLOOR_USD_MICROS,
                "most": DEAR_ONES_MAX,
                "first_day": now.date() - timedelta(days=USUAL_DAYS),
                "enough": USUAL_RECORDS_MIN,
            },
        )
        return [DearRun(*row) for row in cursor.fetchall()]


def _latest_errors(provider: str, *, now: datetime) -> list[str]:
    """Return how the latest calls of a provider have ended, the last one first; an empty text is no error."""
    ended = Attempt.objects.exclude(status=Attempt.Status.RUNNING).filter(provider=provider)
    with system_scope():
        latest = ended.filter(since(now - FAILURES_WITHIN)).order_by("-pk")
        return list(latest.values_list("error_code", flat=True)[:FAILURES_IN_A_ROW])


def _dollars(usd_micros: int) -> str:
    return f"${usd_micros / USD_MICROS:,.2f}" if usd_micros >= USD_MICROS // 100 else f"${usd_micros / USD_MICROS:.4f}"
