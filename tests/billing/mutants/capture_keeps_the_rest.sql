-- A capture does not release the rest of its hold.
SELECT pg_temp.mutate(
    'ledger_capture',
    'account.held - credit_hold.amount',
    'account.held - p_amount'
);
