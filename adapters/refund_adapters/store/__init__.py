"""The store: events, postings, balances, claims and calls due, in one transaction each save."""
