"""The recorder is a recorder of the library, and saves all that a batch means or nothing of it."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.tests import persistence
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_recorder import Datastore, Rules, SqliteRecorder
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
from support.stores import dump, rows

REFUNDABLE = Account("acme", AccountKind.REFUNDABLE, "invoice:1/1", item="line/1/net", unit="ILS")
RECORDED = Account("acme", AccountKind.RECORDED, "invoice:1/1", item="sale", unit="ILS")
CREDIT = Account("acme", AccountKind.CREDIT, "grant:a", customer="7", unit="ILS")
BOOKS = Account("acme", AccountKind.BOOKS, unit="ILS")
NOTE = Document(Half.DOCUMENT, 3, 481)
STREAMS = (UUID(int=number) for number in count(1))

# --- the library's own tests ----------------------------------------------------------------------


class RecorderInAFile(persistence.ApplicationRecorderTestCase[SqliteRecorder]):
    def create_recorder(self) -> SqliteRecorder:
        return recorder_in_a_file(self)


class RecorderInMemory(persistence.ApplicationRecorderTestCase[SqliteRecorder]):
    def create_recorder(self) -> SqliteRecorder:
        return recorder_in_memory(self)


class PositionsInAFile(persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> SqliteRecorder:
        return recorder_in_a_file(self)


class PositionsInMemory(persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> SqliteRecorder:
        return recorder_in_memory(self)


def recorder_in_a_file(case: persistence.RecorderTestCase) -> SqliteRecorder:
    folder = case.enterContext(tempfile.TemporaryDirectory())
    return recorder_at(case, str(Path(folder) / "events.db"))


def recorder_in_memory(case: persistence.RecorderTestCase) -> SqliteRecorder:
    return recorder_at(case, f"file:{uuid4().hex}?mode=memory&cache=shared")


def recorder_at(case: persistence.RecorderTestCase, name: str) -> SqliteRecorder:
    datastore = Datastore(name)
    case.addCleanup(datastore.close)
    recorder = SqliteRecorder(datastore)
    recorder.create_table()
    return recorder


# --- append-only ----------------------------------------------------------------------------------

CHANGES = [
    ("events", "UPDATE stored_events SET state = x'00'"),
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
    with pytest.raises(sqlite3.IntegrityError, match=f"{what} are append-only"):
        rows(books.store, statement)
    assert dump(books.store) == before


@pytest.mark.parametrize("table", ["stored_events", "postings", "claims"])
def test_replacing_is_refused_as_well(books: Books, table: str) -> None:
    books.record(a_cash_sale(1, a_line(1, 100)))
    before = dump(books.store)
    with pytest.raises(sqlite3.IntegrityError, match="are append-only"):
        rows(books.store, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608
    assert dump(books.store) == before


def test_a_connection_writes_durably_and_checks_references(books: Books) -> None:
    with books.store.recorder.datastore.get_connection(commit=False) as connection:
        cursor = connection.cursor()
        found = []
        for pragma in ("synchronous", "foreign_keys", "busy_timeout"):
            cursor.execute(f"PRAGMA {pragma}")
            found.append(cursor.fetchone()[0])
    assert found == [2, 1, 30_000]


# --- guards ---------------------------------------------------------------------------------------


def save(
    store: SqliteStore,
    *postings: Posting,
    seen: tuple[tuple[Account, int], ...] = (),
    claims: tuple[Document, ...] = (),
    event: StoredEvent | None = None,
) -> None:
    """Save one event, with whatever it is said to mean."""
    stored = event or StoredEvent(next(STREAMS), 1, "x", b"{}")
    rules = Rules("acme", postings=(postings,), claims=(claims,), seen=seen, due=())
    store.recorder.append([([stored], rules)])


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(-60, 60), min_size=1, max_size=3), max_size=12),
    st.sampled_from([(REFUNDABLE, RECORDED), (CREDIT, BOOKS)]),
)
def test_a_guarded_balance_never_leaves_its_side(
    saves: list[list[int]], accounts: tuple[Account, Account]
) -> None:
    guarded, other = accounts
    side, balance = guarded.rule.side, 0
    store = SqliteStore(None)
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
        assert store.total("acme", guarded.kind) == side * balance
    store.close()


def test_the_guard_is_the_database_s_own(store: SqliteStore) -> None:
    save(store, Posting(REFUNDABLE, 10), Posting(RECORDED, -10))
    with pytest.raises(sqlite3.IntegrityError, match="never_below_zero"):
        rows(store, "UPDATE balances SET balance = -1")
    assert store.balance(REFUNDABLE) == 10


def test_who_loses_is_told_the_account_and_writes_nothing(store: SqliteStore) -> None:
    save(store, Posting(REFUNDABLE, 10), Posting(RECORDED, -10))
    before = dump(store)
    with pytest.raises(GuardError, match="refundable/invoice:1/1/line/1/net ILS does not hold"):
        save(store, Posting(REFUNDABLE, -11), Posting(RECORDED, 11), claims=(NOTE,))
    assert dump(store) == before


def test_an_account_that_nobody_competes_for_has_no_limit_and_no_row(store: SqliteStore) -> None:
    save(store, Posting(BOOKS, -5), Posting(RECORDED, 5))
    assert store.balances("acme") == []
    assert store.balance(BOOKS) == 0
    assert store.total("acme", AccountKind.BOOKS) == -5


def test_a_balance_that_moved_since_it_was_seen_stops_the_save(store: SqliteStore) -> None:
    save(store, Posting(REFUNDABLE, 10), Posting(RECORDED, -10), seen=((REFUNDABLE, 0),))
    before = dump(store)
    with pytest.raises(BalancesMovedError, match="moved from 9 to 10 since it was read"):
        save(store, Posting(REFUNDABLE, 5), Posting(RECORDED, -5), seen=((REFUNDABLE, 9),))
    assert dump(store) == before
    save(store, Posting(REFUNDABLE, 5), Posting(RECORDED, -5), seen=((REFUNDABLE, 10),))
    assert store.balance(REFUNDABLE) == 15


# --- versions and claims --------------------------------------------------------------------------


def test_a_version_that_is_taken_is_refused(store: SqliteStore) -> None:
    event = StoredEvent(uuid4(), 1, "x", b"{}")
    save(store, event=event)
    before = dump(store)
    with pytest.raises(StreamMovedError, match="another writer added to the stream first"):
        save(store, Posting(REFUNDABLE, 1), Posting(RECORDED, -1), claims=(NOTE,), event=event)
    assert dump(store) == before


def test_a_version_that_leaves_a_gap_is_a_broken_ledger(store: SqliteStore) -> None:
    stream = uuid4()
    save(store, event=StoredEvent(stream, 1, "x", b"{}"))
    before = dump(store)
    with pytest.raises(InvariantError, match=r"event 3 of stream .* has none before it"):
        save(store, event=StoredEvent(stream, 3, "x", b"{}"))
    assert dump(store) == before


def test_a_document_that_is_taken_names_who_holds_it(store: SqliteStore) -> None:
    holder = uuid4()
    save(store, claims=(NOTE,), event=StoredEvent(holder, 1, "refund.completed", b"{}"))
    before = dump(store)
    with pytest.raises(ClaimedError) as caught:
        save(store, Posting(REFUNDABLE, 1), Posting(RECORDED, -1), claims=(NOTE,))
    assert caught.value.document == "document 3/481"
    assert caught.value.holder == f"refund.completed of {holder}"
    assert dump(store) == before


def test_the_same_number_in_the_other_half_is_another_document(store: SqliteStore) -> None:
    save(store, claims=(NOTE,))
    save(store, claims=(NOTE._replace(half=Half.RECEIPT), NOTE._replace(series=4)))
    assert len(dump(store)["claims"]) == 3


# --- positions ------------------------------------------------------------------------------------


def test_compacting_a_file_keeps_every_position(tmp_path: Path) -> None:
    with Books(str(tmp_path / "refunds.db")) as books:
        for number in range(1, 6):
            books.record(a_cash_sale(number, a_line(1, 100)))
        before = dump(books.store)
        with books.store.recorder.datastore.get_connection(commit=True) as connection:
            connection.cursor().execute("VACUUM")
        assert dump(books.store) == before
        books.record(a_cash_sale(6, a_line(1, 100)))
        assert books.store.position() == 6


def test_a_position_is_never_given_twice(store: SqliteStore) -> None:
    save(store)
    with pytest.raises(GuardError):
        save(store, Posting(REFUNDABLE, -1), Posting(RECORDED, 1))
    save(store)
    assert [position for position, *_ in dump(store)["stored_events"]] == [1, 2]


def test_closing_waits_for_whoever_is_still_reading(tmp_path: Path) -> None:
    datastore = Datastore(str(tmp_path / "refunds.db"))
    recorder = SqliteRecorder(datastore)
    recorder.create_table()
    inside, closed, order = threading.Event(), threading.Event(), list[str]()

    def read() -> None:
        with datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT 1")
            inside.set()
            assert not closed.wait(0.2)
            order.append("read")

    reader = threading.Thread(target=read)
    reader.start()
    inside.wait(10)
    datastore.close()
    order.append("closed")
    closed.set()
    reader.join(10)

    assert order == ["read", "closed"]
