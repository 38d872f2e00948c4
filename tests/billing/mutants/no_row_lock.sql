-- Two requests at once read the same balance.
SELECT pg_temp.mutate(
    'ledger_lock_account',
    E'workspace_id = p_workspace_id FOR UPDATE;\n    IF NOT FOUND',
    E'workspace_id = p_workspace_id;\n    IF NOT FOUND'
);
