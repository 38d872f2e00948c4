-- A hold reserves credits that have expired but were not swept.
SELECT pg_temp.mutate(
    'ledger_place_hold',
    E'    account := ledger_expire_account(account, p_request_id);\n',
    ''
);
