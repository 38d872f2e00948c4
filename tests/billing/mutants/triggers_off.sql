-- Entries can be changed.
ALTER TABLE billing_ledgerentry DISABLE TRIGGER USER;
