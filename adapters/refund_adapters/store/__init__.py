"""The store: events, postings, guarded balances, claims and calls due, one transaction each save."""
