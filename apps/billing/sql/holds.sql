-- Holds: placed once, ended once.

CREATE FUNCTION ledger_place_hold(
    p_workspace_id uuid, p_hold_id uuid, p_amount bigint, p_ttl_seconds integer,
    p_key text, p_fingerprint text, p_request_id text
) RETURNS ledger_result LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    account billing_creditaccount := ledger_lock_account(p_workspace_id);
    credit_hold billing_hold;
    instant timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO credit_hold FROM billing_hold WHERE account_id = p_workspace_id AND idempotency_key = p_key;
    IF FOUND THEN
        RETURN ledger_hold_result(
            CASE WHEN credit_hold.fingerprint = p_fingerprint THEN 'repeated' ELSE 'conflict' END, credit_hold, account
        );
    END IF;

    account := ledger_expire_account(account, p_request_id);
    IF account.debt > 0 OR p_amount > account.balance - account.held THEN
        RETURN ledger_hold_result('insufficient', credit_hold, account);
    END IF;

    INSERT INTO billing_hold (
        id, account_id, amount, captured_amount, status, idempotency_key, fingerprint, end_idempotency_key,
        end_fingerprint, placed_at, expires_at
    ) VALUES (
        p_hold_id, p_workspace_id, p_amount, 0, 'open', p_key, p_fingerprint, '',
        '', instant, instant + make_interval(secs => p_ttl_seconds)
    ) RETURNING * INTO credit_hold;
    account.held := account.held + p_amount;
    PERFORM ledger_store_account(account);
    RETURN ledger_hold_result('done', credit_hold, account);
END $$;

CREATE FUNCTION ledger_capture(
    p_hold_id uuid, p_entry_id uuid, p_amount bigint, p_key text, p_fingerprint text, p_request_id text
) RETURNS ledger_result LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    account billing_creditaccount;
    credit_hold billing_hold;
    refused text;
BEGIN
    SELECT locked.* INTO account FROM billing_creditaccount AS locked
    JOIN billing_hold AS found ON found.account_id = locked.workspace_id
    WHERE found.id = p_hold_id FOR UPDATE OF locked;
    SELECT * INTO credit_hold FROM billing_hold WHERE id = p_hold_id;
    refused := coalesce(ledger_key_outcome(account.workspace_id, p_key, p_fingerprint), CASE
        WHEN credit_hold.id IS NULL THEN 'not_found'
        WHEN credit_hold.status <> 'open' THEN 'not_open'
        WHEN p_amount > credit_hold.amount THEN 'exceeds'
    END);
    IF refused IS NOT NULL THEN
        RETURN ledger_hold_result(refused, credit_hold, account);
    END IF;

    UPDATE billing_hold SET status = 'captured', captured_amount = p_amount, ended_at = clock_timestamp(),
        end_idempotency_key = p_key, end_fingerprint = p_fingerprint
    WHERE id = p_hold_id RETURNING * INTO credit_hold;
    PERFORM ledger_consume(account.workspace_id, p_amount);
    account.balance := account.balance - p_amount;
    account.held := account.held - credit_hold.amount;
    account := ledger_pay_debt(account);
    account := ledger_append(
        account, p_entry_id, 'capture', -p_amount, p_key, p_fingerprint, p_hold_id => p_hold_id,
        p_request_id => p_request_id
    );
    RETURN ledger_hold_result('done', credit_hold, account);
END $$;

CREATE FUNCTION ledger_release(p_hold_id uuid, p_key text, p_fingerprint text)
RETURNS ledger_result LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    account billing_creditaccount;
    credit_hold billing_hold;
    refused text;
BEGIN
    SELECT locked.* INTO account FROM billing_creditaccount AS locked
    JOIN billing_hold AS found ON found.account_id = locked.workspace_id
    WHERE found.id = p_hold_id FOR UPDATE OF locked;
    SELECT * INTO credit_hold FROM billing_hold WHERE id = p_hold_id;
    refused := coalesce(ledger_key_outcome(account.workspace_id, p_key, p_fingerprint), CASE
        WHEN credit_hold.id IS NULL THEN 'not_found'
        WHEN credit_hold.status <> 'open' THEN 'not_open'
    END);
    IF refused IS NOT NULL THEN
        RETURN ledger_hold_result(refused, credit_hold, account);
    END IF;

    UPDATE billing_hold SET status = 'released', ended_at = clock_timestamp(),
        end_idempotency_key = p_key, end_fingerprint = p_fingerprint
    WHERE id = p_hold_id RETURNING * INTO credit_hold;
    account.held := account.held - credit_hold.amount;
    account := ledger_pay_debt(account);
    PERFORM ledger_store_account(account);
    RETURN ledger_hold_result('done', credit_hold, account);
END $$;
