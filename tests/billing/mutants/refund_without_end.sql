-- Refunds are not counted against the purchase.
SELECT pg_temp.mutate(
    'ledger_undo',
    'kind IN (''expiry'', ''refund'');',
    'kind IN (''expiry'');'
);
