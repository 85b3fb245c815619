"""What people decide of a refund is decided on fresh facts, and saved once."""

from __future__ import annotations

import pytest

from refund_ledger.application import Result
from refund_ledger.deciding import Decisions
from refund_ledger.errors import WrongStateError
from refund_ledger.events import Part
from refund_ledger.policies import Terms
from refund_ledger.refund import Status
from support.books import Books, a_cash_sale, a_line


def test_a_ledger_offers_what_people_decide() -> None:
    with Books(terms=Terms(approval_above={"ILS": 0})) as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        decisions: Decisions[Result] = books.ledger
        refund = books.ask("a", original=str(sale), parts="invoice")
        digest = books.refund(refund).request.digest
        decisions.approve(refund, books.stamp("avi"), digest=digest)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE, for_person=True)
        seen = books.refund(refund).version
        with pytest.raises(WrongStateError, match=f"has moved from version {seen - 1} to {seen}"):
            decisions.close(refund, books.stamp("avi"), why="no use", seen_version=seen - 1)
        made = books.document(Part.INVOICE)
        decisions.happened(
            refund,
            books.stamp("avi"),
            Part.INVOICE,
            made,
            booked=100,
            why="it is there",
            seen_version=seen,
        )
        second = books.answer(refund, Part.INVOICE)
        decisions.acknowledge(refund, books.stamp("avi"), second, why="cancelled there")
        after = books.refund(refund)
        assert (after.status, after.alerts) == (Status.COMPLETED, ())
        assert after.invoice.documents == (made, second)
