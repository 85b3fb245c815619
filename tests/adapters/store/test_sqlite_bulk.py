"""A group in one file: its positions follow on, and none is given twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from refund_adapters.store import sqlite_bulk
from refund_ledger.errors import ClaimedError
from refund_ledger.storing import Append
from support.books import Books, a_cash_sale, a_line, a_request, an_invoice
from support.stores import broken_links, kept_events, rows
from support.twins import stamps


def test_positions_go_on_after_a_group_and_after_one_that_was_refused(tmp_path: Path) -> None:
    with Books(str(tmp_path / "refunds.db")) as books:
        books.grant("first", 5)
        sales = [an_invoice(number, a_line(1, 100)) for number in range(1, 4)]
        books.ledger.record_many(sales, stamps(3, "r"), read_from="a file")
        recorded = [event for event in books.events() if event.TOPIC == "original.recorded"]
        gone = [
            Append((one.model_copy(update={"originator_id": stream}),))
            for one, stream in zip(recorded[:2], map(_other, (8, 9)), strict=True)
        ]
        with pytest.raises(ClaimedError):
            books.store.append(*gone)
        books.grant("last", 5)
        assert [position for position, _ in books.store.events()] == [1, 2, 3, 4, 5]
        assert books.store.position() == 5


def _other(number: int) -> object:
    return an_invoice(number, a_line(1, 1)).ref.stream("elsewhere")


def test_many_balances_are_looked_up_so_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_bulk, "MOST_NAMES", 2)
    with Books() as books:
        sales = [a_cash_sale(number, a_line(1, 100)) for number in range(1, 8)]
        books.ledger.record_many(sales, stamps(7, "r"), read_from="a file")
        asks = [
            a_request(f"{sale.number}/{step}", original=str(sale.ref), amount=40)
            for sale in sales
            for step in range(3)
        ]
        answers = books.ledger.request_many(asks, stamps(len(asks), "q"))
        assert sum(isinstance(answer, Exception) for answer in answers) == 7
        assert broken_links(kept_events(books.store)) == []
        books.check()


def test_a_balance_is_as_old_as_the_save_that_first_changed_it() -> None:
    with Books() as books:
        sales = [an_invoice(number, a_line(1, 100)) for number in range(1, 4)]
        books.ledger.record_many(sales, stamps(3, "r"), read_from="a file")
        ages = rows(books.store, "SELECT subject, since FROM balances WHERE kind = 'open'")
        assert sorted(ages) == [("invoice:1/1", 1), ("invoice:1/2", 2), ("invoice:1/3", 3)]
