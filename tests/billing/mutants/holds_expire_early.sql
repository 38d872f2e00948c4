-- The sweep ends holds whose time has not come.
SELECT pg_temp.mutate(
    'ledger_expire_holds',
    'status = ''open'' AND expires_at <=',
    'status = ''open'' AND placed_at <='
);
