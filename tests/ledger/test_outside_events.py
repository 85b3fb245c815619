"""The events about what was made outside keep it under one source, and claim their documents."""

from __future__ import annotations

from refund_ledger.events import DiscrepancyExplained, How, OutsideRefundRecorded, Part, claims
from refund_ledger.originals import Document, Half
from support.books import Books, a_cash_sale, a_line
from support.outsides import explain, outside


def test_what_is_made_outside_claims_its_document_and_a_reversal_claims_its_own() -> None:
    with Books() as books:
        made = outside(books, 9, 40)
        explain(books, made, How.REVERSED)
        found, explained = books.events()
        assert isinstance(found, OutsideRefundRecorded)
        assert isinstance(explained, DiscrepancyExplained)
        assert claims(found) == (Document(Half.DOCUMENT, 3, 9),)
        assert claims(explained) == (Document(Half.DOCUMENT, 3, 9_000),)
        assert claims(explained.model_copy(update={"reversed_by": None})) == ()


def test_what_is_made_outside_is_kept_under_its_original_or_under_itself() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        outside(books, 9, 40, original=sale)
        outside(books, 9, 40, Part.RECEIPT)
        found = [event for event in books.events() if isinstance(event, OutsideRefundRecorded)]
        assert [event.source for event in found] == [str(sale), "outside:receipt 3/9"]
        streams = {event.originator_id for event in books.events()}
        assert len(streams) == 3
