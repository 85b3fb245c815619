"""What is gathered for one decision is what the store itself would answer."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings

from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.storing import Store
from support.books import Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice
from support.histories import CASH_SALE, INVOICE, RECEIPT, histories
from support.stores import rows

REFS = [str(ref) for ref in (INVOICE, RECEIPT, CASH_SALE)]


def answers(store: Store, books: Books) -> list[object]:
    """Everything that decisions ask."""
    streams = [event.originator_id for event in books.events()]
    both = list(product(("7", "8"), ("ILS", "USD")))
    return [
        [store.stream(stream) for stream in streams],
        [store.balance(account) for account, _ in books.store.balances("acme")],
        [store.credits("acme", *one) for one in both],
        [store.total("acme", AccountKind.EXCESS, subject=ref, unit="ILS") for ref in REFS],
        [store.total("acme", AccountKind.OPEN, customer=c, unit=u) for c, u in both],
    ]


@given(histories)
@settings(max_examples=15)
def test_what_is_gathered_is_what_the_store_says(books: Books) -> None:
    streams = [event.originator_id for event in books.events()]
    gathered = books.store.about("acme", streams, REFS)
    assert answers(gathered, books) == answers(books.store, books)
    books.store.close()


def test_companies_that_share_a_store_do_not_see_each_others_credit(books: Books) -> None:
    books.record(a_cash_sale(1, a_line(1, 100)))
    sale = a_cash_sale(1, a_line(1, 100), company="other")
    books.grant("ours", 5)
    books.ledger.company = "other"
    books.ledger.record_original(sale, books.stamp(), read_from="a file")
    theirs = books.store.about("other", [sale.ref.stream("other")], [str(sale.ref)])
    assert theirs.credits("other", "7", "ILS") == []
    ours = books.store.about("acme", [sale.ref.stream("acme")], [str(sale.ref)])
    assert ours.credits("acme", "7", "ILS") == [("grant:ours", 5)]


def without_order(store: SqlStore) -> None:
    """Let the database give rows that nobody asked an order of in the order that suits least."""
    if isinstance(store, PostgresStore):
        rows(store, "CREATE INDEX backwards ON stored_events ((-notification_id))")
        rows(store, "CLUSTER stored_events USING backwards")
        ((database,),) = rows(store, "SELECT current_database()")
        for way in ("enable_indexscan", "enable_bitmapscan"):
            rows(store, f'ALTER DATABASE "{database}" SET {way} = off')
        store._connections.forget()
    else:
        store.ask("PRAGMA reverse_unordered_selects = ON", ())


def test_the_events_of_a_stream_are_in_order_however_the_database_finds_them(
    books: Books,
) -> None:
    sale = an_invoice(1, a_line(1, 1000))
    books.record(sale)
    for number in (10, 11, 12):
        books.record(a_receipt(number, a_payment(1, 100), closes=[(sale.ref, 100)]))
    without_order(books.store)
    stream = sale.ref.stream("acme")

    seen = books.store.about("acme", [stream], [str(sale.ref)])

    assert [event.originator_version for event in seen.stream(stream)] == [1, 2, 3, 4]
    asked = books.refund(books.ask("k", original=str(sale.ref), amount=300)).request
    assert asked.credited == 300


ODD = ("o'clock", "100 %", "%s", "what?", '"', "a b", "; --", "ש")


@pytest.mark.parametrize("customer", ODD)
def test_a_customer_may_have_any_name(books: Books, customer: str) -> None:
    sale = a_cash_sale(1, a_line(1, 1000), customer_id=customer)
    books.record(sale)
    books.grant(customer, 5, customer_id=customer)
    other = books.grant(f"{customer} {customer}", 7, customer_id=customer)

    seen = books.store.about("acme", [sale.ref.stream("acme")], [str(sale.ref), other])

    held = [(f"grant:{customer}", 5), (other, 7)]
    assert seen.credits("acme", customer, "ILS") == held
    assert books.store.credits("acme", customer, "ILS") == held
    credit = Account("acme", AccountKind.CREDIT, other, customer=customer, unit="ILS")
    assert seen.balance(credit) == -7
    books.ask("k", kind="credit", customer_id=customer, amount=7, method="cash", credits=[other])
    assert books.store.credits("acme", customer, "ILS") == held[:1]


def test_balances_alone_may_be_asked_for(books: Books) -> None:
    sale = a_cash_sale(1, a_line(1, 1000))
    books.record(sale)
    line = Account("acme", AccountKind.REFUNDABLE, str(sale.ref), item="line/1/net", unit="ILS")
    assert books.store.about("acme", [], [str(sale.ref)]).balance(line) == 1000


@pytest.mark.parametrize("name", ["refunds.db", None])
def test_what_no_file_ever_held_is_said_to_be_damage(tmp_path: Path, name: str | None) -> None:
    # The columns of a server cannot hold it.
    with Books(str(tmp_path / name) if name else None) as books:
        sale = a_cash_sale(1, a_line(1, 1000))
        books.record(sale)
        rows(books.store, "PRAGMA ignore_check_constraints = ON")
        rows(books.store, "UPDATE balances SET balance = 'x' WHERE subject = ?", str(sale.ref))

        with pytest.raises(DamagedStoreError):
            books.store.about("acme", [], [str(sale.ref)])
