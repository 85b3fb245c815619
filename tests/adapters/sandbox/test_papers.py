"""Papers keep their sign, and shekels are counted at each paper's own rate."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from refund_adapters.sandbox.papers import (
    Customer,
    Key,
    Line,
    Paper,
    Payment,
    Receipt,
    amount_of,
    in_shekels,
)
from refund_adapters.sandbox.refusals import SandboxError

TODAY = date(2026, 11, 22)


def receipt(amount: str, *, rate: str = "1") -> Receipt:
    return Receipt(
        key=Key(1, 1),
        identity="x",
        customer_id=1,
        customer_name="x",
        issue_date=TODAY,
        issue_time=time(12),
        exchange_rate=Decimal(rate),
        made_at=datetime(2026, 11, 22, tzinfo=UTC),
        amount=Decimal(amount),
    )


def test_shekels_are_counted_to_the_agora_paper_by_paper() -> None:
    papers = [receipt("10.01", rate="3.65"), receipt("-10.01", rate="3.65"), receipt("1.50")]
    assert in_shekels(papers) == Decimal("1.50")
    assert in_shekels([receipt("10.01", rate="3.65")]) == Decimal("36.54")


def test_a_line_is_turned_round_by_its_price() -> None:
    line = Line(
        line=1,
        quantity=Decimal(2),
        price=Decimal(5),
        price_nis=Decimal(18),
        total=Decimal(10),
    )
    back = line.negated()
    assert (str(back.quantity), str(back.price)) == ("2", "-5")
    assert (str(back.price_nis), str(back.total)) == ("-18", "-10")
    assert back.negated() == line


def test_a_payment_is_turned_round_by_its_amount() -> None:
    payment = Payment(payment_type=2, amount=Decimal(5), due_date=TODAY)
    assert payment.negated().amount == -5
    assert payment.negated().negated() == payment


def test_a_customer_is_printed_with_all_names() -> None:
    assert Customer(customer_id=1, first_name="דוד", last_name="לוי").full_name == "דוד לוי"
    assert Customer(customer_id=1, last_name="לוי").full_name == "לוי"


def test_only_documents_and_receipts_have_an_amount() -> None:
    whole = receipt("1")
    bare = Paper(**{name: getattr(whole, name) for name in Paper.__slots__})
    with pytest.raises(SandboxError):
        amount_of(bare)
