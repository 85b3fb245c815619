"""Exports: a company's events, postings and journal as files that other programs read."""
