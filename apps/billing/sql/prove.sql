-- One statement, so that everything is read from one snapshot. Each part returns what breaks its rule.
WITH account AS (
    SELECT * FROM billing_creditaccount
    WHERE %(workspace_id)s::uuid IS NULL OR workspace_id = %(workspace_id)s::uuid
), entry AS (
    SELECT e.*, sum(e.amount) OVER ledger AS net, row_number() OVER ledger AS place
    FROM billing_ledgerentry AS e JOIN account ON account.workspace_id = e.account_id
    WINDOW ledger AS (PARTITION BY e.account_id ORDER BY e.position)
), credit_hold AS (
    SELECT h.* FROM billing_hold AS h JOIN account ON account.workspace_id = h.account_id
), creditgrant AS (
    SELECT g.* FROM billing_creditgrant AS g JOIN account ON account.workspace_id = g.account_id
), moved AS (
    SELECT account_id, sum(amount) AS amount, count(*) AS number FROM entry GROUP BY account_id
), reserved AS (
    SELECT account_id, sum(amount) AS amount FROM credit_hold WHERE status = 'open' GROUP BY account_id
), unspent AS (
    SELECT account_id, sum(remaining) AS amount FROM creditgrant GROUP BY account_id
), of_grant AS (
    SELECT grant_id, sum(amount) FILTER (WHERE amount > 0) AS brought, count(*) FILTER (WHERE amount > 0) AS number,
        -sum(amount) FILTER (WHERE kind = 'expiry') AS expired,
        -sum(amount) FILTER (WHERE kind IN ('expiry', 'refund') OR amount < 0 AND kind = 'reversal') AS undone
    FROM entry WHERE grant_id IS NOT NULL GROUP BY grant_id
), discrepancy (rule, account_id, subject_id, expected, found) AS (
    SELECT 'balance_is_sum_of_entries', workspace_id, workspace_id, coalesce(moved.amount, 0), balance - debt
    FROM account LEFT JOIN moved ON moved.account_id = workspace_id
    UNION ALL
    SELECT 'entries_are_counted', workspace_id, workspace_id, coalesce(moved.number, 0), entry_count
    FROM account LEFT JOIN moved ON moved.account_id = workspace_id
    UNION ALL
    SELECT 'held_is_sum_of_open_holds', workspace_id, workspace_id, coalesce(reserved.amount, 0), held
    FROM account LEFT JOIN reserved ON reserved.account_id = workspace_id
    UNION ALL
    SELECT 'balance_is_sum_of_grants', workspace_id, workspace_id, coalesce(unspent.amount, 0), balance
    FROM account LEFT JOIN unspent ON unspent.account_id = workspace_id
    UNION ALL
    SELECT 'held_is_within_balance', workspace_id, workspace_id, least(greatest(held, 0), balance), held FROM account
    UNION ALL
    SELECT 'debt_is_paid_first', workspace_id, workspace_id, CASE WHEN held = balance THEN greatest(debt, 0) ELSE 0 END, debt
    FROM account
    UNION ALL
    SELECT 'entry_continues_the_ledger', account_id, id, net, balance_after - debt_after FROM entry
    UNION ALL
    SELECT 'entries_have_no_gap', account_id, id, place, position FROM entry
    UNION ALL
    SELECT 'hold_has_one_end', account_id, id, (status <> 'open')::int, (ended_at IS NOT NULL)::int FROM credit_hold
    UNION ALL
    SELECT 'capture_matches_its_hold', account_id, credit_hold.id, captured_amount, coalesce(captured.amount, 0)
    FROM credit_hold LEFT JOIN (
        SELECT hold_id, -sum(amount) AS amount FROM entry WHERE kind = 'capture' GROUP BY hold_id
    ) AS captured ON captured.hold_id = credit_hold.id
    UNION ALL
    SELECT 'only_a_captured_hold_took_credits', account_id, id, 0, captured_amount
    FROM credit_hold WHERE status <> 'captured'
    UNION ALL
    SELECT 'capture_is_within_its_hold', account_id, id, least(amount, captured_amount), captured_amount FROM credit_hold
    UNION ALL
    SELECT 'grant_has_one_entry', account_id, id, 1, coalesce(number, 0)
    FROM creditgrant LEFT JOIN of_grant ON grant_id = id
    UNION ALL
    SELECT 'grant_has_its_entry_amount', account_id, id, amount, coalesce(brought, 0)
    FROM creditgrant LEFT JOIN of_grant ON grant_id = id
    UNION ALL
    SELECT 'expiry_is_within_what_was_not_spent', account_id, id, least(amount - remaining, coalesce(expired, 0)),
        coalesce(expired, 0)
    FROM creditgrant LEFT JOIN of_grant ON grant_id = id
    UNION ALL
    SELECT 'grant_is_undone_once', account_id, id, least(amount, coalesce(undone, 0)), coalesce(undone, 0)
    FROM creditgrant LEFT JOIN of_grant ON grant_id = id
)
SELECT rule, account_id, subject_id, expected::bigint, found::bigint FROM discrepancy
WHERE expected IS DISTINCT FROM found ORDER BY account_id, rule, subject_id;
