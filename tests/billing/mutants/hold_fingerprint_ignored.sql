-- Another hold under a used key is taken for a repetition.
SELECT pg_temp.mutate(
    'ledger_place_hold',
    'credit_hold.fingerprint = p_fingerprint',
    'true'
);
