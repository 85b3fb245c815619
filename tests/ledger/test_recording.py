"""What the accounting system holds is recorded once, and what pays what is worked out once."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import InvalidInputError, RefusedError
from refund_ledger.events import GrantReason, Part
from refund_ledger.originals import Closes, Line, Original, OriginalRef
from refund_ledger.recording import content_digest
from support.books import Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice


def refuses(books: Books, original: Original, *problems: str) -> None:
    before = books.store.position()
    with pytest.raises(RefusedError) as caught:
        books.record(original)
    assert len(caught.value.reasons) == len(problems)
    for reason, problem in zip(caught.value.reasons, problems, strict=True):
        assert problem in reason
    assert books.store.position() == before


# --- originals ------------------------------------------------------------------------------------


def test_an_original_is_recorded_once_whatever_is_open_on_it_later() -> None:
    with Books() as books:
        line = a_line(1, 100)
        assert record(books, an_invoice(1, line))
        assert not record(books, an_invoice(1, line, unpaid=40))
        assert books.position("invoice:1/1") == (100, 0, 0)


def record(books: Books, original: Original) -> bool:
    return books.ledger.record_original(original, books.stamp("import"), read_from="a file")


def test_an_original_with_other_content_is_refused_with_both_digests() -> None:
    with Books() as books:
        first, other = an_invoice(1, a_line(1, 100)), an_invoice(1, a_line(1, 99))
        record(books, first)
        with pytest.raises(RefusedError) as caught:
            record(books, other)
        said = str(caught.value)
        assert content_digest(first)[:16] in said
        assert content_digest(other)[:16] in said
        assert ": lines; documents do not change" in said


def test_the_digest_of_an_original_is_the_same_for_ever() -> None:
    sale = an_invoice(1, a_line(1, 100, 18), unpaid=50)
    assert content_digest(sale) == (
        "c27b0dbf97d5cc63afc129370c1b2d886148a70f60d24e4510fda4d632a85e1c"
    )
    assert content_digest(sale) == content_digest(sale.model_copy(update={"open_amount": 0}))


def test_an_original_that_contradicts_itself_is_not_recorded() -> None:
    with Books() as books:
        with pytest.raises(InvalidInputError, match="invoice:1/1 open_amount"):
            record(books, an_invoice(1, a_line(1, 100), unpaid=101))
        assert books.events() == []


# --- what pays what -------------------------------------------------------------------------------


def test_a_receipt_lowers_the_debt_and_covers_the_sale() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        books.record(a_receipt(2, a_payment(1, 60), closes=[(sale, 60)]))
        assert books.position(sale) == (40, 60, 0)
        assert books.ledger.original(sale).closed_by == {"receipt:1/2": 60}


def test_a_receipt_that_spells_its_sale_otherwise_makes_no_credit_of_it() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        closes = (Closes(sale="invoice:1/1", amount=60), Closes(sale="invoice:01/001", amount=40))
        with pytest.raises(InvalidInputError, match="closes: write 'invoice:01/001' as the ledger"):
            books.record(a_receipt(2, a_payment(1, 100)).model_copy(update={"closes": closes}))
        assert books.position(sale) == (100, 0, 0)
        assert books.total(AccountKind.CREDIT) == 0


def test_a_payment_that_the_sale_was_read_with_is_not_counted_again() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=30))
        books.record(a_receipt(2, a_payment(1, 60), closes=[(sale, 60)]))
        assert books.position(sale) == (30, 70, 0)
        books.record(a_receipt(3, a_payment(1, 40), closes=[(sale, 40)]))
        assert books.position(sale) == (0, 100, 0)


@given(
    known=st.integers(0, 100),
    amounts=st.lists(st.integers(1, 70), min_size=1, max_size=3),
    data=st.data(),
)
def test_payments_known_are_the_most_that_either_side_says_in_any_order(
    known: int, amounts: list[int], data: st.DataObject
) -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=100 - known))
        for number, amount in data.draw(st.permutations(list(enumerate(amounts, 2)))):
            books.record(a_receipt(number, a_payment(1, amount), closes=[(sale, amount)]))
        paid = max(known, sum(amounts))
        assert books.position(sale) == (max(100 - paid, 0), min(paid, 100), max(paid - 100, 0))
        books.check()
        books.check_sale(sale)


@pytest.mark.parametrize("order", list(permutations(["credit", "pay"])))
def test_a_payment_that_comes_after_the_credit_is_owed_back(order: tuple[str, ...]) -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        for step in order:
            if step == "pay":
                books.record(a_receipt(2, a_payment(1, 100), closes=[(sale, 100)]))
            else:
                books.finish(books.ask("a", original=str(sale), amount=30))
        assert books.position(sale) == (0, 70, 30)
        books.check_sale(sale)


def test_money_that_pays_no_known_sale_is_covered_by_the_receipt_itself() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(2, a_payment(1, 60), overpaid=10))
        assert books.position(receipt) == (0, 50, 0)
        assert books.position(f"grant:{receipt}") == (0, 0, 10)


# --- what is allocated later ----------------------------------------------------------------------


def test_a_receipt_pays_a_sale_that_it_was_allocated_to_after_it_was_recorded() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        receipt = books.record(a_receipt(2, a_payment(1, 130)))
        allocated = a_receipt(2, a_payment(1, 130), closes=[(sale, 100)])
        assert record(books, allocated)
        assert books.position(sale) == (0, 100, 0)
        assert books.position(receipt) == (0, 30, 0)
        assert books.ledger.original(receipt).recorded.closes == allocated.closes
        assert not record(books, allocated)
        books.finish(books.ask("a", original=str(sale), receipt=str(receipt)))
        assert books.position(sale) == (0, 0, 0)
        assert books.left_in_all(str(receipt)) == (0, 30)
        books.check()
        books.check_sale(sale)


@given(
    amounts=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 40)), min_size=1, max_size=4),
    known=st.integers(0, 60),
    data=st.data(),
)
def test_whenever_a_receipt_was_allocated_it_pays_the_same(
    amounts: list[tuple[int, int]], known: int, data: st.DataObject
) -> None:
    def after(steps: list[int]) -> list[tuple[int, int, int]]:
        """Where all stands, when the receipt was read with the first so many allocations."""
        with Books() as books:
            sales = [
                books.record(an_invoice(number, a_line(1, 60), unpaid=60 - known))
                for number in (1, 2)
            ]
            for upto in steps:
                closes = Counter[OriginalRef]()
                for which, amount in amounts[:upto]:
                    closes[sales[which]] += amount
                ordered = data.draw(st.permutations(list(closes.items())))
                assert record(books, a_receipt(3, a_payment(1, 200), closes=ordered))
                assert not record(books, a_receipt(3, a_payment(1, 200), closes=ordered[::-1]))
            books.check()
            for sale in sales:
                books.check_sale(sale)
            return [books.position(each) for each in (*sales, OriginalRef.parse("receipt:1/3"))]

    steps = data.draw(st.sets(st.integers(0, len(amounts) - 1)))
    assert after([*sorted(steps), len(amounts)]) == after([len(amounts)])


def test_an_allocation_that_was_taken_back_is_other_content() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        books.record(a_receipt(2, a_payment(1, 100), closes=[(sale, 60)]))
        books.record(a_receipt(2, a_payment(1, 100), closes=[(sale, 80)]))
        for closes in ([], [(sale, 79)], [(OriginalRef.parse("invoice:1/9"), 0)]):
            refuses(books, a_receipt(2, a_payment(1, 100), closes=closes), ": closes; documents do")
        other = a_receipt(2, a_payment(1, 101), closes=[(sale, 90)])
        refuses(books, other, ": payments; documents do")


def test_money_that_was_given_back_before_the_allocation_stays_owed() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        receipt = books.record(a_receipt(2, a_payment(1, 100)))
        refund = books.ask("a", original=str(receipt), amount=30)
        allocated = a_receipt(2, a_payment(1, 100), closes=[(sale, 100)])
        books.approve(refund)
        refuses(books, allocated, "and only 0.70 ILS of it pays for nothing known here")
        books.finish(refund)
        assert record(books, allocated)
        assert books.position(receipt) == (30, 0, 0)
        assert books.position(sale) == (0, 100, 0)
        books.check()


def test_what_was_granted_out_of_a_receipt_does_not_pay_a_sale_as_well() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        receipt = books.record(a_receipt(2, a_payment(1, 100)))
        books.grant("over", 30, why=GrantReason.OVERPAYMENT, receipt=str(receipt))
        allocated = a_receipt(2, a_payment(1, 100), closes=[(sale, 100)])
        refuses(books, allocated, "1.00 ILS more of sales than was known, and only 0.70 ILS of it")
        books.reduce("over", 30)
        assert record(books, allocated)
        assert books.position(sale) == (0, 100, 0)
        books.check()


def test_a_receipt_is_not_allocated_to_what_is_not_recorded() -> None:
    with Books() as books:
        books.record(a_receipt(2, a_payment(1, 100)))
        unknown = [(OriginalRef.parse("invoice:1/9"), 1)]
        refuses(books, a_receipt(2, a_payment(1, 100), closes=unknown), "import that first")


def test_an_overpayment_is_granted_once_under_its_receipt() -> None:
    with Books() as books:
        books.grant("receipt:1/2", 5)
        refuses(
            books,
            a_receipt(2, a_payment(1, 60), overpaid=10),
            "a credit was granted under receipt:1/2 before",
        )


def test_a_receipt_pays_recorded_invoices_of_its_own_customer_and_currency() -> None:
    with Books() as books:
        other = books.record(an_invoice(1, a_line(1, 10), customer_id="8"))
        dollars = books.record(an_invoice(2, a_line(1, 10), currency="USD"))
        cash = books.record(a_cash_sale(3, a_line(1, 10)))
        unknown = OriginalRef.parse("invoice:1/9")
        closes = [(sale, 1) for sale in (other, dollars, cash, unknown)]
        refuses(
            books,
            a_receipt(4, a_payment(1, 10), closes=closes),
            "of another customer",
            "in another currency",
            "which is not an invoice",
            "which is not recorded; import that first",
        )


def test_a_counter_document_is_not_recorded_as_an_original() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        document = books.book(books.ask("a", original=str(sale)), Part.INVOICE)
        refuses(
            books,
            an_invoice(document.number, a_line(1, 100), series=document.series),
            "document 3/481 is already taken by refund.invoice_part_cancelled",
        )


def test_lines_of_an_original_keep_what_people_compare() -> None:
    with Books() as books:
        line = Line(number=1, description="שולחן", item="T-1", quantity=5, net=1, vat=0)
        ref = books.record(an_invoice(1, line))
        assert books.ledger.original(ref).recorded.lines == (line,)
