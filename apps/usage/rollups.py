"""Adding up usage: per workspace in the transaction that settles, over all customers by a job."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from django.db import connection

# The rows of one statement are locked in this order, whoever asks, so that two settlements cannot block each other.
_ADD_RECORDS = """
    INSERT INTO usage_dailyusage AS daily (
           workspace_id, day, model, template,
           records, input_tokens, cached_input_tokens, output_tokens, charged_credits, cost_usd_micros)
    SELECT workspace_id, (created_at AT TIME ZONE 'UTC')::date, request_model, template,
           count(*), sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(charged_credits),
           sum(cost_usd_micros)
      FROM usage_usagerecord
     WHERE id = ANY(%(record_ids)s)
  GROUP BY 1, 2, 3, 4
  ORDER BY 1, 2, 3, 4
        ON CONFLICT (workspace_id, day, model, template) DO UPDATE
       SET records = daily.records + EXCLUDED.records,
           input_tokens = daily.input_tokens + EXCLUDED.input_tokens,
           cached_input_tokens = daily.cached_input_tokens + EXCLUDED.cached_input_tokens,
           output_tokens = daily.output_tokens + EXCLUDED.output_tokens,
           charged_credits = daily.charged_credits + EXCLUDED.charged_credits,
           cost_usd_micros = daily.cost_usd_micros + EXCLUDED.cost_usd_micros
"""

# Days before the newest total are complete, unless the job was away: then it goes on where it stopped.
_RECOMPUTE_TOTALS = """
    INSERT INTO usage_dailytotal (
           day, model,
           records, input_tokens, cached_input_tokens, output_tokens, charged_credits, cost_usd_micros)
    SELECT day, model,
           sum(records), sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(charged_credits),
           sum(cost_usd_micros)
      FROM usage_dailyusage
     WHERE day >= LEAST(%(yesterday)s, COALESCE((SELECT max(day) - 1 FROM usage_dailytotal), '-infinity'))
  GROUP BY day, model
  ORDER BY day, model
        ON CONFLICT (day, model) DO UPDATE
       SET records = EXCLUDED.records,
           input_tokens = EXCLUDED.input_tokens,
           cached_input_tokens = EXCLUDED.cached_input_tokens,
           output_tokens = EXCLUDED.output_tokens,
           charged_credits = EXCLUDED.charged_credits,
           cost_usd_micros = EXCLUDED.cost_usd_micros
"""


def add_records(record_ids: Sequence[UUID]) -> None:
    """Add new usage records to their workspace's rollup, in one statement; in the transaction that inserted them."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_RECORDS, {"record_ids": list(record_ids)})


def recompute_totals(*, today: date) -> None:
    """Recompute the totals over all customers of yesterday, today (UTC) and any day missed since the last time.

    Safe to repeat. Of two at once, the one that read first may win; the next one corrects it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECOMPUTE_TOTALS, {"yesterday": today - timedelta(days=1)})
