"""A request knows what it asks of each part."""

from __future__ import annotations

from refund_ledger.events import Part, RefundRequested, Way
from support.books import Books, a_cash_sale, a_line


def the_request(books: Books, key: str) -> RefundRequested:
    return books.ledger.by_key(key).request


def test_a_request_sums_its_lines_and_knows_each_part() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100, 18), a_line(2, 50, 9)))
        books.ask("a", original=str(sale), amount=59)
        request = the_request(books, "a")
        assert (request.net, request.vat, request.credited) == (50, 9, 59)
        assert [request.asked(part) for part in Part] == [59, 59]
        assert [request.way(part) for part in Part] == [Way.NEW, Way.NEW]
        assert request.source == str(sale)


def test_a_goodwill_is_its_own_source() -> None:
    with Books() as books:
        refund = books.ask("a", kind="goodwill", customer_id="7", amount=100)
        request = the_request(books, "a")
        assert request.source == f"refund:{refund}"
        assert request.way(Part.RECEIPT) is None
        assert request.asked(Part.RECEIPT) == 0
