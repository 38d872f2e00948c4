-- Released credits can be spent before the debt is paid.
SELECT pg_temp.mutate(
    'ledger_release',
    'account := ledger_pay_debt(account);',
    ''
);
