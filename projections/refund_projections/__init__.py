"""What the events add up to: pure folds over the ledger, without storage of their own."""
