"""A person says what an amount without a place is, never more of it than is there, and once."""

from __future__ import annotations

import pytest

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import (
    NotFoundError,
    RefusedError,
)
from refund_ledger.events import (
    Draw,
    Fall,
    How,
    Part,
    ReductionReason,
)
from support.books import ONE, Books, a_line, a_payment, a_receipt, an_invoice
from support.outsides import (
    a_duplicate,
    a_sale,
    explain,
    last,
    left,
    outside,
    settled,
)

# --- it was reversed there ------------------------------------------------------------------------


def test_a_duplicate_credit_that_was_reversed_leaves_the_original_as_it_was() -> None:
    with Books() as books:
        sale = a_sale(books)
        before = books.position(sale)
        books.finish(books.ask("a", original=str(sale), amount=70))
        after = (books.position(sale), books.left(sale))
        second = books.answer(books.refund_ids()[0], Part.INVOICE)
        assert left(books, second) == (40, 70)
        assert explain(books, second, How.REVERSED)
        found = last(books)
        assert (found.excess, found.unexplained, found.allowed) == (40, 70, 0)
        assert sum(line.gross for line in found.restored_lines) == 30
        assert (books.position(sale), books.left(sale)) == after
        assert before == (0, 100, 0)
        assert books.total(AccountKind.ISSUED, sale, item="sale") == 70
        assert books.total(AccountKind.RETURNS) + books.total(AccountKind.VAT) == 70
        assert books.total(AccountKind.EXPLAINED) == 0
        settled(books, sale)


def test_a_part_of_it_lifts_the_excess_before_it_frees_lines() -> None:
    with Books() as books:
        sale = a_sale(books)
        second = a_duplicate(books, sale, Part.INVOICE)
        explain(books, second, How.WRITTEN_OFF, amount=50, reference="a")
        assert left(books, second) == (0, 20)
        assert books.left_in_all(str(sale))[0] == 10
        assert all(line.quantity == 0 for line in last(books).restored_lines)
        explain(books, second, How.WRITTEN_OFF, reference="b")
        assert books.left_in_all(str(sale))[0] == 30
        assert books.total(AccountKind.ALLOWED, sale, item="sale") == 70
        settled(books, sale)


def test_quantities_come_back_with_the_last_of_the_lines() -> None:
    with Books() as books:
        sale = a_sale(books)
        lines = [{"line": 1, "quantity": ONE}]
        refund = books.ask("a", original=str(sale), lines=lines, parts="invoice")
        books.finish(refund)
        before = books.left(sale)
        second = books.answer(refund, Part.INVOICE)
        assert left(books, second) == (0, 35)
        assert "line/1/quantity" not in books.left(sale)
        explain(books, second, How.WRITTEN_OFF, amount=20)
        assert "line/1/quantity" not in books.left(sale)
        explain(books, second, How.REVERSED, reference="the rest")
        assert books.left(sale) == before
        settled(books, sale)


def test_a_duplicate_payout_that_was_reversed_frees_its_payments() -> None:
    with Books() as books:
        sale = a_sale(books)
        second = a_duplicate(books, sale, Part.RECEIPT)
        assert left(books, second) == (40, 70)
        assert books.left_in_all(str(sale))[1] == 0
        explain(books, second, How.REVERSED)
        assert books.left_in_all(str(sale)) == (30, 30)
        assert books.total(AccountKind.PAID) == 70
        assert books.total(AccountKind.EXPLAINED) == 0
        settled(books, sale)


@pytest.mark.parametrize("how", [How.REVERSED, How.WRITTEN_OFF])
def test_money_that_did_not_go_back_is_the_customer_s_credit_again(how: How) -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=30, parts="receipt")
        books.submit(refund, Part.RECEIPT)
        books.doubt(refund, Part.RECEIPT)
        books.close(refund, Part.RECEIPT)
        books.finish(books.ask("b", original=str(sale), amount=100, parts="receipt"))
        books.grant("pays", 30)
        books.reduce("pays", 30, why=ReductionReason.USED_ON_SALE, sale=sale)
        document = books.answer(refund, Part.RECEIPT)
        assert left(books, document) == (30, 0)
        assert books.position(sale) == (100, 0, 0)
        explain(books, document, how)
        found = last(books)
        if how is How.WRITTEN_OFF:
            assert (found.pays, found.credit) == (30, 0)
        else:
            assert found.undone is not None
            assert found.undone.draws == (Draw(source=str(sale), uncovers=30),)
        assert books.position(sale) == (70, 30, 0)
        settled(books, sale)


