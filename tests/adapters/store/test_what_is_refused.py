"""What every store refuses, in its own tables: history changed, limits crossed, the same twice."""

from __future__ import annotations

from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refund_adapters.store.sql_store import SqlStore
from refund_ledger.accounts import Account, AccountKind, Posting
from refund_ledger.errors import (
    BalancesMovedError,
    ClaimedError,
    GuardError,
    InvariantError,
    StreamMovedError,
)
from refund_ledger.originals import Document, Half
from support.books import Books, a_cash_sale, a_line
from support.stores import REFUSED, dump, rows, save

REFUNDABLE = Account("acme", AccountKind.REFUNDABLE, "invoice:1/1", item="line/1/net", unit="ILS")
RECORDED = Account("acme", AccountKind.RECORDED, "invoice:1/1", item="sale", unit="ILS")
CREDIT = Account("acme", AccountKind.CREDIT, "grant:a", customer="7", unit="ILS")
BOOKS = Account("acme", AccountKind.BOOKS, unit="ILS")
NOTE = Document(Half.DOCUMENT, 3, 481)

# --- append-only ----------------------------------------------------------------------------------

CHANGES = [
    ("events", "UPDATE stored_events SET state = state"),
    ("events", "UPDATE stored_events SET hash = hash"),
    ("events", "DELETE FROM stored_events"),
    ("postings", "UPDATE postings SET amount = 0"),
    ("postings", "DELETE FROM postings"),
    ("claims", "UPDATE claims SET number = 1"),
    ("claims", "DELETE FROM claims"),
]


@pytest.mark.parametrize(("what", "statement"), CHANGES)
def test_history_is_added_to_and_never_changed(books: Books, what: str, statement: str) -> None:
    books.record(a_cash_sale(1, a_line(1, 100)))
    before = dump(books.store)
    with pytest.raises(REFUSED, match=f"{what} are append-only"):
        rows(books.store, statement)
    assert dump(books.store) == before


# --- guards ---------------------------------------------------------------------------------------


# A store serves all examples: each has accounts of its own, by the number of its run.
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.integers(-60, 60), min_size=1, max_size=3), max_size=12),
    st.sampled_from([(REFUNDABLE, RECORDED), (CREDIT, BOOKS)]),
)
def test_a_guarded_balance_never_leaves_its_side(
    store: SqlStore, saves: list[list[int]], accounts: tuple[Account, Account]
) -> None:
    subject = f"example {uuid4()}"
    guarded, other = (account._replace(subject=subject) for account in accounts)
    side, balance = guarded.rule.side, 0
    for changes in saves:
        entries = [
            Posting(account, sign * side * change)
            for change in changes
            for account, sign in ((guarded, 1), (other, -1))
        ]
        if balance + sum(changes) >= 0:
            save(store, *entries)
            balance += sum(changes)
        else:
            before = dump(store)
            with pytest.raises(GuardError):
                save(store, *entries)
            assert dump(store) == before
        assert store.balance(guarded) == side * balance
        assert store.total("acme", guarded.kind, subject=subject) == side * balance


def test_the_guard_is_the_database_s_own(store: SqlStore) -> None:
    save(store, Posting(REFUNDABLE, 10), Posting(RECORDED, -10))
    with pytest.raises(REFUSED, match="never_below_zero"):
        rows(store, "UPDATE balances SET balance = -1")
    assert store.balance(REFUNDABLE) == 10


def test_who_loses_is_told_the_account_and_writes_nothing(store: SqlStore) -> None:
    save(store, Posting(REFUNDABLE, 10), Posting(RECORDED, -10))
    before = dump(store)
    with pytest.raises(GuardError, match="refundable/invoice:1/1/line/1/net ILS does not hold"):
        save(store, Posting(REFUNDABLE, -11), Posting(RECORDED, 11), claims=(NOTE,))
    assert dump(store) == before


def test_an_account_that_nobody_competes_for_has_no_limit_and_no_row(store: SqlStore) -> None:
    save(store, Posting(BOOKS, -5), Posting(RECORDED, 5))
    assert store.balances("acme") == []
    assert store.balance(BOOKS) == 0
    assert store.total("acme", AccountKind.BOOKS) == -5


def test_a_balance_that_moved_since_it_was_seen_stops_the_save(store: SqlStore) -> None:
    save(store, Posting(REFUNDABLE, 10), Posting(RECORDED, -10), seen=((REFUNDABLE, 0),))
    before = dump(store)
    with pytest.raises(BalancesMovedError, match="moved from 9 to 10 since it was read"):
        save(store, Posting(REFUNDABLE, 5), Posting(RECORDED, -5), seen=((REFUNDABLE, 9),))
    assert dump(store) == before
    save(store, Posting(REFUNDABLE, 5), Posting(RECORDED, -5), seen=((REFUNDABLE, 10),))
    assert store.balance(REFUNDABLE) == 15


