"""A group is saved as one; whoever comes in between changes its answers wholly or not at all."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from uuid import UUID

import pytest

from refund_adapters.store.errors import StoreError
from refund_adapters.store.prefetch import Prefetched
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.application import RefundLedger, Result
from refund_ledger.asking import Request
from refund_ledger.errors import LedgerError, RefusedError
from refund_ledger.events import DocumentId
from refund_ledger.grouping import TRIES
from refund_ledger.originals import Half
from refund_ledger.storing import Append, Then
from support.books import Books, a_cash_sale, a_grant, a_line, a_request
from support.twins import stamps

SALE = "invoice_receipt:2/1"

Meanwhile = Callable[[], object]


class Busy(SqliteStore):
    """A store on which others do something just before a group is saved, or is read for."""

    def __init__(self) -> None:
        super().__init__(None)
        self.before_saves: list[Meanwhile] = []
        self.before_reads: list[Meanwhile] = []
        self.sizes: list[int] = []
        """How many batches each save held."""

    def append(self, *batches: Append) -> None:
        """Save, after the others."""
        self.sizes.append(len(batches))
        if len(batches) > 1 and self.before_saves:
            self.before_saves.pop(0)()
        super().append(*batches)

    def ahead(self, company: str, streams: Iterable[UUID], then: Then) -> Prefetched:
        """Read, after the others."""
        if self.before_reads:
            self.before_reads.pop(0)()
        return super().ahead(company, streams, then)


def busy() -> tuple[Books, Busy]:
    """Books with one cash sale over 10.00, on a store that others work on too."""
    books, store = Books(), Busy()
    books.store.close()
    books.store, books.ledger = store, RefundLedger(store, "acme")
    books.record(a_cash_sale(1, a_line(1, 1_000)))
    store.sizes.clear()
    return books, store


def asks(*amounts: int) -> list[Request]:
    """A request for each amount."""
    return [a_request(f"k{n}", original=SALE, amount=amount) for n, amount in enumerate(amounts)]


def outcome(answers: Iterable[Result | LedgerError]) -> list[int | None]:
    """What each request was given, none where it was refused."""
    return [one.refund.request.credited if isinstance(one, Result) else None for one in answers]


def test_a_group_is_one_save() -> None:
    books, store = busy()
    answers = books.ledger.request_many(asks(300, 300, 300, 300), stamps(4, "r"))
    assert outcome(answers) == [300, 300, 300, None]
    assert store.sizes == [3]
    books.check()
    books.store.close()


def test_where_another_was_faster_the_whole_group_is_judged_again() -> None:
    books, store = busy()
    store.before_saves = [lambda: books.ask("other", original=SALE, amount=500)]
    answers = books.ledger.request_many(asks(300, 300, 100), stamps(3, "r"))
    assert outcome(answers) == [300, None, 100]
    assert "only 2.00 ILS is left" in str(answers[1])
    assert store.sizes == [3, 1, 2]
    books.check()
    books.store.close()


def test_the_same_request_made_by_another_meanwhile_is_known() -> None:
    books, store = busy()
    store.before_saves = [lambda: books.ask("k1", original=SALE, amount=300)]
    first, second = books.ledger.request_many(asks(300, 300), stamps(2, "r"))
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    assert (first.repeated, second.repeated) == (False, True)
    assert len(books.refund_ids()) == 2
    books.store.close()


def test_where_others_are_always_faster_the_group_is_halved_down_to_one() -> None:
    books, store = busy()

    others = iter("abcdef")
    store.before_saves = [lambda: books.ask(next(others), original=SALE, amount=1)] * TRIES
    answers = books.ledger.request_many(asks(300, 300), stamps(2, "r"))
    assert outcome(answers) == [300, 300]
    assert store.sizes == [2, 1] * TRIES + [1, 1]
    books.check()
    books.store.close()


def test_a_refusal_that_another_made_untrue_meanwhile_is_not_said() -> None:
    books, store = busy()
    held = books.ask("held", original=SALE, amount=900)
    # It gives back after the group was judged, on balances that only the refused one looks at.
    store.before_reads = [lambda: None, lambda: books.withdraw(held)]
    answers = books.ledger.request_many(asks(500), stamps(1, "r"))
    assert outcome(answers) == [None], "alone it is judged as ever"
    answers = books.ledger.request_many(
        [*asks(500), a_request("gift", kind="goodwill", customer_id="8", amount=5)],
        stamps(2, "r"),
    )
    assert outcome(answers) == [500, 5]
    books.check()
    books.store.close()


def test_a_refusal_that_is_still_true_is_said_after_a_second_look() -> None:
    books, store = busy()
    looks: list[int] = []
    store.before_reads = [lambda: looks.append(1), lambda: looks.append(2)]
    answers = books.ledger.request_many(asks(1_001, 1_000), stamps(2, "r"))
    assert outcome(answers) == [None, 1_000]
    assert "only 10.00 ILS is left" in str(answers[0])
    assert looks == [1, 2]
    books.store.close()


def test_a_document_that_is_taken_refuses_one_command_of_its_group() -> None:
    books, _ = busy()
    document = DocumentId(half=Half.DOCUMENT, series=3, number=481)
    named = {"document_half": "document", "document_series": 3}
    books.grant("first", 5, **named, document_number=481)
    found = [
        a_grant("a", 5),
        a_grant("b", 5, **named, document_number=481),
        a_grant("c", 5, **named, document_number=482),
        a_grant("d", 5, **named, document_number=482),
    ]
    a, b, c, d = books.ledger.record_many(found, stamps(4, "r"), read_from="a file")
    assert (a, c) == (True, True)
    assert isinstance(b, RefusedError)
    assert str(document.key) in str(b)
    assert "credit.granted" in str(b)
    assert isinstance(d, RefusedError)
    books.store.close()


def test_a_store_that_cannot_save_groups_is_given_one_after_another() -> None:
    books, store = busy()

    class Plain:
        """The same store without what groups need."""

        def __init__(self) -> None:
            self.append = store.append
            self.stream, self.balance = store.stream, store.balance
            self.credits, self.total = store.credits, store.total
            self.about = store.about

    answers = RefundLedger(Plain(), "acme").request_many(asks(300, 800), stamps(2, "r"))
    assert outcome(answers) == [300, None]
    assert store.sizes == [1]
    books.store.close()


def test_what_is_the_matter_with_all_is_raised_and_nothing_is_saved() -> None:
    books, store = busy()

    def gone() -> None:
        raise StoreError("the store is gone")

    store.before_saves = [gone]
    with pytest.raises(StoreError):
        books.ledger.request_many(asks(300, 300), stamps(2, "r"))
    assert books.refund_ids() == []
    assert outcome(books.ledger.request_many(asks(300, 300), stamps(2, "r"))) == [300, 300]
    books.store.close()


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_rests_during_a_group_and_is_as_it_was_afterwards(*, is_on: bool) -> None:
    books, store = busy()
    said: list[bool] = []

    def fail() -> None:
        raise StoreError("the store is gone")

    store.before_saves = [lambda: said.append(gc.isenabled()), fail]
    (gc.enable if is_on else gc.disable)()
    try:
        books.ledger.request_many(asks(300, 300), stamps(2, "r"))
        said.append(gc.isenabled())
        with pytest.raises(StoreError):
            books.ledger.request_many(asks(1, 1, 1, 1)[2:], stamps(2, "s"))
        said.append(gc.isenabled())
    finally:
        gc.enable()
    assert said == [False, is_on, is_on]
    books.store.close()
