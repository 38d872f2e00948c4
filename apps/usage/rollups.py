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

# The same by person and API key, with the calls and their time. Who was erased meanwhile has a row for each record.
_ADD_OF_MEMBERS = """
    INSERT INTO usage_memberusage AS member (
           workspace_id, day, user_id, api_key_id, model, template,
           calls, duration_ms, records, input_tokens, cached_input_tokens, output_tokens, charged_credits,
           cost_usd_micros)
    SELECT workspace_id, (created_at AT TIME ZONE 'UTC')::date, user_id, api_key_id, request_model, template,
           count(*) FILTER (WHERE ends_call), COALESCE(sum(duration_ms), 0), count(*), sum(input_tokens),
           sum(cached_input_tokens), sum(output_tokens), sum(charged_credits), sum(cost_usd_micros)
      FROM usage_usagerecord
     WHERE id = ANY(%(record_ids)s)
  GROUP BY 1, 2, 3, 4, 5, 6
  ORDER BY 1, 2, 3, 4, 5, 6
        ON CONFLICT (workspace_id, day, user_id, COALESCE(api_key_id, '00000000-0000-0000-0000-000000000000'::uuid),
                     model, template) DO UPDATE
       SET calls = member.calls + EXCLUDED.calls,
           duration_ms = member.duration_ms + EXCLUDED.duration_ms,
           records = member.records + EXCLUDED.records,
           input_tokens = member.input_tokens + EXCLUDED.input_tokens,
           cached_input_tokens = member.cached_input_tokens + EXCLUDED.cached_input_tokens,
           output_tokens = member.output_tokens + EXCLUDED.output_tokens,
           charged_credits = member.charged_credits + EXCLUDED.charged_credits,
           cost_usd_micros = member.cost_usd_micros + EXCLUDED.cost_usd_micros
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
    """Add new usage records to their workspace's rollups, one statement each; in the transaction that inserted them.

    Every settlement takes the rollups in the same order, and the rows of each in theirs.
    """
    with connection.cursor() as cursor:
        for statement in (_ADD_RECORDS, _ADD_OF_MEMBERS):
            cursor.execute(statement, {"record_ids": list(record_ids)})


def recompute_totals(*, today: date) -> None:
    """Recompute the totals over all customers of yesterday, today (UTC) and any day missed since the last time.

    Safe to repeat. Of two at once, the one that read first may win; the next one corrects it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECOMPUTE_TOTALS, {"yesterday": today - timedelta(days=1)})
