-- What time ends. Accounts in use are skipped: the next sweep finds them.

CREATE FUNCTION ledger_expire_holds(p_limit integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    due record;
    account billing_creditaccount;
    freed bigint;
    ended bigint;
    total bigint := 0;
BEGIN
    FOR due IN
        SELECT account_id, array_agg(id) AS hold_ids FROM (
            SELECT id, account_id FROM billing_hold
            WHERE status = 'open' AND expires_at <= clock_timestamp() ORDER BY expires_at LIMIT p_limit
        ) AS oldest GROUP BY account_id
    LOOP
        SELECT * INTO account FROM billing_creditaccount
        WHERE workspace_id = due.account_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        WITH expired AS (
            UPDATE billing_hold SET status = 'expired', ended_at = clock_timestamp()
            WHERE id = ANY (due.hold_ids) AND status = 'open' RETURNING amount
        )
        SELECT coalesce(sum(amount), 0), count(*) INTO freed, ended FROM expired;
        account.held := account.held - freed;
        account := ledger_pay_debt(account);
        PERFORM ledger_store_account(account);
        total := total + ended;
    END LOOP;
    RETURN total;
END $$;

CREATE FUNCTION ledger_expire_grants(p_limit integer, p_request_id text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    due_account_id uuid;
    account billing_creditaccount;
    entries_before bigint;
    total bigint := 0;
BEGIN
    FOR due_account_id IN
        SELECT DISTINCT account_id FROM (
            SELECT due.account_id FROM billing_creditgrant AS due
            JOIN billing_creditaccount AS owner ON owner.workspace_id = due.account_id
            WHERE due.remaining > 0 AND due.expires_at <= clock_timestamp() AND owner.balance > owner.held
            ORDER BY due.expires_at LIMIT p_limit
        ) AS oldest
    LOOP
        SELECT * INTO account FROM billing_creditaccount
        WHERE workspace_id = due_account_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        entries_before := account.entry_count;
        account := ledger_expire_account(account, p_request_id);
        total := total + account.entry_count - entries_before;
    END LOOP;
    RETURN total;
END $$;