# --- it stands ------------------------------------------------------------------------------------


def test_an_excess_that_is_accepted_is_credit_and_allowed_beyond_the_original() -> None:
    with Books() as books:
        sale = a_sale(books)
        made = outside(books, 9, 130, original=sale)
        explain(books, made, How.ACCEPTED)
        assert last(books).allowed == 30
        assert last(books).fall == Fall(source=str(sale), granted=30)
        assert books.position(sale) == (0, 0, 130)
        assert books.store.credits("acme", "7", "ILS") == [(str(sale), 130)]
        settled(books, sale)


def test_what_is_accepted_counts_first_against_what_the_original_has_by_now() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=80)
        made = outside(books, 9, 50, original=sale)
        books.withdraw(refund)
        explain(books, made, How.ACCEPTED)
        found = last(books)
        assert (sum(line.gross for line in found.lines), found.allowed) == (30, 0)
        assert found.fall == Fall(source=str(sale), credit=30)
        assert books.left_in_all(str(sale))[0] == 50
        assert books.position(sale) == (0, 50, 50)
        settled(books, sale)


def test_a_duplicate_that_is_accepted_falls_on_the_sale_as_far_as_it_took_lines() -> None:
    with Books() as books:
        sale = a_sale(books)
        second = a_duplicate(books, sale, Part.INVOICE)
        explain(books, second, How.ACCEPTED)
        assert last(books).fall == Fall(source=str(sale), credit=30, granted=40)
        assert books.position(sale) == (0, 0, 70)
        settled(books, sale)


def test_a_credit_note_without_an_original_becomes_credit_when_it_is_accepted() -> None:
    with Books() as books:
        made = outside(books, 9, 118, vat=18)
        explain(books, made, How.ACCEPTED, amount=100)
        source = "outside:document 3/9"
        assert books.store.credits("acme", "7", "ILS") == [(source, 100)]
        books.finish(books.ask("a", kind="credit", customer_id="7", method="cash"))
        assert left(books, made) == (0, 18)
        books.check()


def test_money_that_is_accepted_comes_out_of_the_customer_s_credits_oldest_first() -> None:
    with Books() as books:
        books.grant("old", 30)
        books.grant("new", 30)
        made = outside(books, 9, 40, Part.RECEIPT)
        explain(books, made, How.ACCEPTED)
        assert last(books).draws == (
            Draw(source="grant:old", credit=30),
            Draw(source="grant:new", credit=10),
        )
        assert books.store.credits("acme", "7", "ILS") == [("grant:new", 20)]
        settled(books)


def test_a_duplicate_payout_that_is_accepted_uses_the_original_s_money() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=40)
        books.finish(refund)
        second = books.answer(refund, Part.RECEIPT)
        assert left(books, second) == (0, 40)
        explain(books, second, How.ACCEPTED)
        assert last(books).draws == (Draw(source=str(sale), uncovers=40),)
        assert books.position(sale) == (40, 20, 0)
        settled(books, sale)


def test_payments_that_are_free_by_now_count_when_money_is_accepted() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=80, parts="receipt")
        made = outside(books, 9, 50, Part.RECEIPT, original=sale)
        books.withdraw(refund)
        explain(books, made, How.ACCEPTED)
        assert [each.amount for each in last(books).payments] == [30]
        assert books.left_in_all(str(sale))[1] == 50
        assert books.position(sale) == (50, 50, 0)
        settled(books, sale)


def test_credit_of_the_original_is_used_once_and_then_other_credit() -> None:
    with Books() as books:
        sale = a_sale(books)
        books.finish(books.ask("a", original=str(sale), amount=30, parts="invoice"))
        refund = books.ask("b", original=str(sale), amount=100, parts="receipt")
        made = outside(books, 9, 110, Part.RECEIPT, original=sale)
        books.withdraw(refund)
        books.grant("old", 20)
        explain(books, made, How.ACCEPTED)
        assert last(books).draws == (
            Draw(source=str(sale), credit=30, uncovers=70),
            Draw(source="grant:old", credit=10),
        )
        assert last(books).allowed == 10
        settled(books, sale)


def test_no_more_money_is_accepted_than_the_customer_has() -> None:
    with Books() as books:
        books.grant("old", 30)
        made = outside(books, 9, 40, Part.RECEIPT)
        with pytest.raises(RefusedError, match=r"only 0\.30 ILS of 0\.40 ILS is there as the"):
            explain(books, made, How.ACCEPTED)
        assert explain(books, made, How.ACCEPTED, amount=30)
        assert explain(books, made, How.WRITTEN_OFF, reference="the rest")
        settled(books)


