-- Two entries can have one key.
ALTER TABLE billing_ledgerentry DROP CONSTRAINT entry_key_once;
