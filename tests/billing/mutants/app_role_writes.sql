-- The app role can write balances without the ledger.
GRANT UPDATE ON billing_creditaccount TO PUBLIC;
