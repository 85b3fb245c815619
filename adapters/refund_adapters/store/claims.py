"""Claims: who took a document for itself, by the row that keeps it from being taken twice."""

from __future__ import annotations

from refund_adapters.store.sql_store import SqlStore
from refund_ledger.events import Event
from refund_ledger.originals import Document

LARGEST = 2**63 - 1
"""Of a number in a column; no document has a larger one."""


def claimant(store: SqlStore, company: str, document: Document) -> Event | None:
    """The event that took a document in a company; there is one at most."""
    if max(document.series, document.number) > LARGEST:
        return None
    taken = store.ask(
        "SELECT position FROM claims WHERE company = ? AND half = ? AND series = ? AND number = ?",
        (company, document.half.value, document.series, document.number),
    )
    return store.event_at(taken[0][0]) if taken else None
