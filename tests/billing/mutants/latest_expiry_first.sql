-- The last to expire is spent first.
SELECT pg_temp.mutate(
    'ledger_consume',
    'expires_at NULLS LAST, id',
    'expires_at DESC NULLS LAST, id'
);
