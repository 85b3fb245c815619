"""Credit that was granted, used or taken back elsewhere is recorded once, and never twice there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import InvalidInputError, KeyReusedError, NotFoundError, RefusedError
from refund_ledger.events import DocumentId, GrantReason, ReductionReason
from refund_ledger.originals import Half, Original
from support.books import Books, a_cash_sale, a_grant, a_line, a_payment, a_receipt, an_invoice

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


@pytest.mark.parametrize("sale", [a_cash_sale(2, a_line(1, 60)), an_invoice(2, a_line(1, 60))])
def test_a_sale_is_no_receipt_that_was_too_high(sale: Original) -> None:
    with Books() as books:
        ref = books.record(sale)
        before = books.position(ref)
        with pytest.raises(RefusedError, match=f"{ref} is a sale, and an overpayment is a receipt"):
            books.grant("too much", 20, why=GrantReason.OVERPAYMENT, receipt=str(ref))
        assert (books.position(ref), books.total(AccountKind.CREDIT)) == (before, 0)


def test_an_overpayment_is_kept_under_the_receipt_however_that_was_spelled() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(2, a_payment(1, 60)))
        books.grant("too much", 20, **{**OVERPAID, "receipt": " receipt:1/02"})
        assert books.position(receipt) == (0, 40, 0)
        assert not books.ledger.grant_credit(a_grant("too much", 20, **OVERPAID), books.stamp())
        books.check()


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
        assert books.position(sale) == (0, 40, 10)
        assert books.ledger.original(sale).closed_by == {"grant:old": 50}
        books.check()
        books.check_sale(sale)


@given(
    paid=st.integers(1, 200),
    data=st.data(),
    reductions=st.lists(st.tuples(st.sampled_from(ReductionReason), st.integers(1, 150))),
)
def test_an_overpayment_that_is_reversed_is_the_receipt_s_money_again(
    paid: int, data: st.DataObject, reductions: list[tuple[ReductionReason, int]]
) -> None:
    """Whatever became of the credit: what was reversed while it was there is not lost."""
    with Books() as books:
        overpaid = data.draw(st.integers(0, paid))
        receipt = books.record(a_receipt(2, a_payment(1, paid), overpaid=overpaid))
        sources, back = ["grant:receipt:1/2"] if overpaid else [], 0
        if overpaid < paid:
            amount = data.draw(st.integers(1, paid - overpaid))
            sources.append(books.grant("too much", amount, **OVERPAID))
        free = books.total(AccountKind.COVERED, receipt)
        for why, asked in reductions:
            source = data.draw(st.sampled_from(sources))
            there = min(books.total(AccountKind.CREDIT, source), asked)
            back += there if why is ReductionReason.REVERSED else 0
            sale = books.record(an_invoice(books.minutes, a_line(1, 150)))
            used = sale if why is ReductionReason.USED_ON_SALE else None
            books.reduce(source.removeprefix("grant:"), asked, why=why, sale=used)
        assert books.position(receipt) == (0, free + back, 0)
        books.check()


def test_a_credit_paid_a_sale_whose_own_reading_counts_it_already() -> None:
    with Books() as books:
        books.grant("old", 100)
        sale = books.record(an_invoice(1, a_line(1, 140), unpaid=40))
        books.reduce("old", 100, why=ReductionReason.USED_ON_SALE, sale=sale)
        assert books.position(sale) == (40, 100, 0)
        assert books.position("grant:old") == (0, 0, 0)
        books.check_sale(sale)


@given(
    total=st.integers(1, 150),
    known=st.integers(0, 150),
    credited=st.integers(0, 150),
    payers=st.lists(st.tuples(st.booleans(), st.integers(1, 90)), min_size=1, max_size=4),
)
def test_credit_used_on_a_sale_pays_it_as_a_receipt_of_the_same_amount_would(
    total: int, known: int, credited: int, payers: list[tuple[bool, int]]
) -> None:
    def after(*, by_credit: bool) -> tuple[int, int, int]:
        with Books() as books:
            unpaid = max(total - known, 0)
            sale = books.record(an_invoice(1, a_line(1, total), unpaid=unpaid))
            books.grant("old", 400)
            if credited:
                amount = min(credited, total)
                books.finish(books.ask("a", original=str(sale), amount=amount, parts="invoice"))
            for number, (credit, amount) in enumerate(payers, 2):
                if credit and by_credit:
                    used = ReductionReason.USED_ON_SALE
                    books.reduce("old", amount, why=used, sale=sale)
                else:
                    books.record(a_receipt(number, a_payment(1, amount), closes=[(sale, amount)]))
            spent = sum(amount for credit, amount in payers if credit and by_credit)
            assert books.position("grant:old") == (0, 0, 400 - spent)
            books.check()
            books.check_sale(sale)
            return books.position(sale)

    assert after(by_credit=True) == after(by_credit=False)


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
