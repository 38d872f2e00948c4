-- More can be held than there is.
ALTER TABLE billing_creditaccount DROP CONSTRAINT account_held_within_balance;
