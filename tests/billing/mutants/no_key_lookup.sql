-- A repeated key is not recognised.
SELECT pg_temp.mutate(
    'ledger_key_outcome',
    'WHEN known IS NULL THEN NULL',
    'WHEN true THEN NULL'
);
