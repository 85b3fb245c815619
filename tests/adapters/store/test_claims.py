"""Who took a document is found by its claim: the same event that a look at all of them finds."""

from __future__ import annotations

from eventsourcing.persistence import StoredEvent

from refund_adapters.store.claims import claimant
from refund_ledger.events import CreditGranted, DocumentId, Event, OriginalRecorded, claims
from refund_ledger.originals import Document, Half
from support.books import Books, a_cash_sale, a_line


def test_a_document_is_of_the_event_that_took_it(books: Books) -> None:
    sale = books.record(a_cash_sale(1, a_line(1, 1_000)))
    books.record(a_cash_sale(2, a_line(1, 1_000)))
    note = DocumentId(half=Half.DOCUMENT, series=3, number=481)
    books.grant("one", 5, document_half=note.half, document_series=3, document_number=481)
    books.grant("two", 5)

    taken = {one: event for event in books.events() for one in claims(event)}
    assert len(taken) == 5
    for one, event in taken.items():
        assert claimant(books.store, books.company, one) == event
    assert isinstance(taken[note.key], CreditGranted)
    assert isinstance(taken[sale.document(Half.RECEIPT)], OriginalRecorded)


def test_a_document_that_nobody_took_has_no_event(books: Books) -> None:
    document = books.record(a_cash_sale(1, a_line(1, 1_000))).document(Half.DOCUMENT)
    half, series, number = document

    assert claimant(books.store, books.company, document)
    assert claimant(books.store, "other", document) is None
    for other in ((series, number + 1), (series + 1, number), (2**63, number), (series, 10**30)):
        assert claimant(books.store, books.company, Document(half, *other)) is None


def test_no_other_event_is_read(books: Books) -> None:
    document = books.record(a_cash_sale(1, a_line(1, 1_000))).document(Half.DOCUMENT)
    event = claimant(books.store, books.company, document)
    for number in range(3):
        books.grant(f"grant {number}", 5)
    read: list[int] = []
    really = books.store.event

    def decode(stored: StoredEvent) -> Event:
        read.append(stored.originator_version)
        return really(stored)

    books.store.event = decode  # type: ignore[method-assign]
    assert claimant(books.store, books.company, document) == event
    assert read == [1]