def test_a_goodwill_that_was_given_up_is_credit_when_it_is_accepted() -> None:
    with Books() as books:
        refund = books.ask("a", kind="goodwill", customer_id="7", amount=50)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.close(refund, Part.INVOICE)
        document = books.answer(refund, Part.INVOICE)
        explain(books, document, How.ACCEPTED)
        assert books.position(f"refund:{refund}") == (0, 0, 50)
        settled(books)


def test_a_reduction_of_more_than_the_credit_had_is_explained_by_the_credit() -> None:
    with Books() as books:
        books.grant("old", 30)
        books.reduce("old", 40)
        books.grant("new", 25)
        explain(books, "old", How.ACCEPTED)
        assert books.store.credits("acme", "7", "ILS") == [("grant:new", 15)]
        settled(books)


# --- it gives back another original ---------------------------------------------------------------


def test_what_belongs_to_another_sale_counts_against_that() -> None:
    with Books() as books:
        sale = a_sale(books)
        other = books.record(an_invoice(5, a_line(1, 200), unpaid=15))
        made = outside(books, 9, 130, original=sale)
        explain(books, made, How.BELONGS_ELSEWHERE, original=other)
        assert last(books).fall == Fall(source=str(other), opened=15, credit=15)
        assert books.total(AccountKind.ISSUED, sale, item="sale") == 100
        assert books.total(AccountKind.ISSUED, other, item="sale") == 30
        assert books.left_in_all(str(other))[0] == 170
        settled(books, sale, other)


def test_the_vat_of_what_belongs_to_another_sale_is_that_sale_s() -> None:
    with Books() as books:
        other = books.record(an_invoice(5, a_line(1, 100, 17), a_line(2, 83)))
        made = outside(books, 9, 100, vat=3)
        explain(books, made, How.BELONGS_ELSEWHERE, original=other, amount=60, reference="a")
        explain(books, made, How.BELONGS_ELSEWHERE, original=other, reference="b")
        taken = 17 - books.left(other)["line/1/vat"]
        assert books.total(AccountKind.VAT) == taken > 3
        assert books.total(AccountKind.RETURNS) == 100 - taken
        assert books.total(AccountKind.EXPLAINED) == 0
        settled(books, other)


def test_money_that_belongs_to_another_receipt_takes_its_payments() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(2, a_payment(1, 50)))
        made = outside(books, 9, 40, Part.RECEIPT)
        explain(books, made, How.BELONGS_ELSEWHERE, original=receipt)
        assert books.left_in_all(str(receipt))[1] == 10
        assert books.position(receipt) == (40, 10, 0)
        settled(books)


def test_late_money_that_took_credit_moves_with_it_to_the_other_receipt() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=30, parts="receipt")
        books.submit(refund, Part.RECEIPT)
        books.doubt(refund, Part.RECEIPT)
        books.close(refund, Part.RECEIPT)
        books.finish(books.ask("b", original=str(sale), amount=100, parts="receipt"))
        books.grant("pays", 30)
        books.reduce("pays", 30, why=ReductionReason.USED_ON_SALE, sale=sale)
        document = books.answer(refund, Part.RECEIPT)
        receipt = books.record(a_receipt(2, a_payment(1, 50)))
        explain(books, document, How.BELONGS_ELSEWHERE, original=receipt)
        assert books.position(sale) == (70, 30, 0)
        assert books.position(receipt) == (30, 20, 0)
        settled(books, sale)


def test_another_original_has_to_have_it_and_be_the_customer_s() -> None:
    with Books() as books:
        made = outside(books, 9, 130)
        small = a_sale(books)
        other = books.record(an_invoice(5, a_line(1, 200), customer_id="8"))
        elsewhere = How.BELONGS_ELSEWHERE
        with pytest.raises(RefusedError, match=r"only 1\.00 ILS of invoice_receipt:2/1 is left"):
            explain(books, made, elsewhere, original=small)
        with pytest.raises(RefusedError, match="invoice:1/5 is another customer's"):
            explain(books, made, elsewhere, original=other)
        with pytest.raises(NotFoundError, match="invoice:1/6 is not recorded"):
            explain(books, made, elsewhere, original="invoice:1/6")
        assert left(books, made) == (0, 130)
