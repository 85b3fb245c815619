"""A request is judged as a whole, on balances that the save asserts again."""

from __future__ import annotations

import pytest

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import BalancesMovedError, RefusedError
from refund_ledger.policies import Terms
from refund_ledger.requesting import judge
from support.books import Books, a_cash_sale, a_line, a_request, a_stamp

SALE = "invoice_receipt:2/1"


def test_a_request_rests_on_the_balances_that_it_read() -> None:
    with Books() as books:
        ref = books.record(a_cash_sale(1, a_line(1, 100, 18)))
        sale = books.ledger.original(ref).recorded
        ask = a_request("a", original=SALE, amount=59)
        requested, look = judge(ask, a_stamp(), books.store, Terms(), original=sale, receipt=None)
        assert (requested.credited, requested.paid_back) == (59, 59)
        assert (requested.digest, requested.customer_id) == (ask.digest, "7")
        read = {(account.kind, account.item): seen for account, seen in look.seen.items()}
        assert read[AccountKind.REFUNDABLE, "line/1/net"] == 100
        assert read[AccountKind.REFUNDABLE, "line/1/vat"] == 18
        assert read[AccountKind.REFUNDABLE, "payment/1"] == 118
        assert read[AccountKind.COVERED, ""] == 118
        assert read[AccountKind.OPEN, ""] == 0


def test_reasons_found_while_others_saved_are_looked_for_again() -> None:
    with Books() as books:
        ref = books.record(a_cash_sale(1, a_line(1, 100)))
        sale = books.ledger.original(ref).recorded
        ask = a_request("a", original=SALE, amount=101)

        class Moving:
            """The store, on which somebody else saves after the first read."""

            moved = False

            def __getattr__(self, name: str) -> object:
                return getattr(books.store, name)

            def total(self, *args: str, **columns: str) -> int:
                if not self.moved:
                    self.moved = True
                    books.ask("b", original=SALE, amount=5)
                return books.store.total(*args, **columns)  # type: ignore[arg-type]

        moving = Moving()
        with pytest.raises(BalancesMovedError, match="ask again"):
            judge(ask, a_stamp(), moving, Terms(), original=sale, receipt=None)  # type: ignore[arg-type]
        with pytest.raises(RefusedError, match=r"only 0\.95 ILS is left"):
            judge(ask, a_stamp(), moving, Terms(), original=sale, receipt=None)  # type: ignore[arg-type]
