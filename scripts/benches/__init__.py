"""Scenarios of the bench, each beside its baseline in the same run."""
