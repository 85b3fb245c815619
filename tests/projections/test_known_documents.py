"""What the ledger's events say of documents: whose they are, and when they may be dated."""

from datetime import UTC, date, timedelta

import pytest
from hypothesis import given

from projections.examples import EXAMPLES
from projections.histories import COMPANY, MORNING, Company, histories
from refund_ledger.events import CallSubmitted, DocumentId, How, Part, Way, claims
from refund_ledger.explaining import Explanation
from refund_ledger.originals import Closes, Document, Half
from refund_ledger.outside import Outside
from refund_projections.known_documents import KnownDocuments
from refund_projections.sides import Conventions, Credited, Explained, Known, Role, Unbooked

UTC_BOOKS = Conventions(zone=UTC)
DAY, BEFORE, AFTER = date(2026, 3, 1), date(2026, 2, 28), date(2026, 3, 2)


def reading(company: Company, name: str = COMPANY) -> tuple[KnownDocuments, list[object]]:
    documents = KnownDocuments(name, UTC_BOOKS)
    return documents, list(documents.read(company.events()))


def known(company: Company) -> list[Known]:
    return [one for one in reading(company)[1] if isinstance(one, Known)]


def credited(company: Company) -> set[Document]:
    return {one.document for one in reading(company)[1] if isinstance(one, Credited)}


def unbooked(company: Company) -> list[Unbooked]:
    return reading(company)[0].unbooked()


def refunded() -> Company:
    company = Company()
    company.finish(company.ask("k", original=str(company.cash_sale(1, 1_000))))
    return company


def test_the_ledger_knows_originals_and_what_refunds_issued() -> None:
    assert [(one.document, one.role, one.amount) for one in known(refunded())] == [
        (Document(Half.DOCUMENT, 2, 1), Role.ORIGINAL, 1_170),
        (Document(Half.RECEIPT, 2, 1), Role.ORIGINAL, 1_170),
        (Document(Half.DOCUMENT, 3, 481), Role.ISSUED, 1_170),
        (Document(Half.RECEIPT, 3, 482), Role.ISSUED, 1_170),
    ]


def test_an_original_has_its_date_and_what_we_made_the_days_of_its_call() -> None:
    original, _, note, receipt = known(refunded())
    assert (original.first, original.last, original.anchor) == (BEFORE, BEFORE, BEFORE)
    assert (note.first, note.last, note.anchor) == (BEFORE, AFTER, DAY)
    assert (note.way, note.marker, receipt.marker) == (Way.CANCEL, "mark-invoice", "mark-receipt")


def test_invoices_receipts_credit_notes_and_late_documents_are_known() -> None:
    company = refunded()
    company.invoice(7, 100)
    company.receipt(8, 50)
    company.grant("b", 60)
    company.answer(company.refunds[0], Part.INVOICE, booked=9)
    later = known(company)[4:]
    assert [(str(one.document), one.role, one.amount) for one in later] == [
        ("document 1/7", Role.ORIGINAL, 117),
        ("receipt 1/8", Role.ORIGINAL, 50),
        ("document 3/483", Role.LATE, 9),
    ]
    # The refund went plainly and is over, so nobody remembered when its call was sent.
    assert (later[2].first, later[2].last, later[2].duplicate_of) == (
        None,
        AFTER,
        "document 3/481",
    )


def test_a_grant_names_its_document_and_not_its_day() -> None:
    documents = KnownDocuments("acme", UTC_BOOKS)
    (grant,) = documents.read([EXAMPLES["credit.granted"]])
    assert isinstance(grant, Known)
    assert (grant.role, grant.amount) == (Role.GRANT, 500)
    assert (grant.first, grant.last, grant.anchor) == (None, AFTER, DAY)


