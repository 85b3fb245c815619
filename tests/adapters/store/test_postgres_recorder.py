"""The recorder over PostgreSQL is a recorder of the library, and skips nothing that comes late."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.tests import persistence

from refund_adapters.store.errors import StoreError
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_connections import Connections
from refund_adapters.store.postgres_recorder import FORBIDDEN_SETTING, PostgresRecorder
from support.ledger_servers import new_ledger, owner_connection
from support.postgres import Server

WRITERS = 8
EACH = 60

# --- the library's own tests ----------------------------------------------------------------------


class OnServer:
    """Where a test of the library finds the server, which it cannot ask for itself."""

    server: Server

    @pytest.fixture(autouse=True)
    def _with_a_server(self, postgres_server: Server) -> None:
        self.server = postgres_server

    def opened(self, case: persistence.RecorderTestCase) -> PostgresRecorder:
        """A recorder over an empty ledger of the case's own."""
        stack = case.enterContext(ExitStack())
        store = PostgresStore(stack.enter_context(new_ledger(self.server)))
        stack.callback(store.close)
        return store.recorder


class RecorderOnServer(OnServer, persistence.ApplicationRecorderTestCase[PostgresRecorder]):
    def create_recorder(self) -> PostgresRecorder:
        return self.opened(self)


class InOrder(PostgresRecorder):
    """Says of each event its place in the feed in place of its position.

    Two saves at once may be given positions by turns; it is the feed in which each comes whole.
    """

    def select_notifications(self, *args: Any, **named: Any) -> list[Notification]:
        found = super().select_notifications(*args, **named)
        return [replace(one, id=place) for place, one in enumerate(found, 1)]


