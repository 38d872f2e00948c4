"""Whether the cost pages agree with the ledger and the attempts: every workspace of a month, added up from the rows."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from apps.core.db import system_scope

# Each run is looked at under the day that its usage was recorded on. One statement: one snapshot.
_COMPARE = """
    WITH runs AS (
        SELECT record.workspace_id, record.subject_id, sum(record.cost_usd_micros) AS cost
          FROM usage_usagerecord AS record
         WHERE record.created_at >= %(month)s::date::timestamp AT TIME ZONE 'UTC'
           AND record.created_at < (%(month)s::date + interval '1 month') AT TIME ZONE 'UTC'
         GROUP BY 1, 2
    ), attempts AS (
        SELECT runs.workspace_id, sum(attempt.cost_usd_micros) AS cost
          FROM runs JOIN generation_attempt AS attempt ON attempt.generation_id = runs.subject_id GROUP BY 1
    ), captures AS (
        SELECT runs.workspace_id, -sum(entry.amount) AS credits
          FROM runs JOIN generation_generation AS generation ON generation.id = runs.subject_id
          JOIN billing_ledgerentry AS entry ON entry.hold_id = generation.hold_id AND entry.kind = 'capture' GROUP BY 1
    ), shown AS (
        SELECT workspace_id, cost_usd_micros, charged_credits FROM insights_workspacemonth WHERE month = %(month)s
    )
    SELECT workspace_id, coalesce(shown.cost_usd_micros, 0)::bigint, coalesce(attempts.cost, 0)::bigint,
           coalesce(shown.charged_credits, 0)::bigint, coalesce(captures.credits, 0)::bigint
      FROM shown FULL JOIN attempts USING (workspace_id) FULL JOIN captures USING (workspace_id)
     WHERE coalesce(shown.cost_usd_micros, 0) <> coalesce(attempts.cost, 0)
        OR coalesce(shown.charged_credits, 0) <> coalesce(captures.credits, 0)
     ORDER BY workspace_id
"""


class Difference(NamedTuple):
    """A workspace whose month is shown otherwise than attempts (cost) and ledger (credits) have it."""

    workspace_id: UUID
    shown_cost_usd_micros: int
    cost_of_attempts: int
    shown_credits: int
    captured_credits: int

    def __str__(self) -> str:
        return (
            f"{self.workspace_id}: cost {self.shown_cost_usd_micros} shown, {self.cost_of_attempts} in attempts;"
            f" credits {self.shown_credits} shown, {self.captured_credits} captured"
        )


def compare(month: date) -> list[Difference]:
    """Return every workspace whose costs or credits of a month differ from attempts and ledger. Reads only."""
    with system_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '0', true)")
        cursor.execute(_COMPARE, {"month": month})
        return [Difference(*row) for row in cursor.fetchall()]
