"""The balance of one customer in ledgers of growing size; it must not grow with the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

from benches.common import (
    COMPANY,
    ENGINES,
    POSTGRES,
    SQLITE,
    Bench,
    Goal,
    Judged,
    Pairs,
    Result,
    median_of,
    must,
    opened,
    paired,
    say,
)
from benches.requesting import raw, together
from refund_adapters.questions import Questions
from refund_adapters.store.opening import open_store

OF_ONE = 50
"""Postings of one customer, five of them credits and five debts; they lie far apart."""

_NUMBERS = {
    SQLITE: """
WITH RECURSIVE up(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM up WHERE n + 1 < {end})
SELECT n FROM up""",
    POSTGRES: "SELECT n FROM generate_series({first}, {end} - 1) AS n",
}
_POSTINGS = """
INSERT INTO postings SELECT n / 4 + 1, n % 4, '{company}', {kind}, 'invoice:1/' || n, '',
  '' || ({base} + n % {customers}), '', 'ILS', {amount} FROM ({numbers}) AS numbers
"""
_BALANCES = """
INSERT INTO balances SELECT '{company}', {kind}, 'invoice:1/' || n,
  '' || ({base} + n % {customers}), '', 'ILS', {side}, {amount}, n / 4 + 1
  FROM ({numbers}) AS numbers WHERE {turn} IN (0, 1)
"""


class _Asks:
    """Asks for the balance of one customer after another."""

    def __init__(self, where: str) -> None:
        self._store = open_store(where)
        self._questions = Questions(self._store, COMPANY)

    def prepare(self, number: int) -> str:
        """A customer."""
        return str(number)

    def call(self, prepared: str) -> object:
        """Ask; a customer of this ledger has something."""
        found = self._questions.balances(customer_id=prepared)
        must(bool(found), prepared)
        return found

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def balances(bench: Bench) -> Iterator[Result]:
    """Measure at each size against the smallest, which is measured before and after it."""
    sizes = (10**4, 10**5) if bench.quick else (10**5, 10**6, 10**7)
    for engine in ENGINES:
        with bench.ledger(engine) as smallest, bench.ledger(engine) as growing:
            _grow(smallest, 0, sizes[0])
            had = 0
            for size in sizes[1:]:
                _grow(growing, had, size)
                had = size
                pairs = _compared(bench, smallest, sizes[0], growing, size)
                yield pairs.result(median_of, unit="ms", goal=Goal(2, at_most=True))
                yield pairs.result(median_of, unit="ms", goal=Goal(5, at_most=True, of=Judged.OURS))


def _compared(bench: Bench, smallest: str, least: int, growing: str, size: int) -> Pairs:
    count = bench.size(300, 60)
    return paired(
        f"balance of one customer, {growing.partition(':')[0]}",
        f"{size:,} postings",
        f"the same at {least:,} postings",
        ours=lambda: together(lambda: _Asks(growing), 1, _customers(size, count)),
        baseline=lambda: together(lambda: _Asks(smallest), 1, _customers(least, count)),
        rounds=bench.rounds,
    )


def _customers(size: int, count: int) -> list[int]:
    """Customers of a ledger of a size, far apart."""
    customers = size // OF_ONE
    return [1 + number * 7919 % customers for number in range(count)]


def _grow(where: str, had: int, size: int) -> None:
    """Add postings and balances until there are so many; the new ones are of new customers."""
    begun = time.perf_counter()
    turn = f"(n / {(size - had) // OF_ONE} % 10)"
    fields = {
        "company": COMPANY,
        "kind": f"CASE {turn} WHEN 0 THEN 'credit' WHEN 1 THEN 'open' ELSE 'uncovered' END",
        "amount": f"CASE {turn} WHEN 0 THEN -100 ELSE 100 END",
        "side": f"CASE {turn} WHEN 0 THEN -1 ELSE 1 END",
        "base": 1 + had // OF_ONE,
        "customers": (size - had) // OF_ONE,
        "turn": turn,
    }
    numbers = _NUMBERS[where.partition(":")[0]].format(first=had, end=size)
    with closing(raw(where)) as bare:
        run = bare.connection.execute
        if where.startswith("sqlite"):
            run("PRAGMA synchronous=OFF")
            run("PRAGMA cache_size=-524288")
        for statement in (_POSTINGS, _BALANCES):
            run(statement.format(**fields, numbers=numbers))
        if where.startswith("sqlite"):
            run("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            run("VACUUM ANALYZE postings")
            run("VACUUM ANALYZE balances")
    engine = where.partition(":")[0]
    say(f"  {engine}: {size - had:,} postings added in {time.perf_counter() - begun:.0f} s")
    with opened(where) as store:
        found = Questions(store, COMPANY).balances(customer_id=str(fields["base"]))
        must(bool(found), "a customer has no balance")
