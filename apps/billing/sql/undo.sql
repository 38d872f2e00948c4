-- Undo an entry (p_amount NULL: all that still stands of it) or refund a part of a purchase, of a plan's
-- credits, or of what came back. What came in is taken back from its own grant first, then from what is available,
-- then as debt; what went out comes back as a new grant.
CREATE OR REPLACE FUNCTION ledger_undo(
    p_undone_id uuid, p_entry_id uuid, p_grant_id uuid, p_kind text, p_amount bigint,
    p_key text, p_fingerprint text, p_actor text, p_note text, p_request_id text
) RETURNS ledger_result LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    account billing_creditaccount;
    undone billing_ledgerentry;
    undone_grant_id uuid;
    standing bigint;
    refused text;
BEGIN
    SELECT locked.* INTO account FROM billing_creditaccount AS locked
    JOIN billing_ledgerentry AS entry ON entry.account_id = locked.workspace_id
    WHERE entry.id = p_undone_id FOR UPDATE OF locked;
    IF NOT FOUND THEN
        RETURN ledger_entry_result('not_found', NULL, NULL);
    END IF;
    refused := ledger_key_outcome(account.workspace_id, p_key, p_fingerprint);
    IF refused IS NOT NULL THEN
        RETURN ledger_entry_result(refused, account.workspace_id, p_key);
    END IF;

    account := ledger_expire_account(account, p_request_id);
    SELECT * INTO undone FROM billing_ledgerentry WHERE id = p_undone_id;
    undone_grant_id := undone.grant_id;
    SELECT undone.amount + coalesce(sum(amount), 0) INTO standing FROM billing_ledgerentry
    WHERE grant_id = undone_grant_id AND kind IN ('expiry', 'refund');
    IF undone.kind IN ('reversal', 'expiry', 'refund') OR standing = 0
        OR (p_kind = 'refund' AND undone.kind <> 'purchase' AND NOT EXISTS (
            SELECT FROM billing_creditgrant WHERE id = undone_grant_id AND source IN ('plan', 'returned')
        ))
        OR EXISTS (SELECT FROM billing_ledgerentry WHERE reverses_id = p_undone_id) THEN
        RETURN ledger_entry_result('not_reversible', NULL, NULL);
    END IF;
    IF p_amount > standing THEN
        RETURN ledger_entry_result('exceeds', NULL, NULL);
    END IF;

    standing := coalesce(p_amount, standing);
    IF standing > 0 THEN
        account := ledger_take(account, standing, undone_grant_id);
    ELSE
        undone_grant_id := p_grant_id;
        account := ledger_bring(account, p_grant_id, 'returned', -standing, NULL, p_key);
    END IF;
    PERFORM ledger_append(
        account, p_entry_id, p_kind, -standing, p_key, p_fingerprint, p_grant_id => undone_grant_id,
        p_reverses_id => CASE p_kind WHEN 'reversal' THEN p_undone_id END,
        p_actor => p_actor, p_note => p_note, p_request_id => p_request_id
    );
    RETURN ledger_entry_result('done', account.workspace_id, p_key);
END $$;
