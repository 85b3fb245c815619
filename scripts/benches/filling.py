"""Large ledgers, made in bulk: whole lives of refunds that decode, link up and balance.

What is real: some lives, each of another price, are lived by the ledger itself under every rule.
Any further life is one of them under its own numbers, ids and customer, so that events, postings,
balances, claims and what is due are the rows that the rules would save; each hash is worked out
over its own event. The lives overlap: `TOGETHER` go on at once, and their events lie between each
other's, as in a shop. The last `UNDERWAY` still owe the money. `rebuild` and `verify` find nothing.

What is not: all lives have one line and one payment, go the straight way and happen in one instant;
the digests of requests and sales are those of the lives that were lived; and a thousand lives are
one transaction, so that few transaction numbers stand in the order of PostgreSQL.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from benches.common import COMPANY, SQLITE, Bench, must, say
from benches.material import Saved, Watched, a_sale, live, refund_of, rows_of, stamp
from benches.requesting import raw
from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.sql_store import key_of
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_recorder import utc_text
from refund_ledger.accounts import Account
from refund_ledger.application import RefundLedger
from refund_ledger.originals import Kind, Original, OriginalRef
from refund_ledger.refund import CallDue

FIRST = 7_000_001
"""The number of the first life; long enough to stand for nothing else."""
EVENTS = 7
"""Of a whole life, the sale's own among them."""
SOME = 4
"""Events of a life that still owes the money: the sale is credited, the receipt is not."""
TOGETHER = 1000
"""Lives that go on at once."""
UNDERWAY = 50
"""Lives at the end that are not over; at most every other one."""
OF_ONE = 10
"""Sales of one customer."""
DOCUMENTS = 4
"""That a whole life names: both halves of the sale, and the one that cancels each."""
PRICES = (10_000, 12_500, 4_990, 23_750, 8_015, 61_200, 15_555, 30_001)
"""Net, in minor units; the lives take turns."""
_CUSTOMER = "somebody"


class Rows(NamedTuple):
    """The rows of some lives, by table."""

    events: list[tuple[Any, ...]]
    postings: list[tuple[Any, ...]]
    balances: list[tuple[Any, ...]]
    claims: list[tuple[Any, ...]]
    due: list[CallDue]


class Filled(NamedTuple):
    """A ledger that was filled."""

    where: str
    events: int
    lives: int
    underway: int
    """Of the lives, those that still owe the money."""

    @property
    def documents(self) -> int:
        """Documents of the accounting system that its events name."""
        return DOCUMENTS * self.lives - self.underway


def filled(bench: Bench, engine: str, events: int) -> Filled:
    """A ledger of about so many events, made when it is first asked for, and kept for the run."""
    found = bench.kept.get((engine, events))
    if not isinstance(found, Filled):
        found = fill_lives(bench.stack.enter_context(bench.ledger(engine)), events)
        bench.kept[engine, events] = found
    return found


