"""An amount is explained once, in fields that fit each other, and never more than there is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest

from refund_ledger.accounts import Account
from refund_ledger.application import RefundLedger
from refund_ledger.errors import (
    ClaimedError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RefusedError,
)
from refund_ledger.events import (
    DocumentId,
    How,
    Part,
)
from refund_ledger.originals import Half
from refund_ledger.storing import Store
from support.books import Books
from support.outsides import (
    a_sale,
    an_explanation,
    explain,
    left,
    outside,
    settled,
)

# --- once, and no more than there is --------------------------------------------------------------


def test_the_same_explanation_again_is_nothing_and_another_under_its_name_is_refused() -> None:
    with Books() as books:
        made = outside(books, 9, 40)
        assert explain(books, made, How.WRITTEN_OFF)
        assert not explain(books, made, How.WRITTEN_OFF)
        with pytest.raises(KeyReusedError, match="'because' was used before") as caught:
            explain(books, made, How.ACCEPTED)
        assert caught.value.first_digest == an_explanation(made, How.WRITTEN_OFF).digest


def test_no_more_is_explained_than_there_is() -> None:
    with Books() as books:
        made = outside(books, 9, 40)
        with pytest.raises(RefusedError, match=r"0\.40 ILS of document 3/9 is left to explain"):
            explain(books, made, How.ACCEPTED, amount=41)
        explain(books, made, How.ACCEPTED, amount=30)
        with pytest.raises(RefusedError, match=r"0\.10 ILS of document 3/9 is left to explain"):
            explain(books, made, How.ACCEPTED, amount=11, reference="more")
        explain(books, made, How.WRITTEN_OFF, reference="the rest")
        with pytest.raises(RefusedError, match=r"^nothing of document 3/9 is left to explain$"):
            explain(books, made, How.ACCEPTED, reference="again")
        settled(books)


def test_what_has_its_place_needs_no_explanation() -> None:
    with Books() as books:
        sale = a_sale(books)
        made = outside(books, 9, 40, original=sale)
        unknown = DocumentId(half=Half.DOCUMENT, series=3, number=77)
        for subject in (made, unknown, "never"):
            with pytest.raises(NotFoundError, match="see `pending`"):
                explain(books, subject, How.WRITTEN_OFF)


def test_the_document_that_reversed_it_is_taken_by_that() -> None:
    with Books() as books:
        first, second = outside(books, 9, 40), outside(books, 10, 40)
        explain(books, first, How.REVERSED, reversed_by=second.model_copy(update={"number": 11}))
        with pytest.raises(ClaimedError, match="document 3/11 is already taken"):
            outside(books, 11, 40)
        with pytest.raises(ClaimedError, match="document 3/10 is already taken"):
            explain(books, second, How.REVERSED, reversed_by=second)


RECEIPT = DocumentId(half=Half.RECEIPT, series=3, number=8)


@pytest.mark.parametrize(
    ("how", "fields", "problem"),
    [
        (How.ACCEPTED, {"grant": "old"}, "document: name the document, or the credit"),
        (How.REVERSED, {"reversed_by": None}, "reversed_by: name the document that reversed it"),
        (How.ACCEPTED, {"reversed_by": RECEIPT}, "reversed_by: name the document that reversed"),
        (How.REVERSED, {"reversed_by": RECEIPT}, "reversed_by: a document reverses this one"),
        (How.BELONGS_ELSEWHERE, {}, "original: name the original that it gives back"),
        (How.ACCEPTED, {"original": "invoice:1/1"}, "original: name the original"),
        (How.BELONGS_ELSEWHERE, {"original": "invoice-1"}, "original: expected kind:series"),
        (How.ACCEPTED, {"company": "other"}, "company: this ledger is 'acme'"),
    ],
)
def test_fields_that_contradict_each_other_are_named(
    how: How, fields: dict[str, Any], problem: str
) -> None:
    with Books() as books:
        made = outside(books, 9, 40)
        with pytest.raises(InvalidInputError, match=problem):
            explain(books, made, how, **fields)
        assert left(books, made) == (0, 40)


def test_a_reduced_credit_gives_back_no_original() -> None:
    with Books() as books:
        sale = a_sale(books)
        books.grant("old", 30)
        books.reduce("old", 40)
        with pytest.raises(InvalidInputError, match="how: a reduced credit gives back no"):
            explain(books, "old", How.BELONGS_ELSEWHERE, original=sale)
        assert explain(books, "old", How.REVERSED)
        settled(books)


# --- others at the same time ----------------------------------------------------------------------


class Interrupted:
    """A store in which somebody else saves just before one of our reads of a balance, the n-th."""

    def __init__(self, books: Books, at: int, other: Callable[[], object]) -> None:
        self.below = books.store
        self.at = at
        self.other = other
        self.reads = 0

    def balance(self, account: Account) -> int:
        """Read; before the n-th read the other is faster."""
        self.reads += 1
        if self.reads == self.at:
            self.other()
        return self.below.balance(account)

    def __getattr__(self, name: str) -> object:
        """Everything else is as it is."""
        return getattr(self.below, name)


def test_two_at_once_never_explain_the_same_amount() -> None:
    with Books() as books:
        made = outside(books, 9, 140, original=a_sale(books))
        told = an_explanation(made, How.ACCEPTED, amount=30, reference="ours")

        def other() -> None:
            explain(books, made, How.WRITTEN_OFF, amount=25, reference="theirs")

        store = cast("Store", Interrupted(books, 1, other))
        with pytest.raises(RefusedError, match=r"0\.15 ILS of document 3/9 is left to explain"):
            RefundLedger(store, books.company).explain(told, books.stamp("avi"))
        assert left(books, made) == (15, 15)
        books.check()


def test_what_gives_nothing_back_rests_on_no_balance() -> None:
    with Books() as books:
        made = outside(books, 9, 40)
        store = Interrupted(books, 0, list)
        ledger = RefundLedger(cast("Store", store), books.company)
        assert ledger.explain(an_explanation(made, How.WRITTEN_OFF), books.stamp("avi"))
        assert store.reads == 0
        settled(books)


def refused(at: int) -> tuple[str, int]:
    """Why money is not accepted while a credit becomes less before our n-th read; and our reads."""
    with Books() as books:
        books.grant("old", 30)
        books.grant("new", 5)
        told = an_explanation(outside(books, 9, 40, Part.RECEIPT), How.ACCEPTED)
        store = Interrupted(books, at, partial(books.reduce, "old", 5))
        ledger = RefundLedger(cast("Store", store), books.company)
        with pytest.raises(RefusedError) as caught:
            ledger.explain(told, books.stamp("avi"))
        return str(caught.value), store.reads


def test_a_refusal_is_never_said_of_balances_that_were_not_there_together() -> None:
    undisturbed, reads = refused(at=0)
    assert undisturbed.startswith("only 0.35 ILS of 0.40 ILS is there")
    # Each balance is read once to decide, and once more before the refusal is said.
    for at in range(1, reads // 2 + 1):
        told, _ = refused(at)
        assert told.startswith("only 0.30 ILS of 0.40 ILS is there"), at
    assert reads >= 8
