-- Captures that nobody, or not somebody alone, had bought: added once each. Of each call the share of its run's credits.
INSERT INTO insights_dailycost AS daily (
       workspace_id, day, user_id, version_id, model, free_credits, free_cost_usd_micros)
SELECT record.workspace_id, (record.created_at AT TIME ZONE 'UTC')::date, generation.user_id,
       generation.template_version_id, record.request_model,
       sum(CASE WHEN record.charged_credits > 0 THEN capture.free ELSE 0 END),
       sum(div(record.cost_usd_micros::numeric * capture.free, capture.amount))
  FROM unnest(%(hold_ids)s::uuid[], %(amounts)s::bigint[], %(free)s::bigint[]) AS capture (hold_id, amount, free)
  JOIN generation_generation AS generation ON generation.hold_id = capture.hold_id
  JOIN usage_usagerecord AS record ON record.subject_id = generation.id
 GROUP BY 1, 2, 3, 4, 5
 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (workspace_id, day, user_id, version_id, model) DO UPDATE
   SET free_credits = daily.free_credits + EXCLUDED.free_credits,
       free_cost_usd_micros = daily.free_cost_usd_micros + EXCLUDED.free_cost_usd_micros
RETURNING workspace_id, day
