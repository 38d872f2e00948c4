-- Other content under a used key is taken for a repetition.
SELECT pg_temp.mutate(
    'ledger_key_outcome',
    'known = p_fingerprint',
    'known <> '''''
);
