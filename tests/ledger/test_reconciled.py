"""A comparison is recorded as it was, and a difference is accepted once with who and why."""

from datetime import date
from typing import Any

import pytest

from refund_ledger.errors import ConflictError, InvalidInputError
from refund_ledger.events import DifferenceAccepted, DocumentId, ReconciliationDone, Tally
from refund_ledger.inputs import validated
from refund_ledger.originals import Half
from refund_ledger.reconciled import Acceptance, Compared, accept, record_comparison
from refund_ledger.storing import Append
from support.books import Books

NOTE = DocumentId(half=Half.DOCUMENT, series=3, number=481)


def compared(**fields: Any) -> Compared:
    given = {
        "company": "acme",
        "since": date(2026, 3, 1),
        "until": date(2026, 3, 31),
        "position": 7,
        "read_from": "rivhit",
        "documents_here": 3,
        "documents_there": 2,
        "matched": 1,
        "differences": (Tally(kind="missing there", count=1),),
        "digest_here": "a" * 64,
        "digest_there": "b" * 64,
    }
    return validated(Compared, {**given, **fields})


def acceptance(**fields: Any) -> Acceptance:
    given = {
        "company": "acme",
        "document": NOTE,
        "difference": "amount differs",
        "digest": "c" * 64,
        "why": "rounded by hand",
        "customer_id": "7",
        "currency": "ILS",
    }
    return validated(Acceptance, {**given, **fields})


def test_a_comparison_is_kept_with_all_that_it_came_to() -> None:
    with Books() as books:
        made = record_comparison(books.store, compared(), books.stamp("noa"))
        (kept,) = books.events()
        assert kept == made
        assert isinstance(kept, ReconciliationDone)
        assert (kept.actor, kept.position, kept.matched) == ("noa", 7, 1)
        assert (kept.currency, kept.customer_id, kept.clean) == ("", "", False)


def test_each_comparison_is_kept_even_where_nothing_changed() -> None:
    with Books() as books:
        for _ in range(2):
            record_comparison(books.store, compared(), books.stamp())
        assert len({event.originator_id for event in books.events()}) == 2


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with Books() as books:
        with pytest.raises(InvalidInputError, match="until: the period ends before it begins"):
            record_comparison(books.store, compared(until=date(2026, 2, 1)), books.stamp())
        assert books.events() == []


def test_a_difference_is_accepted_once_and_anew_where_its_values_changed() -> None:
    with Books() as books:
        assert accept(books.store, acceptance(), books.stamp("noa"))
        assert not accept(books.store, acceptance(why="again"), books.stamp("avi"))
        assert accept(books.store, acceptance(digest="d" * 64), books.stamp("avi"))
        assert not accept(books.store, acceptance(), books.stamp("avi"))
        kept = [event for event in books.events() if isinstance(event, DifferenceAccepted)]
        assert [(one.actor, one.digest[0], one.originator_version) for one in kept] == [
            ("noa", "c", 1),
            ("avi", "d", 2),
        ]


def test_a_difference_is_accepted_with_a_reason() -> None:
    with pytest.raises(InvalidInputError, match="why: expected some text"):
        acceptance(why=" ")


def test_two_people_who_accept_at_once_leave_one_acceptance() -> None:
    with Books() as books:
        store = books.store
        first = store.append

        def late(*batches: Append) -> None:
            store.append = first  # type: ignore[method-assign]
            assert accept(store, acceptance(), books.stamp("avi"))
            first(*batches)

        store.append = late  # type: ignore[method-assign]
        assert not accept(store, acceptance(), books.stamp("noa"))
        assert [event.actor for event in books.events()] == ["avi"]


def test_whoever_is_never_first_is_told() -> None:
    with Books() as books:
        store = books.store
        save = store.append
        digests = (f"{number:064x}" for number in range(1_000))

        def late(*batches: Append) -> None:
            faster = acceptance(digest=next(digests))
            stamp, version = books.stamp("avi"), len(store.stream(faster.stream)) + 1
            save(Append((stamp.event(DifferenceAccepted, faster.stream, version, **dict(faster)),)))
            save(*batches)

        store.append = late  # type: ignore[method-assign]
        with pytest.raises(ConflictError, match="others were faster 50 times in a row"):
            accept(store, acceptance(), books.stamp("noa"))
        assert {event.actor for event in books.events()} == {"avi"}
