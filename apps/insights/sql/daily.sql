-- Everything that the usage records of these workspaces and days say, anew.
INSERT INTO insights_dailycost (
       workspace_id, day, user_id, version_id, model,
       records, input_tokens, output_tokens, charged_credits, cost_usd_micros, failed_records, failed_cost_usd_micros)
SELECT record.workspace_id, pair.day, generation.user_id, generation.template_version_id, record.request_model,
       count(*), sum(record.input_tokens), sum(record.output_tokens), sum(record.charged_credits),
       sum(record.cost_usd_micros), count(*) FILTER (WHERE failed.yes),
       coalesce(sum(record.cost_usd_micros) FILTER (WHERE failed.yes), 0)
  FROM unnest(%(workspace_ids)s::uuid[], %(days)s::date[]) AS pair (workspace_id, day)
  JOIN usage_usagerecord AS record
    ON record.workspace_id = pair.workspace_id
   AND record.created_at >= pair.day::timestamp AT TIME ZONE 'UTC'
   AND record.created_at < (pair.day + 1)::timestamp AT TIME ZONE 'UTC'
  LEFT JOIN generation_generation AS generation ON generation.id = record.subject_id
 CROSS JOIN LATERAL (
       SELECT coalesce(generation.status IN ('failed', 'canceled') AND generation.charged_credits = 0, false) AS yes
       ) AS failed
 GROUP BY 1, 2, 3, 4, 5
 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (workspace_id, day, user_id, version_id, model) DO UPDATE
   SET records = EXCLUDED.records,
       input_tokens = EXCLUDED.input_tokens,
       output_tokens = EXCLUDED.output_tokens,
       charged_credits = EXCLUDED.charged_credits,
       cost_usd_micros = EXCLUDED.cost_usd_micros,
       failed_records = EXCLUDED.failed_records,
       failed_cost_usd_micros = EXCLUDED.failed_cost_usd_micros
