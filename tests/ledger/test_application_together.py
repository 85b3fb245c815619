"""Many who use one ledger at once take exactly what there is, and nothing of theirs is lost."""

from __future__ import annotations

from threading import Barrier, Thread

from refund_ledger.errors import RefusedError
from support.books import Books, a_cash_sale, a_line, a_request, a_stamp

SALE = "invoice_receipt:2/1"


def test_many_at_once_take_exactly_what_there_is() -> None:
    with Books() as books:
        books.record(a_cash_sale(1, a_line(1, 100)))
        barrier, taken, refused = Barrier(8), [], []

        def ask(number: int) -> None:
            barrier.wait()
            for step in range(4):
                ask = a_request(f"k{number}/{step}", original=SALE, amount=7)
                try:
                    taken.append(books.ledger.request(ask, a_stamp(command=ask.key)))
                except RefusedError as error:
                    refused.append(str(error))

        threads = [Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(taken), len(refused)) == (14, 18)
        assert all("only 0.02 ILS is left to refund" in reason for reason in refused)
        books.check()


def test_facts_of_one_sale_that_come_at_once_are_all_saved() -> None:
    """Answers, withdrawals and requests meet on the same balances, and none is lost."""
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 1_000)))
        refunds = [books.ask(f"k{number}", original=SALE, amount=50) for number in range(8)]
        barrier = Barrier(4)

        def work(number: int) -> None:
            barrier.wait()
            books.finish(refunds[2 * number])
            books.withdraw(refunds[2 * number + 1])
            books.finish(books.ask(f"more{number}", original=SALE, amount=30, parts="invoice"))

        threads = [Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert books.position(sale) == (0, 1_000 - 4 * 50 - 4 * 30, 4 * 30)
        assert books.left_in_all(SALE) == (680, 800)
        books.check()
        books.check_sale(sale)