class PositionsOnServer(OnServer, persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> PostgresRecorder:
        return InOrder(self.opened(self).datastore, create=lambda: None)


# --- the order of the feed ------------------------------------------------------------------------


@pytest.fixture
def store(postgres_ledger: str) -> Iterator[PostgresStore]:
    """An empty store."""
    opened = PostgresStore(postgres_ledger)
    yield opened
    opened.close()


def an_event(stream: UUID | None = None, version: int = 1) -> StoredEvent:
    """An event that nobody reads the inside of."""
    return StoredEvent(stream or uuid4(), version, "x", b"{}")


def feed(recorder: PostgresRecorder, after: int = 0, limit: int = 1000) -> list[int]:
    """The positions that follow one, in the order of the feed."""
    found = recorder.select_notifications(after or None, limit, inclusive_of_start=False)
    return [one.id for one in found]


@contextmanager
def slow_writer(
    store: PostgresStore, *, gives_up: bool = False
) -> Iterator[psycopg.Connection[Any]]:
    """Somebody in the middle of a save."""
    with (
        owner_connection(store.address) as connection,
        connection.transaction(force_rollback=gives_up),
    ):
        yield connection


def insert(connection: psycopg.Connection[Any]) -> int:
    """Add an event inside somebody's transaction; returns its position."""
    said = f'[["{uuid4()}", 1, "x", "{{}}"]]'
    row = connection.execute("SELECT add_events(%s::jsonb)", (said,)).fetchone()
    assert row is not None
    return int(row[0][0])


def test_a_reader_waits_for_whoever_began_earlier_and_then_skips_nobody(
    store: PostgresStore,
) -> None:
    recorder = store.recorder
    recorder.insert_events([an_event()])
    with slow_writer(store) as slow:
        early = insert(slow)
        (late,) = recorder.insert_events([an_event()]) or ()
        assert early < late
        # Saved and acknowledged, and not told yet: something earlier may still come.
        assert feed(recorder) == [1]
        assert store.position() == late
    assert feed(recorder) == [1, early, late]
    assert feed(recorder, after=1) == [early, late]


def test_a_save_that_began_earlier_comes_earlier_though_its_position_is_higher(
    store: PostgresStore,
) -> None:
    recorder = store.recorder
    with slow_writer(store) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        (quick,) = recorder.insert_events([an_event()]) or ()
        slowly = insert(slow)
        assert quick < slowly
        assert feed(recorder) == []
    assert feed(recorder) == [slowly, quick]
    assert feed(recorder, after=slowly) == [quick]
    assert feed(recorder, after=quick) == []
    pages = [feed(recorder, limit=1), feed(recorder, after=slowly, limit=1)]
    assert pages == [[slowly], [quick]]


def test_a_save_that_was_given_up_leaves_a_gap_and_holds_nobody_up(store: PostgresStore) -> None:
    recorder = store.recorder
    with slow_writer(store, gives_up=True) as slow:
        gap = insert(slow)
        (after,) = recorder.insert_events([an_event()]) or ()
    assert feed(recorder) == [after]
    assert feed(recorder, after=gap) == [after]
    inclusive = recorder.select_notifications(gap, 10)
    assert [one.id for one in inclusive] == [after]


def test_a_tailing_reader_misses_no_event_of_eight_writers_and_sees_none_twice(
    store: PostgresStore,
) -> None:
    done, seen = threading.Event(), list[int]()

    def write() -> None:
        for number in range(EACH):
            events = [an_event() for _ in range(1 + number % 3)]
            store.recorder.insert_events(events)

    def read() -> None:
        while True:
            last_look = done.is_set()
            page = feed(store.recorder, after=seen[-1] if seen else 0, limit=7)
            seen.extend(page)
            if last_look and not page:
                return

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    reader = threading.Thread(target=read)
    for each in (reader, *writers):
        each.start()
    for each in writers:
        each.join(60)
    done.set()
    reader.join(60)
    assert not reader.is_alive()
    assert len(seen) == len(set(seen)) == WRITERS * sum(1 + n % 3 for n in range(EACH))
    assert seen == feed(store.recorder, limit=10_000)


def test_topics_and_an_end_narrow_a_page(store: PostgresStore) -> None:
    topics = ["a", "b", "a", "c", "b"]
    store.recorder.insert_events([StoredEvent(uuid4(), 1, topic, b"{}") for topic in topics])
    select = store.recorder.select_notifications
    assert [one.id for one in select(None, 10, topics=["a", "c"])] == [1, 3, 4]
    assert [one.id for one in select(2, 10, stop=4)] == [2, 3, 4]
    assert [one.id for one in select(2, 10, stop=4, inclusive_of_start=False)] == [3, 4]
    assert [one.id for one in select(2, 10, stop=1)] == []


# --- the library's settings -----------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "APP_", "REFUNDLEDGER_"])
@pytest.mark.parametrize("value", ["y", "yes", "1", "true", "ON"])
def test_the_library_s_own_functions_are_refused(
    postgres_ledger: str, monkeypatch: pytest.MonkeyPatch, prefix: str, value: str
) -> None:
    monkeypatch.setenv(prefix + FORBIDDEN_SETTING, value)
    with pytest.raises(StoreError, match=f"the variable {prefix}{FORBIDDEN_SETTING} is set"):
        PostgresStore(postgres_ledger)


@pytest.mark.parametrize("value", ["", "n", "no", "0", "false"])
def test_a_setting_that_turns_them_off_is_fine(
    postgres_ledger: str, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(f"APP_{FORBIDDEN_SETTING}", value)
    PostgresStore(postgres_ledger).close()


def test_a_setting_that_is_no_answer_is_refused_too(
    postgres_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORBIDDEN_SETTING, "perhaps")
    with pytest.raises(StoreError, match=f"the variable {FORBIDDEN_SETTING} is set"):
        PostgresStore(postgres_ledger)


def test_a_recorder_makes_its_tables_where_it_was_told_how(store: PostgresStore) -> None:
    made = list[str]()
    connections = store.recorder.datastore
    assert isinstance(connections, Connections)
    PostgresRecorder(connections, create=lambda: made.append("tables")).create_table()
    assert made == ["tables"]
