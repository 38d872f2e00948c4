-- A made-up past: seed.users people with a workspace each, and seed.records runs of theirs over half a year, most of them
-- of a few. One implicit transaction; what a hold, an entry, a record and a rollup say of a run agrees.

CREATE TEMP TABLE seed_person ON COMMIT DROP AS
SELECT number, nextval('accounts_user_id_seq') AS user_id, now() - interval '181 days' AS joined_at,
       pg_temp.seed_uuid7(now() - interval '181 days') AS workspace_id,
       pg_temp.seed_uuid7(now() - interval '181 days') AS sign_up_grant_id,
       pg_temp.seed_uuid7(now() - interval '180 days 23 hours') AS purchase_grant_id,
       pg_temp.seed_uuid7(now() - interval '180 days 23 hours') AS purchase_entry_id
  FROM generate_series(1, current_setting('seed.users')::int) AS number;

CREATE TEMP TABLE seed_run ON COMMIT DROP AS
SELECT drawn.*, model.model, model.input_credits, model.output_credits, model.input_cost, model.output_cost, person.user_id, person.workspace_id, chosen_version.version_id, chosen_version.slug, chosen_version.inputs,
       pg_temp.seed_uuid7(drawn.at) AS generation_id, pg_temp.seed_uuid7(drawn.at) AS hold_id,
       pg_temp.seed_uuid7(drawn.at) AS attempt_id, pg_temp.seed_uuid7(drawn.at) AS conversation_id,
       pg_temp.seed_uuid7(drawn.at + interval '8 seconds') AS record_id,
       pg_temp.seed_uuid7(drawn.at + interval '8 seconds') AS entry_id,
       drawn.at + interval '8 seconds' AS finished_at,
       CASE WHEN drawn.luck < 0.07 THEN 'failed' WHEN drawn.luck < 0.10 THEN 'canceled' ELSE 'succeeded' END AS status,
       drawn.tokens_in * model.input_credits + drawn.tokens_out * model.output_credits AS microcredits,
       (drawn.tokens_in * model.input_cost + drawn.tokens_out * model.output_cost + 999999) / 1000000 AS cost,
       CASE WHEN drawn.luck < 0.10 THEN 0
            ELSE (drawn.tokens_in * model.input_credits + drawn.tokens_out * model.output_credits + 999999) / 1000000
       END AS credits
  FROM (SELECT number, random() AS luck, now() - interval '180 days' * random() AS at,
               1 + floor(current_setting('seed.users')::int * power(random(), 3))::int AS person_number,
               (200 + 3000 * random())::bigint AS tokens_in, (50 + 800 * random())::bigint AS tokens_out,
               1 + floor(random() * (SELECT count(*) FROM seed_model))::int AS model_number
          FROM generate_series(1, current_setting('seed.records')::int) AS number) AS drawn
  JOIN seed_person AS person ON person.number = drawn.person_number
  JOIN seed_model AS model USING (model_number)
  JOIN seed_version AS chosen_version
    ON chosen_version.place = drawn.number % (SELECT count(*) FROM seed_version);

CREATE TEMP TABLE seed_purse ON COMMIT DROP AS
SELECT person.*, coalesce(run.spent, 0) AS spent, coalesce(run.captures, 0) AS captures,
       CASE WHEN coalesce(run.spent, 0) > 100 THEN (coalesce(run.spent, 0) / 5000 + 1) * 5000 ELSE 0 END AS bought
  FROM seed_person AS person
  LEFT JOIN (SELECT workspace_id, sum(credits)::bigint AS spent, count(*) FILTER (WHERE credits > 0) AS captures
               FROM seed_run GROUP BY 1) AS run USING (workspace_id);

INSERT INTO accounts_user (id, password, is_superuser, email, name, is_staff, is_active, date_joined)
SELECT user_id, '!', false, 'history-' || user_id || '@example.com', 'Person ' || user_id, false, true, joined_at
  FROM seed_person;
INSERT INTO accounts_workspace (id, name, kind, made_for_id, created_at)
SELECT workspace_id, 'Workspace of person ' || user_id, 'personal', user_id, joined_at FROM seed_person;
INSERT INTO accounts_membership (workspace_id, user_id, role, created_at)
SELECT workspace_id, user_id, 'owner', joined_at FROM seed_person;

INSERT INTO billing_creditaccount (workspace_id, balance, held, debt, entry_count, created_at)
SELECT workspace_id, 100 + bought - spent, 0, 0, 1 + (bought > 0)::int + captures, joined_at FROM seed_purse;
INSERT INTO billing_creditgrant (id, account_id, source, amount, remaining, expires_at, idempotency_key, created_at)
SELECT sign_up_grant_id, workspace_id, 'sign_up', 100, greatest(100 - spent, 0), NULL::timestamptz, 'seed:1', joined_at
  FROM seed_purse
 UNION ALL
SELECT purchase_grant_id, workspace_id, 'purchase', bought, bought - (spent - 100), NULL, 'seed:2',
       joined_at + interval '1 hour'
  FROM seed_purse WHERE bought > 0;
INSERT INTO billing_hold (
       id, account_id, amount, captured_amount, status, idempotency_key, fingerprint, end_idempotency_key,
       end_fingerprint, placed_at, expires_at, ended_at)
SELECT hold_id, workspace_id, credits + 5, credits, CASE WHEN credits > 0 THEN 'captured' ELSE 'released' END,
       'hold:generation:' || generation_id, '', 'end:generation:' || generation_id, '', at, at + interval '1 hour',
       finished_at
  FROM seed_run;

