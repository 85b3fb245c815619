"""A ledger that comes to another cluster or timeline is written again only when it was adopted."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from refund_adapters.store.errors import EraError, ReadOnlyStoreError, SchemaError
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_migrations import adopt, migrate
from support.books import Books
from support.ledger_servers import (
    OWNER,
    SERVICE,
    address_of,
    new_ledger,
    owner_connection,
    owner_of,
)
from support.postgres import Server, new_database
from support.postgres_found import Installation, available
from support.stores import broken_links, dump, kept_events

USED_UP = "DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
"""Transaction numbers that a new cluster will give again."""
NOT_YET = "was restored or promoted; go on here with `refund-ledger store adopt`, then compare"


def references(books: Books) -> list[str]:
    """Which grants there are, in the order of the feed."""
    return [str(getattr(event, "reference", "")) for event in books.events()]


def eras(address: str) -> list[tuple[int, str]]:
    """Each era and why it was opened."""
    with owner_connection(address) as owner:
        found = owner.execute("SELECT era, why FROM eras ORDER BY era").fetchall()
    return [(row[0], row[1]) for row in found]


# --- another cluster ------------------------------------------------------------------------------


@contextmanager
def restored(server: Server, address: str, into: Server) -> Iterator[str]:
    """A ledger dumped from one cluster and restored into another; its address for the service."""
    programs = server._programs
    file = server.folder / "ledger.dump"
    source = Address.parse(address)
    dbname = conninfo_to_dict(source.conninfo)["dbname"]
    with new_database(into) as dsn:
        commands: tuple[list[str | Path], ...] = (
            [programs / "pg_dump", "-Fc", "-f", file, "-d", server.dsn(str(dbname))],
            [programs / "pg_restore", "--exit-on-error", "--no-privileges", "-d", dsn, file],
        )
        for command in commands:
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert (run.returncode, run.stderr) == (0, "")
        migrate(owner_of(address_of(dsn)), service=SERVICE)
        yield address_of(dsn)


@pytest.mark.parametrize("installation", available(), ids=str)
def test_a_restored_ledger_is_not_written_before_it_was_adopted(
    installation: Installation,
) -> None:
    with Server(installation) as old, Server(installation) as new, new_ledger(old) as address:
        with owner_connection(address) as owner:
            owner.execute(USED_UP)
        with Books(address) as books:
            books.grant("a", 500)
            books.ask("k", kind="credit", customer_id="7", amount=200, method="cash")
            books.grant("b", 5)
            before = dump(books.store)
        with restored(old, address, new) as there:
            with pytest.raises(EraError, match=NOT_YET):
                PostgresStore(there)
            with owner_connection(there) as owner:
                # As a copy made row by row leaves it behind.
                owner.execute("ALTER TABLE stored_events ALTER notification_id RESTART WITH 1")
            assert adopt(owner_of(there), why="the old server burned") == 2
            assert adopt(owner_of(there), why="once more") == 2
            assert eras(there) == [(1, "the first"), (2, "the old server burned")]
            with Books(there, minutes=50) as books:
                # Their transaction numbers are ahead of this cluster's, and they come all the same.
                assert references(books) == ["a", "", "b"]
                books.grant("c", 7)
                books.grant("d", 7)
                assert references(books) == ["a", "", "b", "c", "d"]
                last = before["stored_events"]
                assert books.store.position() > max(row[4] for row in last)
                after = dump(books.store)
                assert [row for row in after["stored_events"] if row in last] == last
                assert numbers_went_back(there)
                assert [p for p, _ in books.store.events(after=2)] == positions(there)[2:]
                assert broken_links(kept_events(books.store)) == []
                books.check()


def numbers_went_back(address: str) -> bool:
    """Whether a later event has a lower transaction number, or the test would prove nothing."""
    with owner_connection(address) as owner:
        row = owner.execute(
            "SELECT max(xid) FILTER (WHERE era = 1) > max(xid) FILTER (WHERE era = 2) "
            "FROM stored_events"
        ).fetchone()
    return row == (True,)


def positions(address: str) -> list[int]:
    """Every position in the order in which they were given."""
    with owner_connection(address) as owner:
        found = owner.execute("SELECT notification_id FROM stored_events ORDER BY 1").fetchall()
    return [row[0] for row in found]


def test_only_tables_of_this_version_are_adopted(postgres_database: str) -> None:
    owner = Address.parse(address_of(postgres_database, user=OWNER))
    with pytest.raises(SchemaError, match="forward first, with `refund-ledger store migrate"):
        adopt(owner, why="too early")


def test_nothing_is_adopted_where_nothing_changed(postgres_ledger: str) -> None:
    assert adopt(owner_of(postgres_ledger), why="by mistake") == 1
    assert eras(postgres_ledger) == [(1, "the first")]


# --- another timeline -----------------------------------------------------------------------------


def test_a_cluster_that_recovered_to_another_timeline_stops_its_writers() -> None:
    with (
        Server(settings={"restore_command": "/bin/false"}) as server,
        new_ledger(server) as address,
        Books(address) as books,
    ):
        books.grant("a", 5)
        server.stop()
        signal_file(server, "recovery.signal")
        server.start()
        out_of_recovery(server)
        # The store was open all the time; its next connection meets the new timeline.
        with pytest.raises(EraError, match=NOT_YET):
            books.grant("b", 5)
        with pytest.raises(EraError, match=NOT_YET):
            PostgresStore(address)
        assert adopt(owner_of(address), why="recovered to this morning") == 2
        books.grant("b", 5)
        assert references(books) == ["a", "b"]


def test_a_standby_is_read_and_after_its_promotion_not_written_by_who_was_there_before() -> None:
    with Server() as server, new_ledger(server) as address:
        with Books(address) as books:
            books.grant("a", 5)
        server.stop()
        signal_file(server, "standby.signal")
        server.start()
        with Books(address) as books:
            assert references(books) == ["a"]
            with pytest.raises(ReadOnlyStoreError, match="can only be read"):
                books.grant("b", 5)
            with psycopg.connect(server.dsn(), autocommit=True) as superuser:
                assert superuser.execute("SELECT pg_promote()").fetchone() == (True,)
            # Its connection outlived the promotion, and is judged inside the save.
            with pytest.raises(EraError, match="was promoted to another timeline"):
                books.grant("b", 5)
            assert references(books) == ["a"]
            assert adopt(owner_of(address), why="promoted") == 2
            books.grant("b", 5)
            assert references(books) == ["a", "b"]


def out_of_recovery(server: Server) -> None:
    """Wait until a server that recovers can be written."""
    deadline = time.monotonic() + 30
    with psycopg.connect(server.dsn(), autocommit=True) as superuser:
        while superuser.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            assert time.monotonic() < deadline
            time.sleep(0.005)


def signal_file(server: Server, name: str) -> Path:
    """Ask a stopped server to come back in another way; the file belongs to whoever runs it."""
    path = server.folder / "data" / name
    path.touch()
    owner = (server.folder / "data").stat()
    # The server takes the file away itself when it is done.
    os.chown(path, owner.st_uid, owner.st_gid)
    return path
