"""Events are found by their stored names, survive storing, and claim their documents."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings

from refund_adapters.store.mapper import EventMapper
from refund_ledger.events import Event, claims, event_classes
from refund_ledger.originals import Document, Half
from support.books import Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice
from support.histories import histories

TOPICS = Path(__file__).parent / "event_topics.txt"


def test_every_stored_name_leads_to_its_class() -> None:
    classes = event_classes()
    assert sorted(classes) == TOPICS.read_text(encoding="utf-8").split()
    assert all(topic == cls.TOPIC and cls.__doc__ for topic, cls in classes.items())


@settings(max_examples=25)
@given(histories)
def test_an_event_that_was_stored_is_the_same_event(books: Books) -> None:
    mapper = EventMapper()
    with books:
        assert books.events() == books.saved
        for event in books.events():
            stored = mapper.to_stored_event(event)
            assert mapper.to_domain_event(stored) == event
            assert mapper.to_stored_event(mapper.to_domain_event(stored)).state == stored.state


def test_an_original_claims_the_halves_that_it_has() -> None:
    sale = a_line(1, 100)
    with Books() as books:
        books.record(an_invoice(1, sale))
        books.record(a_receipt(2, a_payment(1, 5)))
        books.record(a_cash_sale(3, sale))
        document, receipt = Half.DOCUMENT, Half.RECEIPT
        assert [claims(event) for event in books.events()] == [
            (Document(document, 1, 1),),
            (Document(receipt, 1, 2),),
            (Document(document, 2, 3), Document(receipt, 2, 3)),
        ]


def test_a_grant_claims_its_document_and_a_part_its_counter_document() -> None:
    with Books() as books:
        named = {"document_half": "document", "document_series": 3, "document_number": 9}
        books.grant("note", 500, why="credit_note", **named)
        books.grant("old", 500)
        refund = books.ask("a", kind="credit", customer_id="7", amount=700, method="cash")
        books.finish(refund)
        taken = [(event.TOPIC, claims(event)) for event in books.events() if claims(event)]
        assert taken == [
            ("credit.granted", (Document(Half.DOCUMENT, 3, 9),)),
            ("refund.receipt_part_cancelled", (Document(Half.RECEIPT, 3, 481),)),
        ]


def test_every_event_names_company_customer_and_cause() -> None:
    with Books() as books:
        refund = books.ask("a", kind="goodwill", customer_id="7", amount=100)
        books.finish(refund)
        for event in books.events():
            assert isinstance(event, Event)
            assert (event.company, event.customer_id, event.currency) == ("acme", "7", "ILS")
            assert event.command_id
            assert event.correlation_id == event.command_id
