"""Credit that was granted, used or taken back elsewhere is recorded once, and never twice there."""

from __future__ import annotations

from typing import Any

import pytest

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import InvalidInputError, KeyReusedError, NotFoundError, RefusedError
from refund_ledger.events import DocumentId, GrantReason, ReductionReason
from refund_ledger.originals import Half
from support.books import Books, a_grant, a_line, a_payment, a_receipt, an_invoice

# --- granted credit -------------------------------------------------------------------------------


def test_a_credit_is_granted_once() -> None:
    with Books() as books:
        grant = a_grant("old", 500)
        assert books.ledger.grant_credit(grant, books.stamp())
        assert not books.ledger.grant_credit(grant, books.stamp())
        assert books.position("grant:old") == (0, 0, 500)
        with pytest.raises(KeyReusedError) as caught:
            books.grant("old", 400)
        assert caught.value.first_digest == grant.digest


def test_the_digest_of_a_grant_is_the_same_for_ever() -> None:
    assert a_grant("old", 500).digest == (
        "f2be94c620252e61b059d16cd19d65a28dcebedf0334153339f9b2cc6720d483"
    )


def test_a_grant_names_its_document_whole_or_not_at_all() -> None:
    named = {"document_half": "document", "document_series": 3, "document_number": 9}
    document = DocumentId(half=Half.DOCUMENT, series=3, number=9)
    assert a_grant("note", 5, **named).document == document
    with Books() as books:
        for missing in named:
            fields = {name: value for name, value in named.items() if name != missing}
            with pytest.raises(InvalidInputError, match="document: name its half, series"):
                books.grant("note", 5, **fields)
        with pytest.raises(InvalidInputError, match="not an ISO 4217 code"):
            books.grant("note", 5, currency="ABC")


OVERPAID: dict[str, Any] = {"why": GrantReason.OVERPAYMENT, "receipt": "receipt:1/2"}


def test_an_overpayment_stops_counting_as_payment_of_its_receipt() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(2, a_payment(1, 60)))
        books.grant("too much", 20, **OVERPAID)
        assert books.position(receipt) == (0, 40, 0)
        assert books.position("grant:too much") == (0, 0, 20)
        books.check()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({**OVERPAID, "amount": 61}, "only 0.60 ILS of receipt:1/2 pays for nothing known"),
        ({**OVERPAID, "customer_id": "8"}, "another customer's"),
        ({**OVERPAID, "receipt": ""}, "an overpayment names the receipt"),
        ({"receipt": "receipt:1/2"}, "an overpayment names the receipt"),
    ],
)
def test_an_overpayment_names_a_receipt_that_has_it(fields: dict[str, Any], problem: str) -> None:
    with Books() as books:
        books.record(a_receipt(2, a_payment(1, 60)))
        with pytest.raises(RefusedError, match=problem):
            books.grant("too much", **{"amount": 20, **fields})


def test_an_overpayment_of_an_unknown_receipt_is_not_found() -> None:
    with Books() as books, pytest.raises(NotFoundError, match="receipt:1/2 is not recorded"):
        books.grant("too much", 20, **OVERPAID)


# --- credit that became less ----------------------------------------------------------------------


def test_a_credit_that_expired_is_gone_and_what_was_not_there_is_unexplained() -> None:
    with Books() as books:
        source = books.grant("old", 50)
        books.reduce("old", 30, why=ReductionReason.EXPIRED)
        assert books.position(source) == (0, 0, 20)
        books.reduce("old", 30)
        assert books.position(source) == (0, 0, 0)
        assert books.total(AccountKind.UNEXPLAINED, source) == -10
        books.check()


def test_a_credit_that_paid_a_sale_lowers_its_debt() -> None:
    with Books() as books:
        source = books.grant("old", 50)
        sale = books.record(an_invoice(1, a_line(1, 40)))
        books.reduce("old", 50, why=ReductionReason.USED_ON_SALE, sale=sale)
        assert books.position(source) == (0, 0, 0)
        assert books.position(sale) == (0, 40, 0)
        books.check()
        books.check_sale(sale)


def test_a_credit_is_reduced_once_by_one_command() -> None:
    with Books() as books:
        books.grant("old", 50)
        stamp = books.stamp()
        reversal = {"why": ReductionReason.REVERSED, "amount": 10}
        assert books.ledger.reduce_credit("old", stamp, **reversal)  # type: ignore[arg-type]
        assert not books.ledger.reduce_credit("old", stamp, **reversal)  # type: ignore[arg-type]
        assert books.position("grant:old") == (0, 0, 40)


def test_a_reduction_that_makes_no_sense_is_refused() -> None:
    with Books() as books:
        books.grant("old", 50)
        sale = books.record(an_invoice(1, a_line(1, 40), customer_id="8"))
        used = ReductionReason.USED_ON_SALE
        with pytest.raises(NotFoundError, match="no credit was granted under 'never'"):
            books.reduce("never", 5)
        with pytest.raises(RefusedError, match="name the sale that the credit paid"):
            books.reduce("old", 5, why=used)
        with pytest.raises(RefusedError, match="name the sale that the credit paid"):
            books.reduce("old", 5, sale=sale)
        with pytest.raises(RefusedError, match="another customer's"):
            books.reduce("old", 5, why=used, sale=sale)
        with pytest.raises(InvalidInputError, match="amount: expected more than zero"):
            books.reduce("old", 0)
        assert books.position("grant:old") == (0, 0, 50)


def test_the_same_key_with_other_content_is_not_taken_as_done() -> None:
    with Books() as books:
        books.grant("old", 50)
        sale = books.record(an_invoice(1, a_line(1, 40)))
        stamp, expired = books.stamp(), ReductionReason.EXPIRED
        ledger = books.ledger
        assert ledger.reduce_credit("old", stamp, why=expired, amount=60, comment="x")
        assert not ledger.reduce_credit("old", stamp, why=expired, amount=60, comment=" x ")
        used = ReductionReason.USED_ON_SALE
        other: list[dict[str, Any]] = [
            {"why": expired, "amount": 50, "comment": "x"},
            {"why": ReductionReason.REVERSED, "amount": 60, "comment": "x"},
            {"why": expired, "amount": 60, "comment": "y"},
            {"why": used, "amount": 60, "comment": "x", "sale": sale},
        ]
        for fields in other:
            with pytest.raises(KeyReusedError, match=f"key '{stamp.command_id}' was used before"):
                ledger.reduce_credit("old", stamp, **fields)
        assert books.position("grant:old") == (0, 0, 0)
