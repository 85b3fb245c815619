"""A store on a server: what is PostgreSQL's alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from refund_adapters.store import sql_store
from refund_adapters.store.errors import StoreGoneError
from refund_adapters.store.postgres import PostgresStore
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import StreamMovedError
from refund_ledger.events import Part
from refund_ledger.refund import Waits
from refund_ledger.storing import Append
from support.books import MORNING, Books, a_cash_sale, a_line
from support.ledger_servers import owner_connection
from support.stores import broken_links, dump, kept_events, rows

Owner = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def books(postgres_ledger: str) -> Iterator[Books]:
    """Empty books on a server."""
    with Books(postgres_ledger) as opened:
        yield opened


@pytest.fixture
def owner(postgres_ledger: str) -> Iterator[Owner]:
    """The owner of the ledger."""
    with owner_connection(postgres_ledger) as connection:
        yield connection


def test_a_store_says_where_it_is_and_not_as_whom(books: Books) -> None:
    assert re.fullmatch(r"postgresql://%2F\S+:5432/test_\w+\?schema=acme", books.store.where)
    assert "refund_service" not in books.store.where


def test_a_whole_story_is_the_same_as_in_a_file(books: Books) -> None:
    with Books() as memory:
        for each in (books, memory):
            sale = str(each.record(a_cash_sale(1, a_line(1, 1_000, 170), a_line(2, 333, 57))))
            each.grant("a", 500)
            first = each.ask("a", original=sale, amount=900)
            each.book(first, Part.INVOICE)
            each.doubt(first, Part.RECEIPT)
            each.ask("c", kind="credit", customer_id="7", amount=500, method="cash")
            each.reduce("a", 100)
        assert shape(books) == shape(memory)
        there, here = dump(books.store), dump(memory.store)
        for table in ("postings", "claims"):
            assert there[table] == here[table]
        assert [one.hex() for *_, one in kept_events(books.store)] != []
        # A server also has rows for what was seen and never changed, which nobody is told of.
        asked = (
            "SELECT company, kind, subject, customer, item, unit, balance, since FROM balances "
            "WHERE since < 9223372036854775807 ORDER BY 1, 2, 3, 4, 5, 6"
        )
        assert rows(books.store, asked) == rows(memory.store, asked)


def shape(books: Books) -> list[object]:
    """All that a store tells of itself in its own words, but for ids that are drawn anew."""
    store = books.store
    events = [(at, e.TOPIC, e.originator_id, e.originator_version) for at, e in store.events()]
    return [
        events,
        list(store.postings("acme")),
        store.sums("acme"),
        store.balances("acme"),
        store.credits("acme", "7", "ILS"),
        [store.total("acme", kind) for kind in AccountKind],
        store.due("acme", *Waits),
    ]


@pytest.mark.parametrize(
    ("table", "index"),
    [("postings", "postings_of_customer"), ("balances", "balances_of_customer")],
)
def test_a_question_about_a_customer_reads_no_other_customer_s_rows(
    owner: Owner, table: str, index: str
) -> None:
    asked = {"company": "acme", "kind": "open", "customer": "7", "unit": "ILS"}
    where, values = sql_store._fits(asked)
    owner.execute("SET enable_seqscan = off")
    question = f"EXPLAIN SELECT * FROM {table} WHERE {where}"  # noqa: S608 - our own columns
    plan = owner.execute(question.replace("?", "%s").encode(), values).fetchall()
    assert any(index in line for (line,) in plan)


def test_text_sorts_by_its_bytes_as_in_a_file(books: Books) -> None:
    with Books() as memory:
        for each in (books, memory):
            for name in ("ä", "Z", "a", "B", "-", "שלום"):
                each.grant(name, 5, customer_id=name)
        assert books.store.sums("acme") == memory.store.sums("acme")


def test_a_save_of_several_batches_is_saved_whole_or_not_at_all(books: Books) -> None:
    with Books(minutes=5) as elsewhere:
        elsewhere.grant("a", 5)
        elsewhere.grant("b", 5)
        one, two = ([event] for event in elsewhere.saved)
    batches = [Append(events=tuple(one)), Append(events=tuple(two))]
    books.store.append(*batches)
    assert len(books.events()) == 2
    before = dump(books.store)
    with pytest.raises(StreamMovedError, match="another writer added to the stream first"):
        books.store.append(*reversed(batches))
    assert dump(books.store) == before
    books.check()


def test_threads_save_at_once_and_every_save_is_kept(books: Books) -> None:
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait(30)
        for turn in range(10):
            books.grant(f"{number}/{turn}", 5)

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(work, range(8)))
    assert books.total(AccountKind.CREDIT) == 8 * 10 * 5
    assert broken_links(kept_events(books.store)) == []
    books.check()


def test_a_moment_that_breaks_off_is_not_begun_again(books: Books, owner: Owner) -> None:
    books.grant("a", 5)

    def read_while_it_breaks() -> None:
        with books.store.snapshot():
            assert books.store.position() == 1
            end_the_service(owner)
            books.store.position()

    with pytest.raises(StoreGoneError, match="does not answer"):
        read_while_it_breaks()
    assert books.store.position() == 1


def test_whoever_is_idle_inside_a_save_is_ended_by_the_server(books: Books, owner: Owner) -> None:
    # A writer that hangs would keep all that follows from the readers of the feed.
    assert isinstance(books.store, PostgresStore)
    with books.store.recorder.datastore.get_connection() as connection:
        connection.execute("SET idle_in_transaction_session_timeout = '50ms'")
        connection.execute("BEGIN")
        connection.execute("SELECT pg_current_xact_id()")
        pid = connection.info.backend_pid
        gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        for _ in range(1000):
            if owner.execute(gone, (pid,)).fetchone() == (0,):
                break
            owner.execute("SELECT pg_sleep(0.01)")
        assert owner.execute(gone, (pid,)).fetchone() == (0,)
    books.grant("a", 5)


def end_the_service(owner: Owner) -> None:
    """End every process of the service in this database."""
    owner.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_what_is_taken_in_hand_is_nobody_else_s_while_another_takes(
    postgres_ledger: str, owner: Owner
) -> None:
    later = MORNING + timedelta(days=1)
    with Books(postgres_ledger) as books:
        refunds = [
            books.ask(f"k{number}", kind="goodwill", customer_id="7", amount=10)
            for number in range(4)
        ]
        store = PostgresStore(postgres_ledger, now=lambda: later)
        with owner.transaction():
            first = "SELECT refund FROM calls_due ORDER BY not_before LIMIT 2 FOR UPDATE"
            held = {row[0] for row in owner.execute(first.encode())}
            # Somebody is taking two at this moment: the others are had without waiting.
            taken = store.take("acme", Waits.SEND, worker="anna", seconds=9, limit=9)
            assert {call.refund for call in taken} == set(refunds) - held
        store.close()
