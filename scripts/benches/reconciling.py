"""A ledger's documents compared with an export of the accounting system, as many on each side.

The baseline reads both once: every event of the ledger and every row of the export, as the
documents that they tell of. A comparison has to bring both into one order besides, and to judge
each pair. Two lines without a goal set it beside less: events and rows of which nobody made
documents, and bare JSON.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, date
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from benches.common import (
    COMPANY,
    SQLITE,
    Bench,
    Goal,
    Result,
    microseconds_of,
    must,
    opened,
    paired,
    timed,
)
from benches.filling import FIRST, Filled, customer_of, filled, price_of
from benches.material import AT, a_sale
from benches.requesting import raw
from refund_adapters.desk import Desk
from refund_adapters.files import rows_of
from refund_adapters.reconcile.reconciling import Reconciler
from refund_adapters.reconcile.sources import listed_of_row
from refund_adapters.store.sql_store import SqlStore
from refund_projections.known_documents import KnownDocuments
from refund_projections.sides import Conventions, Period

MILLION = 1_750_000
"""Events that name about a million documents; a larger ledger says no more."""
CONVENTIONS = Conventions(zone=UTC, credit_types=frozenset({3}))
GOAL = Goal(3, at_most=True)
PERIOD = Period(date(2026, 1, 1), date(2026, 12, 31))


def reconcile(bench: Bench) -> Iterator[Result]:
    """Compare, beside one reading of both sides."""
    ledger = filled(bench, SQLITE, min(bench.most, MILLION))
    with tempfile.TemporaryDirectory() as folder, opened(ledger.where) as store:
        path = Path(folder) / "export.jsonl"
        export(ledger, path)

        def documents() -> None:
            known = KnownDocuments(COMPANY, CONVENTIONS)
            deque(known.read(event for _, event in store.events()), 0)
            rows(lambda row: listed_of_row(row, CONVENTIONS, home_currency="ILS"))

        def rows(make: Callable[[Mapping[str, Any]], object]) -> None:
            made = (make(one.row) for one in rows_of(path) if one.row is not None)
            must(sum(1 for _ in made) == ledger.documents, "rows are missing")

        def nothing() -> None:
            deque(store.events(), 0)
            rows(dict)

        def bare() -> None:
            _bare(ledger)
            rows(dict)

        sides = (
            ("one reading of both sides' documents", documents, GOAL),
            ("one reading of events and rows", nothing, None),
            ("a bare cursor with JSON decode, and the rows", bare, None),
        )
        for against, read, goal in sides:
            yield paired(
                "reconcile with an export",
                f"{ledger.documents:,} documents on each side, each",
                against,
                ours=lambda: timed(ledger.documents, lambda: compare(store, ledger, path)),
                baseline=lambda read=read: timed(  # type: ignore[misc]
                    ledger.documents, read
                ),
                rounds=bench.rounds if goal else 1,
            ).result(microseconds_of, unit="us", goal=goal)


def compare(store: SqlStore, ledger: Filled, path: Path) -> None:
    """Compare a filled ledger with the export of it; nothing may differ."""
    desk = Desk(store, company=COMPANY, actor="bench")
    outcome = Reconciler(desk).with_file(path, PERIOD, CONVENTIONS, home_currency="ILS")
    must(outcome.run.matched == ledger.documents, outcome.run)
    must(outcome.clean, outcome.run)


def export(ledger: Filled, path: Path) -> None:
    """Write the documents of a filled ledger as the accounting system lists them."""
    with path.open("w", encoding="utf-8") as file:
        for life in range(ledger.lives):
            whole = life < ledger.lives - ledger.underway
            for half in ("document", "receipt"):
                file.write(_row(half, life))
                if whole or half == "document":
                    file.write(_row(half, life, refund=True))


def _row(half: str, life: int, *, refund: bool = False) -> str:
    series, sign, day = (3, "-", AT.date()) if refund else (2, "", a_sale(1).issued_on)
    whole, rest = divmod(price_of(life), 100)
    return (
        f'{{"half":"{half}","type":{series},"number":{FIRST + life},"date":"{day}",'
        f'"customer_id":"{customer_of(life)}","currency":"ILS",'
        f'"amount":"{sign}{whole}.{rest:02}"}}\n'
    )


def _bare(ledger: Filled) -> None:
    with closing(raw(ledger.where)) as bare:
        for (state,) in bare.connection.execute("SELECT state FROM stored_events"):
            from_json(state)
