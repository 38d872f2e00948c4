-- A grant expires although an open hold needs it.
SELECT pg_temp.mutate(
    'ledger_expire_account',
    'status = ''open'' AND placed_at',
    'status = ''expired'' AND placed_at'
);
