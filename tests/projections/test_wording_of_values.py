"""Every value inside an event has words, and an empty one says nothing."""

import pytest

from projections.examples import (
    BACK,
    BY_BANK,
    COUNTER_RECEIPT,
    CREDIT_NOTE,
    DRAW,
    FALL,
    LINE,
    PAYMENT,
    SAID,
    SALE,
    UNDONE,
)
from refund_ledger.errors import InvariantError
from refund_ledger.events import Backing, GivenBack, RefundKind, TakenLine, TakenPayment, Undone
from refund_ledger.originals import Closes, Immutable, Line, Method, Payment, PaymentDetails
from refund_projections.wording_of_values import say

BANK = "bank 12, branch 600, account 123456, number 4711"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            Line(number=1, quantity=1_500_000, unit_price="7.00", discount=50, net=1_000, vat=0),
            "1, quantity 1.5, at 7.00, discount 0.50 ILS, 10.00 ILS and 0.00 ILS VAT",
        ),
        (
            Line(number=2, description="a lamp", quantity=0, net=0, vat=0),
            "2: a lamp, quantity 0, 0.00 ILS and 0.00 ILS VAT",
        ),
        (LINE, "1: L-1 a lamp, quantity 2, returned 1, 10.00 ILS and 1.70 ILS VAT"),
        (TakenLine(line=3, net=5, vat=1), "3, 0.05 ILS and 0.01 ILS VAT"),
        (Payment(number=1, method=Method.CASH, amount=100), "1: 1.00 ILS, cash"),
        (PAYMENT, f"1: 11.70 ILS, cheque, {BANK}"),
        (TakenPayment(payment=2, amount=100), "2: 1.00 ILS"),
        (BY_BANK, BANK),
        (PaymentDetails(), ""),
        (Closes(sale=SALE, amount=100), "1.00 ILS of invoice 1/2345"),
        (
            Backing(source=SALE, from_credit=100, from_cover=200),
            "invoice 1/2345: 1.00 ILS of credit, 2.00 ILS of what was paid",
        ),
        (
            FALL,
            (
                "invoice 1/2345: 1.00 ILS off the debt, 2.00 ILS to a promised payment, 3.00 ILS "
                "became credit, 4.00 ILS granted as credit, 1.70 ILS unexplained"
            ),
        ),
        (
            DRAW,
            (
                "invoice 1/2345: 1.00 ILS of credit set aside, 2.00 ILS of credit promised, 3.00 "
                "ILS of what was paid, owed again, 1.50 ILS of free credit, 2.50 ILS of what was "
                "paid and free, owed again, 1.70 ILS unexplained"
            ),
        ),
        (GivenBack(kind=RefundKind.CREDIT), ""),
        (
            BACK,
            (
                "invoice 1/2345 line 1: L-1 a lamp, quantity 2, returned 1, 10.00 ILS and 1.70 ILS "
                f"VAT; receipt 1/77 payment 1: 11.70 ILS, cheque, {BANK}; invoice 1/2345: 0.10 ILS "
                "of credit set aside is credit again, 0.20 ILS of what was paid is free again, "
                "0.30 ILS of credit promised is credit; 0.40 ILS of goodwill"
            ),
        ),
        (Undone(), ""),
        (
            UNDONE,
            (
                "0.50 ILS and 0.09 ILS VAT credited, 0.04 ILS paid back, out of main bank, 0.08 "
                "ILS beyond the original, 0.07 ILS of goodwill; invoice 1/2345: 1.00 ILS owed "
                "again, 2.00 ILS promised out of what was paid again, 3.00 ILS no longer credit "
                "but paid, 4.00 ILS no longer credit; 0.02 ILS owed beyond the sale; invoice "
                "1/2345: 1.50 ILS is credit again, 2.50 ILS is paid again"
            ),
        ),
        (CREDIT_NOTE, "document 3/481, 8f3a"),
        (COUNTER_RECEIPT, "receipt 1/91"),
        (SAID[0], "Document.List: one document carries our marker"),
    ],
)
def test_a_value_is_said_in_one_line(value: Immutable, said: str) -> None:
    assert say(value, "ILS") == said


def test_a_value_without_words_is_a_mistake_in_the_code() -> None:
    with pytest.raises(InvariantError, match="Immutable in ILS has no words"):
        say(Immutable(), "ILS")