def test_a_document_that_turns_up_after_a_close_counts_with_all_that_was_booked() -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    company.submit(refund, Part.INVOICE)
    company.doubt(refund, Part.INVOICE)
    company.close(refund)
    assert [(one.part, one.in_doubt) for one in unbooked(company)] == [(Part.INVOICE, True)]
    company.answer(refund, Part.INVOICE)
    (late,) = known(company)[2:]
    assert (late.role, late.amount, late.duplicate_of) == (Role.LATE, 1_170, "")
    assert (late.first, late.marker) == (BEFORE, "mark-invoice")
    assert unbooked(company) == []


def test_a_second_document_of_a_part_that_was_ever_in_doubt_has_the_days_of_its_call() -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    company.submit(refund, Part.INVOICE)
    company.doubt(refund, Part.INVOICE)
    company.submit(refund, Part.INVOICE)
    company.answer(refund, Part.INVOICE)
    company.submit(refund, Part.RECEIPT)
    company.answer(refund, Part.RECEIPT)
    company.answer(refund, Part.INVOICE)
    assert [(one.role, one.first) for one in known(company)[2:]] == [
        (Role.ISSUED, BEFORE),
        (Role.ISSUED, BEFORE),
        (Role.LATE, BEFORE),
    ]


def test_a_part_that_was_announced_and_has_no_document_is_unbooked() -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    assert unbooked(company) == []
    company.submit(refund, Part.INVOICE)
    (part,) = unbooked(company)
    assert (part.refund, part.key, part.part, part.marker) == (
        refund,
        "k",
        Part.INVOICE,
        "mark-invoice",
    )
    assert (part.customer_id, part.currency, part.asked) == ("7", "ILS", 1_170)
    assert (part.since, part.anchor, part.in_doubt) == (BEFORE, DAY, False)
    company.doubt(refund, Part.INVOICE, for_person=True)
    assert [one.in_doubt for one in unbooked(company)] == [True]


@pytest.mark.parametrize("end", ["not_sent", "refuse"])
def test_what_never_left_or_was_refused_is_in_no_doubt(end: str) -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    company.submit(refund, Part.INVOICE)
    getattr(company, end)(refund, Part.INVOICE)
    assert [one.in_doubt for one in unbooked(company)] == [False]


def in_doubt(company: Company) -> list[bool]:
    return [one.in_doubt for one in unbooked(company)]


def test_what_was_proven_absent_is_in_doubt_no_more() -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    company.submit(refund, Part.INVOICE)
    company.doubt(refund, Part.INVOICE)
    company.submit(refund, Part.INVOICE)
    assert in_doubt(company) == [False]
    company.not_sent(refund, Part.INVOICE)  # The proof has aged, so the first call is out again.
    assert in_doubt(company) == [True]
    company.close(refund)
    assert in_doubt(company) == [True]
    company.close(refund, absent=frozenset({Part.INVOICE}))
    assert in_doubt(company) == [False]


def test_a_part_that_could_not_even_be_said_is_in_no_doubt() -> None:
    documents = KnownDocuments("acme", UTC_BOOKS)
    refused = [EXAMPLES["refund.requested"], EXAMPLES["refund.call_refused"]]
    assert (list(documents.read(refused)), documents.unbooked()) == ([], [])


def test_a_document_whose_call_nobody_recorded_may_be_dated_any_day_before() -> None:
    events = [EXAMPLES["refund.requested"], EXAMPLES["refund.invoice_part_cancelled"]]
    one, *_ = KnownDocuments("acme", UTC_BOOKS).read(events)
    assert isinstance(one, Known)
    assert (one.role, one.first, one.last, one.marker) == (Role.ISSUED, None, AFTER, "")


def test_a_request_that_was_taken_back_is_forgotten() -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    company.ledger.withdraw(refund, company.stamp())
    documents, _ = reading(company)
    assert documents._refunds == {}


