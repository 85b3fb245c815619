"""The archive: a ledger's events and postings as Parquet files, and questions to them in SQL."""
