"""What was booked beyond an original, or found no place, is known by the document that did it."""

from __future__ import annotations

import pytest

from refund_ledger.discrepancies import fold
from refund_ledger.errors import InvariantError
from refund_ledger.events import How, Part, ReductionReason
from support.books import Books, a_cash_sale, a_line
from support.outsides import explain, left, open_discrepancies, outside


def test_what_finds_its_place_is_no_discrepancy() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        books.finish(books.ask("a", original=str(sale), amount=40))
        outside(books, 9, 20, original=sale)
        outside(books, 10, 20, Part.RECEIPT, original=sale)
        books.grant("old", 50)
        books.reduce("old", 50)
        assert fold(books.events()) == {}


@pytest.mark.parametrize("part", list(Part))
def test_an_answer_of_more_than_was_asked_is_one(part: Part) -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        refund = books.ask("a", original=str(sale), amount=40)
        documents = {each: books.book(refund, each, 47 if each is part else None) for each in Part}
        (found,) = fold(books.events()).values()
        assert (found.subject, found.part) == (str(documents[part].key), part)
        assert (found.original, found.source) == (str(sale), str(sale))
        assert (found.excess, found.unexplained, found.left) == (7, 7, 7)
        assert found.key == ("acme", found.subject)


def test_a_payout_of_more_than_the_credit_is_one_without_an_original() -> None:
    with Books() as books:
        source = books.grant("old", 50)
        refund = books.ask("a", kind="credit", customer_id="7", method="cash")
        books.book(refund, Part.RECEIPT, 60)
        (found,) = fold(books.events()).values()
        assert (found.original, found.source) == ("", source)
        assert (found.excess, found.unexplained) == (0, 10)


def test_a_duplicate_keeps_what_it_took_of_the_original() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        refund = books.ask("a", original=str(sale), amount=70)
        books.finish(refund)
        second = books.answer(refund, Part.INVOICE)
        paid = books.answer(refund, Part.RECEIPT)
        found = open_discrepancies(books)
        note, receipt = found[str(second.key)], found[str(paid.key)]
        assert (note.excess, note.unexplained, [each.net for each in note.lines]) == (40, 70, [30])
        assert (receipt.excess, receipt.unexplained) == (40, 70)
        assert [each.amount for each in receipt.payments] == [30]


def test_reductions_of_one_credit_are_explained_together() -> None:
    with Books() as books:
        books.grant("old", 50)
        books.reduce("old", 60, why=ReductionReason.EXPIRED)
        books.reduce("old", 5)
        assert left(books, "grant:old") == (0, 15)
        explain(books, "old", How.WRITTEN_OFF, amount=4)
        assert left(books, "grant:old") == (0, 11)
        explain(books, "old", How.WRITTEN_OFF, reference="the rest")
        assert open_discrepancies(books) == {}
        books.reduce("old", 3)
        assert left(books, "grant:old") == (0, 3)


def test_an_explanation_of_nothing_is_damage() -> None:
    with Books() as books:
        made = outside(books, 9, 40)
        explain(books, made, How.WRITTEN_OFF)
        with pytest.raises(InvariantError, match="document 3/9 explains what was never booked"):
            fold(books.events()[1:])