def test_what_was_given_back_or_may_have_been_may_count_as_cancelled_in_both_halves() -> None:
    company = Company()
    whole = str(company.cash_sale(1, 1_000))
    doubtful = str(company.cash_sale(2, 1_000))
    company.cash_sale(3, 1_000)
    invoice = str(company.invoice(4, 500))
    company.finish(company.ask("a", original=whole))
    company.submit(company.ask("b", original=doubtful), Part.INVOICE)
    company.finish(company.ask("c", original=invoice))
    receipt = company.receipt(5, 500, closes=(Closes(sale=invoice, amount=100),))
    company.finish(company.ask("d", original=str(receipt)))
    assert credited(company) == {
        *(Document(half, 2, number) for half in Half for number in (1, 2)),
        Document(Half.DOCUMENT, 1, 4),
        Document(Half.RECEIPT, 1, 5),
    }


def an_outside(amount: int) -> Outside:
    return Outside(
        company=COMPANY,
        part=Part.INVOICE,
        series=3,
        number=9,
        customer_id="7",
        currency="ILS",
        amount=amount,
        issued_on=date(2026, 1, 7),
        read_from="a list",
    )


def test_what_was_made_outside_is_known_and_what_reversed_it_too() -> None:
    company = Company()
    found = an_outside(50)
    company.ledger.record_outside(found, company.stamp("import"))
    told = Explanation(
        company=COMPANY,
        reference="because",
        document=found.document,
        how=How.REVERSED,
        reversed_by=DocumentId(half=Half.DOCUMENT, series=3, number=10),
        why="cancelled by hand",
    )
    company.ledger.explain(told, company.stamp("avi"))
    assert [(one.document.number, one.role, one.amount) for one in known(company)] == [
        (9, Role.OUTSIDE, 50),
        (10, Role.REVERSAL, 50),
    ]
    assert [(one.first, one.last) for one in known(company)] == [
        (date(2026, 1, 7), date(2026, 1, 7)),
        (None, AFTER),
    ]
    (explained,) = (one for one in reading(company)[1] if isinstance(one, Explained))
    at = MORNING + timedelta(minutes=company.minutes)
    assert explained == Explained(found.document.key, "avi", "cancelled by hand", at)


def test_an_explanation_of_a_reduced_credit_names_no_document() -> None:
    event = EXAMPLES["discrepancy.explained"].model_copy(
        update={"document": None, "reversed_by": None, "counts_on": ""}
    )
    assert list(KnownDocuments("acme", UTC_BOOKS).read([event])) == []


def test_an_original_that_a_document_gives_back_instead_may_be_shown_as_cancelled() -> None:
    company = Company()
    sale = str(company.cash_sale(1, 1_000))
    found = an_outside(1_170)
    company.ledger.record_outside(found, company.stamp("import"))
    assert credited(company) == set()
    told = Explanation(
        company=COMPANY,
        reference="because",
        document=found.document,
        how=How.BELONGS_ELSEWHERE,
        original=sale,
        why="it names that sale",
    )
    company.ledger.explain(told, company.stamp("avi"))
    assert credited(company) == {Document(half, 2, 1) for half in Half}


def test_what_was_accepted_is_remembered_by_what_it_is_about() -> None:
    event = EXAMPLES["reconciliation.difference_accepted"]
    documents = KnownDocuments("acme", UTC_BOOKS)
    assert list(documents.read([event])) == []
    name = Document(Half.DOCUMENT, 3, 481), "amount differs", "0123456789abcdef" * 4
    assert documents.accepted == {name: event}


def test_other_companies_are_passed_over() -> None:
    documents, told = reading(refunded(), "other")
    assert (told, documents.unbooked()) == ([], [])


@given(histories)
def test_what_the_ledger_knows_is_what_its_events_claim(company: Company) -> None:
    claimed = [document for event in company.events() for document in claims(event)]
    assert [one.document for one in known(company)] == claimed


@given(histories)
def test_a_part_has_a_document_or_is_unbooked_once_it_was_announced(company: Company) -> None:
    announced = {
        (event.originator_id, event.part)
        for event in company.events()
        if isinstance(event, CallSubmitted)
    }
    booked = {
        (refund, part)
        for refund in company.refunds
        for part in company.refund(refund).parts
        if company.refund(refund).part(part).documents
    }
    assert {(one.refund, one.part) for one in unbooked(company)} == announced - booked