@pytest.mark.parametrize(
    ("change", "seen", "words"),
    [
        (5, 9, "moved from 9 to 0 "),
        (-5, 9, "moved from 9 to 0 "),
        (0, 9, "moved from 9 to 0 "),
        (-5, None, "for a change of -5"),
        (-5, 0, "for a change of -5"),
    ],
)
def test_a_balance_that_has_no_row_is_zero_and_stops_what_needs_more(
    store: SqlStore, change: int, seen: int | None, words: str
) -> None:
    # The one before it in the order of the keys is changed first; nothing of that stays.
    before_it = REFUNDABLE._replace(item="line/0/net")
    save(store, Posting(before_it, 10), Posting(RECORDED, -10))
    before = dump(store)
    entries = [Posting(before_it, -4), Posting(REFUNDABLE, change), Posting(RECORDED, 4 - change)]
    with pytest.raises((BalancesMovedError, GuardError), match=words):
        save(store, *entries, seen=() if seen is None else ((REFUNDABLE, seen),))
    assert dump(store) == before


def test_of_several_balances_the_first_that_is_in_the_way_is_named(store: SqlStore) -> None:
    first, second, third = (REFUNDABLE._replace(item=f"line/{n}/net") for n in (1, 2, 3))
    entries = [Posting(account, 10) for account in (first, second, third)]
    save(store, *entries, Posting(RECORDED, -30))
    falls = [Posting(first, -4), Posting(second, -11), Posting(third, -4), Posting(RECORDED, 19)]
    with pytest.raises(GuardError, match="line/2/net ILS does not hold"):
        save(store, *falls)
    with pytest.raises(BalancesMovedError, match="line/2/net ILS moved from 9 to 10 "):
        save(store, *falls, seen=((second, 9), (third, 9)))
    assert [store.balance(account) for account in (first, second, third)] == [10, 10, 10]


def test_a_balance_is_as_old_as_its_first_change(store: SqlStore) -> None:
    other = REFUNDABLE._replace(item="line/2/net")
    save(store, Posting(other, 1), Posting(RECORDED, -1), seen=((REFUNDABLE, 0),))
    save(store, Posting(BOOKS, 1), Posting(RECORDED, -1))
    save(store, Posting(REFUNDABLE, 5), Posting(RECORDED, -5), seen=((REFUNDABLE, 0), (other, 1)))
    save(store, Posting(REFUNDABLE, -2), Posting(RECORDED, 2), seen=((REFUNDABLE, 5),))
    since = rows(store, "SELECT item, since FROM balances WHERE balance <> 0 ORDER BY item")
    first, _, third, _ = (row[0] for row in rows(store, _POSITIONS))
    assert since == [("line/1/net", third), ("line/2/net", first)]


_POSITIONS = "SELECT notification_id FROM stored_events ORDER BY notification_id"


# --- versions and claims --------------------------------------------------------------------------


def test_a_version_that_is_taken_is_refused(store: SqlStore) -> None:
    event = StoredEvent(uuid4(), 1, "x", b"{}")
    save(store, event=event)
    before = dump(store)
    with pytest.raises(StreamMovedError, match="another writer added to the stream first"):
        save(store, Posting(REFUNDABLE, 1), Posting(RECORDED, -1), claims=(NOTE,), event=event)
    assert dump(store) == before


def test_a_version_that_leaves_a_gap_is_a_broken_ledger(store: SqlStore) -> None:
    stream = uuid4()
    save(store, event=StoredEvent(stream, 1, "x", b"{}"))
    before = dump(store)
    with pytest.raises(InvariantError, match=r"event 3 of stream .* has none before it"):
        save(store, event=StoredEvent(stream, 3, "x", b"{}"))
    assert dump(store) == before


def test_a_document_that_is_taken_names_who_holds_it(store: SqlStore) -> None:
    holder = uuid4()
    save(store, claims=(NOTE,), event=StoredEvent(holder, 1, "refund.completed", b"{}"))
    before = dump(store)
    with pytest.raises(ClaimedError) as caught:
        save(store, Posting(REFUNDABLE, 1), Posting(RECORDED, -1), claims=(NOTE,))
    assert caught.value.document == "document 3/481"
    assert caught.value.holder == f"refund.completed of {holder}"
    assert dump(store) == before


def test_the_same_number_in_the_other_half_is_another_document(store: SqlStore) -> None:
    save(store, claims=(NOTE,))
    save(store, claims=(NOTE._replace(half=Half.RECEIPT), NOTE._replace(series=4)))
    assert len(dump(store)["claims"]) == 3


# --- positions ------------------------------------------------------------------------------------


def test_a_position_is_never_given_twice(store: SqlStore) -> None:
    save(store)
    with pytest.raises(GuardError):
        save(store, Posting(REFUNDABLE, -1), Posting(RECORDED, 1))
    save(store)
    given = rows(store, "SELECT notification_id FROM stored_events ORDER BY 1")
    assert len({position for (position,) in given}) == 2
    assert store.position() == given[-1][0]
    # A save that was refused may leave a gap; what comes later is always higher.
    save(store)
    assert store.position() > given[-1][0]
