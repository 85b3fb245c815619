"""A server that is killed again and again under load loses nothing that it acknowledged.

Nobody helps the writers: they wait, find the server again, and know which of their saves it kept.
"""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from refund_adapters.store.errors import StoreGoneError
from refund_adapters.store.postgres import PostgresStore
from refund_ledger.accounts import AccountKind
from refund_ledger.events import CreditGranted, RefundRequested
from support.books import Books
from support.ledger_servers import new_ledger, owner_connection, waiting_for_a_lock
from support.postgres import Server
from support.stores import broken_links, kept_events, processes

KILLS = 20 if os.environ.get("CI") else 6
WRITERS = 8
PATIENCE = 60.0


@pytest.mark.timeout(300)
def test_a_server_killed_under_eight_writers_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    rng = random.Random(20261122)
    stop = tmp_path / "stop"
    with Server(durable=True) as server, new_ledger(server) as address:
        with processes(WRITERS) as crowd:
            for each in crowd:
                each.tell("open", path=address)
            assert [each.hear() for each in crowd] == [{"done": None}] * WRITERS
            for number, each in enumerate(crowd):
                each.tell("work_until", name=f"w{number}", stop=str(stop))
            for _ in range(KILLS):
                until_more_is_saved(address)
                time.sleep(rng.uniform(0, 0.3))
                server.kill()
                server.start()
            until_more_is_saved(address)
            stop.touch()
            done = [each.hear() for each in crowd]
        assert [one for one in done if "error" in one] == []
        acknowledged = [name for one in done for name in one["done"]]
        with Books(address) as books:
            # Exactly these: whoever was answered late was answered in the end.
            assert sorted(saved(books)) == sorted(acknowledged)
            assert len(set(acknowledged)) == len(acknowledged) > WRITERS * KILLS
            assert broken_links(kept_events(books.store)) == []
            assert books.total(AccountKind.CREDIT) == len(acknowledged) // 2 * 2
            books.check()


def saved(books: Books) -> list[str]:
    """Each grant and request by its name, as often as it was saved."""
    found = [f"grant:{e.reference}" for e in books.events() if isinstance(e, CreditGranted)]
    return found + [e.key for e in books.events() if isinstance(e, RefundRequested)]


def until_more_is_saved(address: str) -> None:
    """Wait until the writers have found the server and are at work."""
    deadline = time.monotonic() + PATIENCE
    with owner_connection(address) as owner:
        first = events_in(owner)
        while events_in(owner) < first + WRITERS:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def events_in(owner: psycopg.Connection[tuple[object, ...]]) -> int:
    """How many events there are."""
    row = owner.execute("SELECT count(*) FROM stored_events").fetchone()
    assert row is not None
    return int(str(row[0]))


def test_a_save_outlives_the_server_that_it_waits_for() -> None:
    with Server(durable=True) as server, new_ledger(server) as address, Books(address) as books:
        books.grant("a", 5)
        with ThreadPoolExecutor(1) as other, owner_connection(address) as owner:
            owner.execute("BEGIN")
            owner.execute("LOCK TABLE postings IN EXCLUSIVE MODE")
            waiting = other.submit(books.grant, "b", 5)
            waiting_for_a_lock(owner)
            server.kill()
            with pytest.raises(psycopg.OperationalError):
                owner.execute("COMMIT")
            assert not waiting.done()
            server.start()
            assert waiting.result(PATIENCE) == "grant:b"
        assert saved(books) == ["grant:a", "grant:b"]
        # What was idle broke as well, and nobody notices.
        server.stop()
        server.start()
        with books.store.snapshot():
            assert len(books.events()) == 2


def test_a_server_that_stays_away_is_given_up_after_a_while() -> None:
    with Server(durable=True) as server, new_ledger(server) as address:
        store = PostgresStore(address, patience=0.3)
        server.kill()
        began = time.monotonic()
        with pytest.raises(StoreGoneError, match="does not answer"):
            store.position()
        assert 0.1 < time.monotonic() - began < 5
        with pytest.raises(StoreGoneError, match="does not answer"), store.snapshot():
            pytest.fail("a moment of a dead server was entered")
        server.start()
        assert store.position() == 0
        store.close()
