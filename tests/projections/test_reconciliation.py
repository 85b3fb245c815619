"""The ledger's documents beside those of the accounting system."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from projections.examples import EXAMPLES
from projections.histories import COMPANY, Company, histories
from refund_ledger.events import DocumentId, How, Part, claims
from refund_ledger.explaining import Explanation
from refund_ledger.originals import Document, Half
from refund_ledger.outside import Outside
from refund_projections.reconciliation import (
    Compared,
    Finding,
    Known,
    Listed,
    Role,
    known_documents,
    reconcile,
)


def refunded() -> Company:
    company = Company()
    company.finish(company.ask("k", original=str(company.cash_sale(1, 1_000))))
    return company


def known(company: Company) -> list[Known]:
    return list(known_documents(company.events(), COMPANY))


def listed(documents: list[Known]) -> list[Listed]:
    """The accounting system's list as it is when all is well."""
    return [Listed(one.document, one.customer_id, one.currency, one.amount) for one in documents]


def test_the_ledger_knows_originals_and_what_refunds_issued() -> None:
    assert [(one.document, one.role, one.amount) for one in known(refunded())] == [
        (Document(Half.DOCUMENT, 2, 1), Role.ORIGINAL, 1_170),
        (Document(Half.RECEIPT, 2, 1), Role.ORIGINAL, 1_170),
        (Document(Half.DOCUMENT, 3, 481), Role.ISSUED, 1_170),
        (Document(Half.RECEIPT, 3, 482), Role.ISSUED, 1_170),
    ]


def test_invoices_receipts_credit_notes_and_late_documents_are_known() -> None:
    company = refunded()
    company.invoice(7, 100)
    company.receipt(8, 50)
    company.grant("b", 60)
    company.answer(company.refunds[0], Part.INVOICE, booked=9)
    assert [(str(one.document), one.role, one.amount) for one in known(company)[4:]] == [
        ("document 1/7", Role.ORIGINAL, 117),
        ("receipt 1/8", Role.ORIGINAL, 50),
        ("document 3/483", Role.LATE, 9),
    ]
    (grant,) = known_documents([EXAMPLES["credit.granted"]], "acme")
    assert (grant.role, grant.amount) == (Role.GRANT, 500)


def test_a_document_that_turns_up_after_a_close_counts_with_all_that_was_booked() -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    company.submit(refund, Part.INVOICE)
    company.doubt(refund, Part.INVOICE)
    company.close(refund)
    company.answer(refund, Part.INVOICE)
    assert [(one.role, one.amount) for one in known(company)[2:]] == [(Role.LATE, 1_170)]


def test_each_way_to_differ_is_named() -> None:
    company = refunded()
    here = known(company)
    there = listed(here)
    stranger = Listed(Document(Half.DOCUMENT, 3, 999), "7", "ILS", 5)
    there = [
        replace(there[0], currency=None),
        replace(there[1], currency="USD"),
        replace(there[2], amount=1, customer_id="8"),
        stranger,
        stranger,
    ]
    found = reconcile(here, there)
    assert (found.matched, found.clean) == (1, False)
    assert found.differences == (
        Compared(
            here[2].document,
            (Finding.AMOUNT_DIFFERS, Finding.CUSTOMER_DIFFERS),
            here[2],
            there[2],
        ),
        Compared(stranger.document, (Finding.UNKNOWN_HERE,), None, stranger),
        Compared(stranger.document, (Finding.UNKNOWN_HERE, Finding.LISTED_TWICE), None, stranger),
        Compared(here[1].document, (Finding.CURRENCY_DIFFERS,), here[1], there[1]),
        Compared(here[3].document, (Finding.MISSING_THERE,), here[3], None),
    )


def test_what_was_made_outside_is_known_and_what_reversed_it_too() -> None:
    company = Company()
    found = Outside(
        company=COMPANY,
        part=Part.INVOICE,
        series=3,
        number=9,
        customer_id="7",
        currency="ILS",
        amount=50,
        issued_on=company.now.date(),
        read_from="a list",
    )
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


def test_other_companies_are_passed_over() -> None:
    assert list(known_documents(refunded().events(), "other")) == []


@given(histories)
def test_what_the_ledger_knows_is_what_its_events_claim(company: Company) -> None:
    claimed = [document for event in company.events() for document in claims(event)]
    assert [one.document for one in known(company)] == claimed


@given(histories, st.randoms(use_true_random=False))
def test_a_clean_pair_is_clean_in_any_order(company: Company, random: Random) -> None:
    there = listed(known(company))
    random.shuffle(there)
    found = reconcile(known(company), there)
    assert (found.clean, found.matched) == (True, len(there))
