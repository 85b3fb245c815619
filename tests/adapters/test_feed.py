"""The feed: in order, from any cursor on, and on as events are saved."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice, pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refund_adapters import feed as feeding
from refund_adapters.feed import feed, pages
from refund_adapters.store.cursors import RewoundError
from refund_adapters.store.errors import DamagedStoreError, StoreError, StoreGoneError
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_address import Address
from refund_ledger.errors import InvalidInputError
from refund_ledger.storing import Append
from support.books import Books
from support.feeds import following, template, wait_until, written
from support.ledger_servers import new_ledger
from support.postgres import Server

Session = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(params=["file", "memory", "server"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Empty books over a store of each sort."""
    addresses = {"file": str(tmp_path / "refunds.db"), "memory": None}
    server = request.param == "server"
    address = request.getfixturevalue("postgres_ledger") if server else addresses[request.param]
    with Books(address) as opened:
        yield opened


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each page three events, so that few events make many pages."""
    monkeypatch.setattr(feeding, "PAGE", 3)


# --- reading --------------------------------------------------------------------------------------


def test_an_empty_store_feeds_nothing(books: Books) -> None:
    assert list(feed(books.store)) == []


def test_the_feed_holds_every_event_as_it_was_saved(books: Books) -> None:
    books.grant("g", 500)
    refund = books.ask("k", kind="goodwill", customer_id="7", amount=200)
    books.withdraw(refund)
    fed = list(feed(books.store))
    assert [one.event for one in fed] == books.saved
    assert [one.position for one in fed] == [position for position, _ in books.store.events()]
    for one in fed:
        assert json.loads(one.state)["event_id"] == str(one.event.event_id)
        assert len(one.hash) == 32
    assert len({one.cursor for one in fed}) == len(fed)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 5), max_size=8), st.integers(1, 7))
def test_every_cursor_leads_on_to_the_same_rest(saves: list[int], page: int) -> None:
    with Books() as books, pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeding, "PAGE", page)
        for number, size in enumerate(saves):
            batches = [granted(f"{number}/{one}") for one in range(size)]
            books.store.append(*batches)
        whole = list(feed(books.store))
        assert [one.event for one in whole] == books.saved
        for number, one in enumerate(whole, 1):
            assert list(feed(books.store, after=one.cursor)) == whole[number:]


STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("aaacru")), max_size=25)
"""Three sessions that add, commit, roll back; u: only take a number for the transaction."""


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_however_sessions_overtake_each_other_a_reader_gets_all_in_order(
    postgres_ledger: str, small_pages: None, steps: list[tuple[int, str]]
) -> None:
    assert small_pages is None
    like = template()
    with ExitStack() as stack:
        store = stack.enter_context(closing(PostgresStore(postgres_ledger)))
        sessions = [stack.enter_context(session(postgres_ledger)) for _ in range(3)]
        got = list(feed(store))
        for who, what in steps:
            take_a_step(sessions[who], what, like)
            got += feed(store, after=got[-1].cursor if got else None)
        for each in sessions:
            each.commit()
        got += feed(store, after=got[-1].cursor if got else None)
        assert got == list(feed(store))
        rows = sessions[0].execute(
            "SELECT notification_id FROM stored_events ORDER BY era, xid, notification_id"
        )
        assert [one.position for one in got] == [row[0] for row in rows]


def test_a_reader_that_dies_in_the_middle_gets_the_rest_from_its_last_cursor(
    books: Books, small_pages: None
) -> None:
    assert small_pages is None
    written(books.store, 10)
    whole = list(feed(books.store))
    first = list(islice(feed(books.store), 4))
    assert first + list(feed(books.store, after=first[-1].cursor)) == whole


def test_reading_ends_at_the_newest_also_where_the_last_page_is_full(
    books: Books, small_pages: None
) -> None:
    assert small_pages is None
    written(books.store, 6)
    assert [len(page) for page in pages(books.store)] == [3, 3]
    written(books.store, 1)
    assert [len(page) for page in pages(books.store)] == [3, 3, 1]


# --- what cannot be read --------------------------------------------------------------------------


def test_a_cursor_of_nothing_is_refused(books: Books) -> None:
    with pytest.raises(InvalidInputError, match="after: expected the cursor"):
        list(feed(books.store, after="17"))


def test_a_cursor_whose_event_is_gone_is_refused(books: Books, tmp_path: Path) -> None:
    with Books(str(tmp_path / "other.db")) as other:
        other.grant("g", 5)
        (only,) = feed(other.store)
    with pytest.raises(RewoundError, match="nothing is at position 1"):
        list(feed(books.store, after=only.cursor))
    books.grant("g", 6)
    with pytest.raises(RewoundError, match="another event is at position 1"):
        list(feed(books.store, after=only.cursor, follow=True))


def test_what_comes_before_an_unreadable_event_is_given_first(
    books: Books, small_pages: None
) -> None:
    assert small_pages is None
    recorder = getattr(books.store, "recorder")  # noqa: B009 - each sort of store has its own
    written(books.store, 4)
    recorder.insert_events([StoredEvent(uuid4(), 1, "of.the.future", b"{}")])
    written(books.store, 1)
    reading = feed(books.store)
    got = list(islice(reading, 4))
    assert [one.position for one in got] == [1, 2, 3, 4]
    with pytest.raises(DamagedStoreError, match="unknown kind"):
        next(reading)
    with pytest.raises(DamagedStoreError, match="unknown kind"):
        next(feed(books.store, after=got[-1].cursor))


# --- following ------------------------------------------------------------------------------------


def test_a_follower_gets_what_is_saved_while_it_waits(books: Books) -> None:
    books.grant("before", 5)
    with following(books.store) as reader:
        for number in range(5):
            reader.has(number + 1)
            reader.idles()
            books.grant(f"g{number}", 5)
        reader.has(6)
    assert [one.event for one in reader.got] == books.saved


def test_a_follower_goes_on_after_a_cursor(books: Books) -> None:
    for number in range(3):
        books.grant(f"g{number}", 5)
    whole = list(feed(books.store))
    with following(books.store, whole[0].cursor) as reader:
        reader.has(2)
        books.grant("more", 5)
        reader.has(3)
    assert reader.got == list(feed(books.store, after=whole[0].cursor))


def test_a_follower_stops_soon_when_it_is_asked_to(books: Books) -> None:
    with following(books.store) as reader:
        reader.idles()
        began = time.monotonic()
    assert time.monotonic() - began < 1


def test_who_asks_before_the_first_page_gets_none(books: Books) -> None:
    books.grant("g", 5)
    assert list(pages(books.store, stop=lambda: True)) == []
    assert list(pages(books.store, follow=True, stop=lambda: True)) == []


def test_looks_become_rarer_while_nothing_comes(books: Books) -> None:
    seen: list[float] = []

    def stop() -> bool:
        return len(seen) > 6

    for page in pages(books.store, follow=True, stop=stop):
        assert page == []
        seen.append(time.monotonic())
    gaps = [later - sooner for sooner, later in pairwise(seen)]
    assert gaps[5] > 8 * feeding.FIRST_LOOK


def test_a_server_that_stays_away_ends_a_reading_and_tells_so() -> None:
    said: list[StoreError] = []
    with (
        Server() as server,
        new_ledger(server) as address,
        Books(address) as books,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(feeding, "PATIENCE", 0.3)
        books.grant("g", 5)
        wait_until(lambda: len(list(feed(books.store))) == 1)
        server.kill()
        with pytest.raises(StoreGoneError, match="does not answer"):
            list(pages(books.store, waits=said.append))
    assert said
    assert all(isinstance(one, StoreGoneError) for one in said)


# --- below ----------------------------------------------------------------------------------------


def granted(reference: str) -> Append:
    """A save of one granted credit, decided and not saved yet."""
    with Books() as aside:
        aside.grant(reference, 5)
        return Append(tuple(aside.saved))


def take_a_step(session: Session, what: str, like: StoredEvent) -> None:
    """Do one thing in a session; the first of them begins its transaction."""
    if what == "a":
        row = [str(uuid4()), 1, like.topic, like.state.decode()]
        session.execute("SELECT add_events(%s::jsonb)", (json.dumps([row]),))
    elif what == "u":
        session.execute("SELECT pg_current_xact_id()")
    elif what == "c":
        session.commit()
    else:
        session.rollback()


def session(address: str) -> Session:
    """A session of the service whose transactions are ended by hand."""
    parsed = Address.parse(address)
    connection = psycopg.connect(parsed.conninfo)
    connection.execute(f"SET search_path = {parsed.schema}".encode())
    connection.commit()
    return connection
