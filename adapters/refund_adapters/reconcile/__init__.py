"""Reconcile: compare a period with the accounting system, keep each run, and never post."""
