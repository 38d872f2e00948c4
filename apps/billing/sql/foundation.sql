-- What the doors of the ledger share. Every door locks the credit account first and once, then reads, then writes.

CREATE TYPE ledger_result AS (
    outcome text,
    entry_id uuid,
    entry_position bigint,
    entry_kind text,
    hold_id uuid,
    hold_status text,
    amount bigint,
    captured bigint,
    expires_at timestamptz,
    balance bigint,
    held bigint,
    debt bigint
);

-- Ids of entries whose number is not known before the lock is taken; all others are made in Python.
CREATE FUNCTION ledger_uuid7() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    milliseconds bytea := substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3);
BEGIN
    RETURN encode(set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid()) PLACING milliseconds FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;
END $$;

CREATE FUNCTION ledger_lock_account(p_workspace_id uuid) RETURNS billing_creditaccount LANGUAGE plpgsql AS $$
DECLARE
    account billing_creditaccount;
BEGIN
    SELECT * INTO account FROM billing_creditaccount WHERE workspace_id = p_workspace_id FOR UPDATE;
    IF NOT FOUND THEN
        -- First use. Of two at once, one inserts and the other waits here for it.
        INSERT INTO billing_creditaccount (workspace_id, balance, held, debt, entry_count, created_at)
        VALUES (p_workspace_id, 0, 0, 0, 0, clock_timestamp())
        ON CONFLICT (workspace_id) DO NOTHING;
        SELECT * INTO STRICT account FROM billing_creditaccount WHERE workspace_id = p_workspace_id FOR UPDATE;
    END IF;
    RETURN account;
END $$;