INSERT INTO billing_ledgerentry (
       id, account_id, position, kind, amount, balance_after, debt_after, idempotency_key, fingerprint, hold_id, grant_id,
       actor, note, request_id, created_at)
SELECT id, workspace_id, row_number() OVER account, kind, amount, sum(amount) OVER account, 0, 'seed:' || id, '', hold_id,
       grant_id, '', '', '', created_at
  FROM (SELECT pg_temp.seed_uuid7(joined_at) AS id, workspace_id, 'grant' AS kind, 100 AS amount, NULL::uuid AS hold_id,
               sign_up_grant_id AS grant_id, joined_at AS created_at FROM seed_purse
         UNION ALL
        SELECT purchase_entry_id, workspace_id, 'purchase', bought, NULL, purchase_grant_id,
               joined_at + interval '1 hour' FROM seed_purse WHERE bought > 0
         UNION ALL
        SELECT entry_id, workspace_id, 'capture', -credits, hold_id, NULL, finished_at
          FROM seed_run WHERE credits > 0) AS entry
WINDOW account AS (PARTITION BY workspace_id ORDER BY created_at, id);
INSERT INTO billing_payment (
       id, workspace_id, kind, source_key, stripe_subscription_id, stripe_payment_intent_id, amount, currency,
       amount_refunded, amount_disputed, dispute_status, credits, credits_taken_back, grant_entry_id, receipt_url, paid_at,
       correction_count, fetch_ticket, created_at)
SELECT pg_temp.seed_uuid7(paid_at), workspace_id, 'pack', 'seed:' || purchase_entry_id, '',
       'pi_seed_' || purchase_entry_id, bought / 10, 'usd', CASE WHEN user_id % 50 = 0 THEN bought / 20 ELSE 0 END, 0,
       'none', bought, 0, purchase_entry_id, '', paid_at, 0, 0, paid_at
  FROM (SELECT *, joined_at + interval '1 hour' AS paid_at FROM seed_purse) AS purse WHERE bought > 0;

INSERT INTO generation_conversation (id, workspace_id, title, created_at)
SELECT conversation_id, workspace_id, 'Notes about harbor ' || number % 500, at FROM seed_run;
INSERT INTO generation_generation (
       id, workspace_id, user_id, conversation_id, hold_id, template_version_id, inputs, request_model,
       output_tokens_max, idempotency_key, fingerprint, request_id, status, output, finish_reason, error_code,
       charged_credits, fencing_number, created_at, started_at, finished_at)
SELECT generation_id, workspace_id, user_id, conversation_id, hold_id, version_id,
       replace(inputs, 'PIER', 'pier ' || number % 900)::jsonb, model, 800, generation_id::text, '',
       replace(generation_id::text, '-', ''), status,
       CASE status WHEN 'succeeded' THEN 'High water at pier ' || number % 700 || ' comes late.' ELSE '' END,
       CASE status WHEN 'succeeded' THEN 'stop' WHEN 'failed' THEN 'error' ELSE 'canceled' END,
       CASE status WHEN 'failed' THEN 'provider_unavailable' ELSE '' END, credits, 1, at, at, finished_at
  FROM seed_run;
INSERT INTO generation_attempt (
       id, generation_id, number, provider, request_model, response_model, status, error_code, error_detail,
       input_tokens, output_tokens, cached_input_tokens, confidence, first_token_ms, duration_ms, cost_usd_micros, created_at)
SELECT attempt_id, generation_id, 1, 'local', model, model, status,
       CASE status WHEN 'failed' THEN 'provider_unavailable' ELSE '' END, '', tokens_in, tokens_out, 0, 'exact', 400,
       8000, cost, at
  FROM seed_run;
INSERT INTO usage_usagerecord (
       id, workspace_id, user_id, key, feature, subject_id, template, provider, request_model, response_model, input_tokens,
       cached_input_tokens, output_tokens, confidence, rate_model, rate_effective_from, rate_input_credits,
       rate_cached_input_credits, rate_output_credits, rate_input_cost_usd_micros, rate_cached_input_cost_usd_micros,
       rate_output_cost_usd_micros, microcredits, charged_credits, capped, cost_usd_micros, request_id, created_at,
       template_version, ends_call, duration_ms)
SELECT record_id, workspace_id, user_id, 'attempt:' || attempt_id, 'generation', generation_id, slug, 'local', model,
       model, tokens_in, 0, tokens_out, 'exact', model, DATE '2026-01-01', input_credits, input_credits, output_credits,
       input_cost, input_cost, output_cost, microcredits, credits, false, cost, replace(generation_id::text, '-', ''),
       finished_at, 1, true, 8000
  FROM seed_run;
INSERT INTO usage_dailyusage (
       workspace_id, day, model, template, records, input_tokens, cached_input_tokens, output_tokens, charged_credits,
       cost_usd_micros)
SELECT workspace_id, (finished_at AT TIME ZONE 'UTC')::date, model, slug, count(*), sum(tokens_in), 0, sum(tokens_out),
       sum(credits), sum(cost)
  FROM seed_run GROUP BY 1, 2, 3, 4;
INSERT INTO usage_memberusage (
       workspace_id, day, user_id, api_key_id, model, template, calls, duration_ms, records, input_tokens,
       cached_input_tokens, output_tokens, charged_credits, cost_usd_micros)
SELECT workspace_id, (finished_at AT TIME ZONE 'UTC')::date, user_id, NULL::uuid, model, slug, count(*), sum(8000), count(*),
       sum(tokens_in), 0, sum(tokens_out), sum(credits), sum(cost)
  FROM seed_run GROUP BY 1, 2, 3, 4, 5, 6;
