-- An entry tells the balance before it.
SELECT pg_temp.mutate(
    'ledger_append',
    'account.entry_count, p_kind, p_amount, account.balance,',
    'account.entry_count, p_kind, p_amount, account.balance - p_amount,'
);
