"""What follows from the events is made anew, and is then exactly what it was before any damage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from psycopg.sql import SQL, Identifier

from projections.histories import COMPANY, play
from refund_adapters.questions import Questions
from refund_adapters.store.errors import ReadOnlyStoreError
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.swapping import Fresh, swap_postgres
from refund_ledger.refund import Waits
from refund_ledger.storing import Append
from refund_projections.rebuild import AccountDiffers
from support.books import Books
from support.ledger_servers import OWNER
from support.remembering import remembering
from support.stores import rows


def told(store: SqlStore) -> tuple[object, ...]:
    """Everything that follows from the events."""
    return (
        list(store.postings(COMPANY)),
        store.balances(COMPANY),
        store.credits(COMPANY, "7", "ILS"),
        store.due(COMPANY, *Waits),
    )


def filled(store: SqlStore) -> SqlStore:
    """Save a long random history, save by save."""
    saved: dict[str, list[object]] = {}
    history = play(7, 120)
    for _, event in history.store.events():
        saved.setdefault(event.command_id, []).append(event)
    for events in saved.values():
        refunds = {event.originator_id for event in events}  # type: ignore[attr-defined]
        calls = {
            refund: tuple(c for c in history.store.due(COMPANY, *Waits) if c.refund == refund)
            for refund in refunds
        }
        store.append(Append(tuple(events), due=calls))  # type: ignore[arg-type]
    return store


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteStore]:
    """A file with a history in it."""
    store = SqliteStore(str(tmp_path / "refunds.db"))
    filled(store)
    yield store
    store.close()


DAMAGE = (
    "UPDATE balances SET balance = balance + side",
    "DELETE FROM balances WHERE kind = 'credit'",
    "DELETE FROM calls_due",
    "UPDATE postings SET amount = amount + 1 WHERE seq = 0",
    "DELETE FROM postings WHERE position = 3",
)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_is_as_the_events_say_again(file: SqliteStore, damage: str) -> None:
    before = told(file)
    for name in ("postings_stay", "postings_remain"):
        rows(file, f"DROP TRIGGER {name}")
    rows(file, damage)
    assert not Questions(file, COMPANY).rebuild().equal
    done = file.swap()
    assert told(file) == before
    assert Questions(file, COMPANY).rebuild().equal
    assert done.events == file.position()
    assert done.postings == len(list(file.postings(COMPANY)))
    with pytest.raises(Exception, match="postings are append-only"):
        rows(file, "DELETE FROM postings")


def test_the_first_posting_that_parts_from_its_event_is_named(file: SqliteStore) -> None:
    rows(file, "DROP TRIGGER postings_stay")
    ((position, kind),) = rows(
        file, "SELECT position, kind FROM postings WHERE position > 4 ORDER BY 1, seq LIMIT 1"
    )
    rows(file, "UPDATE postings SET amount = amount + 1 WHERE position = ? AND seq = 0", position)
    rebuilt = Questions(file, COMPANY).rebuild()
    apart = [one for one in rebuilt.differences if isinstance(one, AccountDiffers)]
    assert [(one.account.kind, one.appears_at) for one in apart] == [(kind, position)]
    assert f"they part at position {position}" in str(apart[0])


def test_a_server_is_as_the_events_say_again(postgres_ledger: str) -> None:
    store = remembering(postgres_ledger)
    filled(store)
    before = told(store)
    owner = Address.parse(postgres_ledger.replace("refund_service@", f"{OWNER}@"))
    with psycopg.connect(owner.conninfo, autocommit=True) as connection:
        connection.execute(SQL("SET search_path = {}").format(Identifier(owner.schema)))
        connection.execute("ALTER TABLE postings DISABLE TRIGGER USER")
        for damage in DAMAGE:
            connection.execute(damage.encode())
        connection.execute("ALTER TABLE postings ENABLE TRIGGER USER")
        assert not Questions(store, COMPANY).rebuild().equal
        swap_postgres(owner)
        assert told(store) == before
        assert Questions(store, COMPANY).rebuild().equal
        with pytest.raises(psycopg.Error, match="append-only"):
            connection.execute("DELETE FROM postings")
    with pytest.raises(ReadOnlyStoreError, match="refuses this user; run it as the owner"):
        swap_postgres(Address.parse(postgres_ledger))
    store.close()


def test_a_balance_is_as_old_as_its_lowest_position_whatever_the_order_of_the_feed() -> None:
    with Books() as books:
        source = books.grant("late", 5)
        books.reduce("late", 2)
        sooner, later = (stored for _, stored in stored_events(books))
    fresh = Fresh()

    fresh.rows([(9, sooner), (8, later)])

    (credit,) = (row for row in fresh.balances() if row[2] == source)
    assert credit[-2:] == (-3, 8)


def stored_events(books: Books) -> list[tuple[int, StoredEvent]]:
    """Everything that is stored, with its positions."""
    return [one for page in books.store._pages(0, None) for one in page]
