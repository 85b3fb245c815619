"""Many at once come to what each of them alone comes to, one after another."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.application import RefundLedger, Result
from refund_ledger.errors import InvalidInputError, KeyReusedError, RefusedError
from support.books import (
    Books,
    a_cash_sale,
    a_grant,
    a_line,
    a_payment,
    a_receipt,
    a_request,
    an_invoice,
)
from support.scenes import Scene, scenes
from support.stores import broken_links, kept_events
from support.twins import (
    TERMS,
    record_each,
    recordings,
    request_each,
    requests,
    said,
    stamps,
    told,
)

COMPANY = "acme"
SALE = "invoice_receipt:2/1"


@st.composite
def imports(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of an import: in any order, some twice, some with other content."""
    books, _, _ = draw(scenes())
    rows = draw(st.lists(st.sampled_from(books), max_size=12)) if books else []
    again = draw(st.permutations(books))
    other = [
        {kind: {**fields, "customer_id": "9"}}
        for row in draw(st.lists(st.sampled_from(books), max_size=2))
        for kind, fields in row.items()
    ]
    return [*rows, *other, *again]


@given(imports())
@settings(max_examples=60)
def test_what_is_imported_together_is_what_is_recorded_one_by_one(
    rows: list[dict[str, Any]],
) -> None:
    alone, group = SqliteStore(None), SqliteStore(None)
    found, given_stamps = recordings(rows, COMPANY), stamps(len(rows), "import")

    one_by_one = record_each(RefundLedger(alone, COMPANY), found, given_stamps)
    ledger = RefundLedger(group, COMPANY)
    together = ledger.record_many(found, given_stamps, read_from="books")

    assert list(map(said, together)) == one_by_one
    assert told(group, COMPANY) == told(alone, COMPANY)
    assert kept_events(group) == kept_events(alone)
    assert broken_links(kept_events(group)) == []
    alone.close()
    group.close()


@given(scenes(), st.integers(1, 5))
@settings(max_examples=100)
def test_what_is_requested_together_is_what_is_requested_one_by_one(
    scene: Scene, at_once: int
) -> None:
    books, before, file = scene
    alone, group = SqliteStore(None), SqliteStore(None)
    ledgers = [RefundLedger(store, COMPANY, TERMS) for store in (alone, group)]
    for ledger in ledgers:
        record_each(ledger, recordings(books, COMPANY), stamps(len(books), "import"))
    asks = requests([*before, *file], COMPANY)
    given_stamps = stamps(len(asks), "request")

    one_by_one = request_each(ledgers[0], asks, given_stamps)
    together: list[object] = []
    for start in range(0, len(asks), at_once):
        some = slice(start, start + at_once)
        together += ledgers[1].request_many(asks[some], given_stamps[some])

    assert list(map(said, together)) == one_by_one
    assert told(group, COMPANY) == told(alone, COMPANY)
    assert kept_events(group) == kept_events(alone)
    alone.close()
    group.close()


def test_the_same_key_twice_in_one_group_answers_with_the_first() -> None:
    with Books() as books:
        books.record(a_cash_sale(1, a_line(1, 1_000)))
        first = a_request("a", original=SALE, amount=100)
        other = a_request("a", original=SALE, amount=200)

        made, again, reused = books.ledger.request_many([first, first, other], stamps(3, "r"))

        assert isinstance(made, Result)
        assert again == Result(made.refund, repeated=True)
        assert isinstance(reused, KeyReusedError)
        assert books.refund_ids() == [made.refund.id]


def test_a_refused_request_leaves_the_others_of_its_group_alone() -> None:
    with Books() as books:
        books.record(a_cash_sale(1, a_line(1, 1_000)))
        asks = [a_request(key, original=SALE, amount=400) for key in "abc"]
        wrong = a_request("d", original="nothing")
        elsewhere = asks[0].model_copy(update={"company": "other"})

        a, b, c, d, e = books.ledger.request_many([*asks, wrong, elsewhere], stamps(5, "r"))

        assert isinstance(a, Result)
        assert isinstance(b, Result)
        assert isinstance(c, RefusedError)
        assert "only 2.00 ILS is left" in str(c)
        assert isinstance(d, InvalidInputError)
        assert isinstance(e, InvalidInputError)
        books.check()


def test_a_receipt_pays_a_sale_of_its_own_group_and_a_credit_takes_from_it() -> None:
    with Books() as books:
        receipt = a_receipt(3, a_payment(1, 500))
        credit = a_grant("over", 200, why="overpayment", receipt="receipt:1/3")
        wrong = a_grant("bad", 200, why="overpayment", receipt="nothing")

        recorded, granted, refused = books.ledger.record_many(
            [receipt, credit, wrong], stamps(3, "r"), read_from="a file"
        )

        assert (recorded, granted) == (True, True)
        assert isinstance(refused, InvalidInputError)
        assert books.position(receipt.ref) == (0, 300, 0)
        assert books.store.credits("acme", "7", "ILS") == [("grant:over", 200)]


def test_a_receipt_is_recorded_and_allocated_in_one_group() -> None:
    with Books() as books:
        sale = an_invoice(1, a_line(1, 1_000))
        receipt = a_receipt(3, a_payment(1, 500))
        allocated = a_receipt(3, a_payment(1, 500), closes=[(sale.ref, 400)])
        found = [sale, receipt, allocated, allocated]
        answers = books.ledger.record_many(found, stamps(4, "r"), read_from="a file")
        assert answers == [True, True, True, False]
        assert books.position(sale.ref) == (600, 400, 0)
        assert books.position(receipt.ref) == (0, 100, 0)


def test_nothing_at_all_is_nothing() -> None:
    with Books() as books:
        assert books.ledger.request_many([], []) == []
        assert books.ledger.record_many([], [], read_from="a file") == []
        assert books.events() == []
