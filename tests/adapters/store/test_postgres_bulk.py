"""A group saved on a server is what its commands save one by one, to the row and to the hash."""

from __future__ import annotations

from contextlib import closing
from itertools import count

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.application import RefundLedger
from support.books import a_line, an_invoice
from support.scenes import Scene, scenes
from support.stores import broken_links, kept_events
from support.twins import (
    TERMS,
    record_each,
    recordings,
    request_each,
    requests,
    said,
    stamps,
    told,
)

SALE = "invoice_receipt:2/1"


def test_what_a_group_comes_to_on_a_server_is_what_each_alone_does(postgres_ledger: str) -> None:
    server = PostgresStore(postgres_ledger)
    companies = count()

    @given(scenes(), st.integers(2, 6))
    @settings(max_examples=40)
    def check(scene: Scene, at_once: int) -> None:
        books, before, file = scene
        company = f"company {next(companies)}"
        alone = SqliteStore(None)
        one, many = (RefundLedger(store, company, TERMS) for store in (alone, server))
        found, imported = recordings(books, company), stamps(len(books), "import")
        recorded = many.record_many(found, imported, read_from="books")
        assert list(map(said, recorded)) == record_each(one, found, imported)
        asks = requests([*before, *file], company)
        asked = stamps(len(asks), "request")
        answers: list[object] = []
        for start in range(0, len(asks), at_once):
            some = slice(start, start + at_once)
            answers += many.request_many(asks[some], asked[some])
        assert list(map(said, answers)) == request_each(one, asks, asked)
        assert told(server, company) == told(alone, company)
        alone.close()

    with closing(server):
        check()
        assert broken_links(kept_events(server)) == []


# --- a server that goes away ----------------------------------------------------------------------


def test_a_group_whose_answer_is_lost_is_saved_once(postgres_ledger: str) -> None:
    class Losing(PostgresStore):
        """Its connection breaks once, just after a group was written."""

        lost = False

        def _write(self, write: object, first: object) -> None:
            def and_lose(cursor: psycopg.Cursor[object]) -> None:
                write(cursor)  # type: ignore[operator]
                if not self.lost:
                    self.lost = True
                    cursor.connection.close()
                    raise psycopg.OperationalError("the connection is lost")

            super()._write(and_lose, first)  # type: ignore[arg-type]

    with closing(Losing(postgres_ledger)) as store:
        ledger = RefundLedger(store, "acme")
        found = [an_invoice(n, a_line(1, 100)) for n in range(1, 4)]
        answers = ledger.record_many(found, stamps(3, "r"), read_from="a file")
        assert answers == [True, True, True]
        assert store.lost
        assert [event.originator_version for _, event in store.events()] == [1, 1, 1]