def fill_lives(where: str, events: int) -> Filled:
    """Fill an empty ledger with lives of about so many events."""
    begun = time.perf_counter()
    lives = max(events // EVENTS, 1)
    whole = lives - min(UNDERWAY, lives // 2)
    templates = [_Template(net) for net in PRICES]
    is_file, count = where.startswith(SQLITE), 0
    with closing(raw(where)) as connection:
        run = connection.connection.execute
        if is_file:
            run("PRAGMA synchronous=OFF")
            run("PRAGMA cache_size=-1048576")
        for first in range(0, lives, TOGETHER):
            some = range(first, min(first + TOGETHER, lives))
            rows = _rows(templates, some, whole, 1 + count)
            count += len(rows.events)
            (_add_sqlite if is_file else _add_postgres)(connection.connection, rows)
        if is_file:
            run("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            run(
                "SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), "
                "(SELECT max(notification_id) FROM stored_events))"
            )
            for table in ("stored_events", "postings", "balances", "claims", "calls_due"):
                run(f"VACUUM ANALYZE {table}")
    took, engine = time.perf_counter() - begun, where.partition(":")[0]
    say(f"  {engine}: {count:,} events added in {took:.0f} s, {1e6 * took / count:.0f} us each")
    return Filled(where, count, lives, lives - whole)


def customer_of(life: int) -> str:
    """Who bought in a life, counted from zero."""
    return f"c{FIRST + life // OF_ONE}"


def price_of(life: int) -> int:
    """What was paid in a life, VAT included."""
    return _paid(PRICES[life % len(PRICES)])


def _paid(net: int) -> int:
    return net + net * 18 // 100


class _Template:
    """The rows of one life that was lived, to be written with other numbers."""

    def __init__(self, net: int) -> None:
        store = SqliteStore(None)
        watched = Watched(store)
        ledger = RefundLedger(watched, COMPANY)
        sale = sale_of(FIRST, net, _CUSTOMER)
        ledger.record_original(sale, stamp(), read_from="bench")
        live(ledger, FIRST)
        store.close()
        heads: dict[UUID, bytes] = {}
        self.saved = [rows for batch in watched.batches for rows in rows_of(batch, heads)]
        self.refund = str(refund_of(FIRST))
        self.ids = [str(event.event_id) for batch in watched.batches for event in batch.events]
        # The first two that name it are the command and what it belongs to.
        self.states = [
            rows.state.decode().replace('"bench"', f'"life-{FIRST}"', 2) for rows in self.saved
        ]
        must(len(self.saved) == EVENTS, self.saved)
        self.balances = {steps: _balances(self.saved[:steps]) for steps in (SOME, EVENTS)}
        self.texts = {
            text
            for rows in self.saved
            for posting in rows.postings
            for text in map(str, posting.account)
        }


def sale_of(number: int, net: int, customer: str) -> Original:
    """The sale that a life begins with."""
    sale = a_sale(number)
    (line,), (payment,) = sale.lines, sale.payments
    return sale.model_copy(
        update={
            "customer_id": customer,
            "lines": (line.model_copy(update={"net": net, "vat": _paid(net) - net}),),
            "payments": (payment.model_copy(update={"amount": _paid(net)}),),
        }
    )


def _balances(saved: Sequence[Saved]) -> dict[Account, tuple[int, int]]:
    """What each guarded account comes to in the end, and at which event it was first touched."""
    amounts: dict[Account, int] = defaultdict(int)
    first: dict[Account, int] = {}
    for number, rows in enumerate(saved):
        for account, change in rows.changes:
            amounts[account] += change
            first.setdefault(account, number)
    return {account: (amounts[account], first[account]) for account in sorted(amounts)}


class _Life:
    """One life that is written: a template under other numbers."""

    def __init__(self, template: _Template, life: int, steps: int) -> None:
        number = FIRST + life
        self.number, self.steps, self.template = number, steps, template
        self.refund = refund_of(number)
        self.sale = OriginalRef(Kind.INVOICE_RECEIPT, 2, number).stream(COMPANY)
        self._swaps = (
            (str(FIRST), str(number)),
            (template.refund, str(self.refund)),
            (template.refund[:8], str(self.refund)[:8]),
            (_CUSTOMER, customer_of(life)),
        )
        self.texts = {text: self._swapped(text) for text in template.texts}
        self.positions: list[int] = []
        self._head = NOTHING_BEFORE

    def add(self, step: int, position: int, rows: Rows) -> None:
        """Add the rows of one event."""
        saved, texts = self.template.saved[step], self.texts
        own_id = f"00000000-0000-5000-8000-{position:012x}"
        text = self._swapped(self.template.states[step]).replace(self.template.ids[step], own_id)
        stream = self.refund if step else self.sale
        stored = StoredEvent(stream, saved.version, saved.topic, text.encode())
        # Both streams of a life are linked from their beginning; the sale has a single event.
        self._head = link(self._head if step > 1 else NOTHING_BEFORE, stored)
        self.positions.append(position)
        rows.events.append((position, stream, saved.version, saved.topic, stored.state, self._head))
        rows.postings.extend(
            (position, seq, *(texts[part] for part in one.account), one.amount)
            for seq, one in enumerate(saved.postings)
        )
        rows.claims.extend(
            (COMPANY, one.half, one.series, self.number, position) for one in saved.claims
        )

    def end(self, rows: Rows) -> None:
        """Add what the events come to."""
        texts = self.texts
        rows.balances.extend(
            (
                *(texts[part] for part in key_of(account)),
                account.rule.side,
                amount,
                self.positions[at],
            )
            for account, (amount, at) in self.template.balances[self.steps].items()
        )
        due = self.template.saved[self.steps - 1].due
        rows.due.extend(replace(call, refund=self.refund) for call in due)

    def _swapped(self, text: str) -> str:
        for old, new in self._swaps:
            text = text.replace(old, new)
        return text


def _rows(templates: Sequence[_Template], lives: Iterable[int], whole: int, position: int) -> Rows:
    """The rows of lives that go on at once; those after `whole` still owe the money."""
    rows = Rows([], [], [], [], [])
    many = [
        _Life(templates[life % len(templates)], life, EVENTS if life < whole else SOME)
        for life in lives
    ]
    for step in range(EVENTS):
        for life in many:
            if step < life.steps:
                life.add(step, position, rows)
                position += 1
    for life in many:
        life.end(rows)
    return rows


# --- adding them ----------------------------------------------------------------------------------


def _add_sqlite(connection: Any, rows: Rows) -> None:
    run, many = connection.execute, connection.executemany
    run("BEGIN IMMEDIATE")
    many(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, "
        "state, hash) VALUES (?, ?, ?, ?, ?, ?)",
        ((row[0], row[1].hex, *row[2:]) for row in rows.events),
    )
    many("INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows.postings)
    many("INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows.balances)
    many("INSERT INTO claims VALUES (?, ?, ?, ?, ?)", rows.claims)
    many(
        "INSERT INTO calls_due (refund, part, company, waits, not_before) VALUES (?, ?, ?, ?, ?)",
        (
            (one.refund.hex, one.part, one.company, one.waits, utc_text(one.not_before))
            for one in rows.due
        ),
    )
    run("COMMIT")


_TYPES = {
    "stored_events (notification_id, originator_id, originator_version, topic, state, hash, era)": (
        "int8 uuid int8 text bytea bytea int4"
    ),
    "postings": "int8 int4 text text text text text text text int8",
    "balances": "text text text text text text int2 int8 int8",
    "claims": "text text int8 int8 int8",
    "calls_due (refund, part, company, waits, not_before)": "uuid text text text timestamptz",
}


def _add_postgres(connection: Any, rows: Rows) -> None:
    tables = zip(_TYPES.items(), _in_order(rows), strict=True)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        for (table, types), of_table in tables:
            with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(types.split())
                for row in of_table:
                    copy.write_row(row)


def _in_order(rows: Rows) -> Iterator[Iterable[tuple[Any, ...]]]:
    yield ((*row, 1) for row in rows.events)
    yield rows.postings
    yield rows.balances
    yield rows.claims
    yield ((one.refund, one.part, one.company, one.waits, one.not_before) for one in rows.due)
