"""What was recorded of the accounting system keeps its names."""

from __future__ import annotations

from refund_ledger.events import CreditGranted, CreditReduced, OriginalRecorded
from refund_ledger.originals import Kind, OriginalRef
from support.books import Books, a_line, an_invoice


def test_an_original_event_knows_its_reference() -> None:
    with Books() as books:
        books.record(an_invoice(5, a_line(1, 100)))
        recorded = books.events()[0]
        assert isinstance(recorded, OriginalRecorded)
        assert recorded.ref == OriginalRef(Kind.INVOICE, 1, 5)
        assert recorded.read_from == "a file"


def test_a_credit_and_what_becomes_of_it_are_kept_under_one_source() -> None:
    with Books() as books:
        source = books.grant("old", 500)
        books.reduce("old", 200)
        granted, reduced = books.events()
        assert isinstance(granted, CreditGranted)
        assert isinstance(reduced, CreditReduced)
        assert granted.source == reduced.source == source == "grant:old"