-- Movements and ends of holds share one space of keys in each account. Returns NULL for a new key.
CREATE FUNCTION ledger_key_outcome(p_account_id uuid, p_key text, p_fingerprint text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    known text;
BEGIN
    SELECT fingerprint INTO known FROM billing_ledgerentry
    WHERE account_id = p_account_id AND idempotency_key = p_key;
    IF NOT FOUND THEN
        SELECT end_fingerprint INTO known FROM billing_hold
        WHERE account_id = p_account_id AND end_idempotency_key = p_key AND end_idempotency_key <> '';
    END IF;
    RETURN CASE WHEN known IS NULL THEN NULL WHEN known = p_fingerprint THEN 'repeated' ELSE 'conflict' END;
END $$;

-- Spend from the grants in their order (one of them may go first). The caller changes the account.
CREATE FUNCTION ledger_consume(p_account_id uuid, p_amount bigint, p_first_grant_id uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    consumed bigint;
BEGIN
    WITH spendable AS (
        SELECT id, remaining, sum(remaining) OVER (
            ORDER BY id IS NOT DISTINCT FROM p_first_grant_id DESC, expires_at NULLS LAST, id
        )::bigint AS reach
        FROM billing_creditgrant
        WHERE account_id = p_account_id AND remaining > 0
    ), spent AS (
        UPDATE billing_creditgrant AS creditgrant
        SET remaining = greatest(spendable.reach - p_amount, 0)
        FROM spendable
        WHERE creditgrant.id = spendable.id AND spendable.reach - spendable.remaining < p_amount
        RETURNING spendable.remaining - creditgrant.remaining AS part
    )
    SELECT coalesce(sum(part), 0) INTO consumed FROM spent;
    IF consumed <> p_amount THEN
        RAISE EXCEPTION 'ledger: the grants of % hold %, not the % to be spent', p_account_id, consumed, p_amount;
    END IF;
END $$;

-- Debt is paid from whatever became available, before anything else can spend it.
CREATE FUNCTION ledger_pay_debt(account billing_creditaccount) RETURNS billing_creditaccount LANGUAGE plpgsql AS $$
DECLARE
    paid bigint := least(account.debt, account.balance - account.held);
BEGIN
    IF paid > 0 THEN
        PERFORM ledger_consume(account.workspace_id, paid);
        account.balance := account.balance - paid;
        account.debt := account.debt - paid;
    END IF;
    RETURN account;
END $$;

-- Take what is available; the rest becomes debt.
CREATE FUNCTION ledger_take(account billing_creditaccount, p_amount bigint, p_first_grant_id uuid DEFAULT NULL)
RETURNS billing_creditaccount LANGUAGE plpgsql AS $$
DECLARE
    taken bigint := least(p_amount, account.balance - account.held);
BEGIN
    PERFORM ledger_consume(account.workspace_id, taken, p_first_grant_id);
    account.balance := account.balance - taken;
    account.debt := account.debt + p_amount - taken;
    RETURN account;
END $$;

-- Bring credits in as a new grant, which pays debt first.
CREATE FUNCTION ledger_bring(
    account billing_creditaccount, p_grant_id uuid, p_source text, p_amount bigint, p_expires_at timestamptz, p_key text
) RETURNS billing_creditaccount LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing_creditgrant (id, account_id, source, amount, remaining, expires_at, idempotency_key, created_at)
    VALUES (p_grant_id, account.workspace_id, p_source, p_amount, p_amount, p_expires_at, p_key, clock_timestamp());
    account.balance := account.balance + p_amount;
    RETURN ledger_pay_debt(account);
END $$;

CREATE FUNCTION ledger_store_account(account billing_creditaccount) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE billing_creditaccount
    SET balance = account.balance, held = account.held, debt = account.debt, entry_count = account.entry_count
    WHERE workspace_id = account.workspace_id;
END $$;

-- Store the account and append the entry that explains it.
CREATE FUNCTION ledger_append(
    account billing_creditaccount, p_entry_id uuid, p_kind text, p_amount bigint, p_key text, p_fingerprint text,
    p_hold_id uuid DEFAULT NULL, p_grant_id uuid DEFAULT NULL, p_reverses_id uuid DEFAULT NULL,
    p_actor text DEFAULT '', p_note text DEFAULT '', p_request_id text DEFAULT ''
) RETURNS billing_creditaccount LANGUAGE plpgsql AS $$
BEGIN
    account.entry_count := account.entry_count + 1;
    PERFORM ledger_store_account(account);
    INSERT INTO billing_ledgerentry (
        id, account_id, position, kind, amount, balance_after, debt_after, idempotency_key, fingerprint,
        hold_id, grant_id, reverses_id, actor, note, request_id, created_at
    ) VALUES (
        p_entry_id, account.workspace_id, account.entry_count, p_kind, p_amount, account.balance, account.debt, p_key,
        p_fingerprint, p_hold_id, p_grant_id, p_reverses_id, p_actor, p_note, p_request_id, clock_timestamp()
    );
    RETURN account;
END $$;

-- Expire what is due, in the order of spending, as far as no open hold needs it: a hold needs the grants that stood
-- first when it was placed, and only a hold placed before a grant ran out can need that grant.
CREATE FUNCTION ledger_expire_account(account billing_creditaccount, p_request_id text) RETURNS billing_creditaccount
LANGUAGE plpgsql AS $$
DECLARE
    due billing_creditgrant;
    needed bigint;
    kept bigint;
    kept_before bigint := 0;
BEGIN
    FOR due IN
        SELECT * FROM billing_creditgrant
        WHERE account_id = account.workspace_id AND remaining > 0 AND expires_at <= clock_timestamp()
        ORDER BY expires_at, id
    LOOP
        SELECT coalesce(sum(amount), 0) INTO needed FROM billing_hold
        WHERE account_id = account.workspace_id AND status = 'open' AND placed_at < due.expires_at;
        kept := greatest(least(due.remaining, needed - kept_before), due.remaining - account.balance + account.held, 0);
        kept_before := kept_before + kept;
        IF kept < due.remaining THEN
            UPDATE billing_creditgrant SET remaining = kept WHERE id = due.id;
            account.balance := account.balance - (due.remaining - kept);
            account := ledger_append(
                account, ledger_uuid7(), 'expiry', kept - due.remaining,
                'expiry:' || due.id || ':' || due.remaining, 'expiry', p_grant_id => due.id, p_request_id => p_request_id
            );
        END IF;
    END LOOP;
    RETURN account;
END $$;

CREATE FUNCTION ledger_entry_result(p_outcome text, p_account_id uuid, p_key text) RETURNS ledger_result
LANGUAGE plpgsql AS $$
DECLARE
    result ledger_result;
BEGIN
    result.outcome := p_outcome;
    SELECT id, position, kind, amount, balance_after, debt_after
    INTO result.entry_id, result.entry_position, result.entry_kind, result.amount, result.balance, result.debt
    FROM billing_ledgerentry WHERE account_id = p_account_id AND idempotency_key = p_key;
    RETURN result;
END $$;

CREATE FUNCTION ledger_hold_result(p_outcome text, credit_hold billing_hold, account billing_creditaccount)
RETURNS ledger_result LANGUAGE plpgsql AS $$
DECLARE
    result ledger_result;
BEGIN
    result.outcome := p_outcome;
    result.hold_id := credit_hold.id;
    result.hold_status := credit_hold.status;
    result.amount := credit_hold.amount;
    result.captured := credit_hold.captured_amount;
    result.expires_at := credit_hold.expires_at;
    result.balance := account.balance;
    result.held := account.held;
    result.debt := account.debt;
    RETURN result;
END $$;
