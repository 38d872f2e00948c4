-- A workspace in debt may hold credits.
SELECT pg_temp.mutate(
    'ledger_place_hold',
    'account.debt > 0 OR ',
    ''
);
