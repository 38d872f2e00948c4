"""The counting house: credit accounts, the ledger, holds, grants."""
