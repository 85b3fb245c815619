"""What every database tells of the sealed tree and of what it seals, in the same words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from refund_adapters.store.heads import Head
from refund_adapters.store.kept import Kept
from refund_adapters.store.sql_store import Row, Values, time_of
from refund_adapters.store.tree import HASH_BYTES
from refund_ledger.accounts import GUARDED, RULES

PAGE = 1000
SPLIT = 1_000_000_000
"""Amounts are summed in two halves, so that one absurd amount does not overflow a whole sum."""

KEY = ("company", "kind", "subject", "customer", "item", "unit")
"""The columns that name a guarded account."""
ACCOUNT = ("company", "kind", "subject", "refund", "customer", "item", "unit")

Key = tuple[str, ...]


class Leaf(NamedTuple):
    """A leaf to add: where its event stands, and its hash."""

    position: int
    hash: bytes


class StoredHead(NamedTuple):
    """A head as its row holds it."""

    size: int
    root: bytes
    peaks: bytes


class Posted(NamedTuple):
    """A posting as its row holds it."""

    position: int | None
    seq: int | None
    account: Key
    """All seven columns."""
    amount: int | None
    sound: bool
    sealed: bool = False
    """Whether a leaf stands for its event, be the event there or not."""


class Claimed(NamedTuple):
    """A claimed document as its row holds it."""

    position: int | None
    claim: tuple[str, str, int | None, int | None]
    """Company, half, series and number."""
    sound: bool
    sealed: bool = False
    """Whether a leaf stands for its event, be the event there or not."""


class Balance(NamedTuple):
    """A guarded account whose balance is not the sum of its postings, or is no sound balance."""

    key: Key
    posted: int
    balance: int
    is_sound: bool
    """Whether the row itself is whole: a number, on the side of its kind."""


class SealedTables(ABC):
    """The leaves and heads of the tree, beside the events, postings, claims and balances.

    Every question is answered by one statement, and none of them holds a writer up.
    """

    where: str
    """The store's address, without anything secret."""

    # --- what each database does in its own way ---------------------------------------------------

    @abstractmethod
    def _rows(self, statement: str, values: Values = ()) -> list[Row]:
        """Run one question; `?` stands for a value."""

    @abstractmethod
    def events(self, *, after: int | None, stop: int, sealed: int, limit: int) -> list[Kept]:
        """Events in the order of the feed after a position, up to the newest at `stop`.

        Leaves from the number `sealed` on are passed over: they were added later.
        """

    @abstractmethod
    def add(self, first: int, leaves: Sequence[Leaf], head: Head) -> None:
        """Add leaves from the number `first` on and their head, in one short transaction.

        Raises `SealedMeanwhileError` where another sealer was first.
        """

    @abstractmethod
    def now(self) -> datetime:
        """The time by the store's clock."""

    @abstractmethod
    def _newest(self) -> str:
        """A question for the position of the last event in the order of the feed."""

    @abstractmethod
    def _bytes(self, column: str) -> str:
        """An expression for a column of bytes that reads whatever is in it."""

    @abstractmethod
    def _text(self, column: str) -> str:
        """An expression for a column of text that reads any bytes in it."""

    @abstractmethod
    def _whole(self, column: str) -> str:
        """An expression for a column that is null where it holds no whole number."""

    @abstractmethod
    def _all_text(self, columns: Iterable[str]) -> str:
        """A condition that holds where each column is text."""

    # --- the tree ---------------------------------------------------------------------------------

    def head(self) -> Head | None:
        """The newest head; None where nothing is sealed."""
        rows = self._rows(
            "SELECT size, root, peaks, sealed_at FROM tree_heads ORDER BY size DESC LIMIT 1"
        )
        for size, root, peaks, sealed_at in rows:
            joined = bytes(peaks)
            parts = [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]
            return Head(int(size), bytes(root), tuple(parts), time_of(sealed_at))
        return None

    def extent(self) -> tuple[int, int, int]:
        """Of one moment: the last event's position, how many leaves, what the newest head seals."""
        ((position, number, size),) = self._rows(
            f"SELECT ({self._newest()}), "  # noqa: S608 - our own names
            "(SELECT max(number) FROM tree_leaves), (SELECT max(size) FROM tree_heads)"
        )
        return position or 0, 0 if number is None else number + 1, size or 0

    def unsealed(self, size: int, *, limit: int, stop: int) -> list[Kept]:
        """The events after the last that is sealed, in the order of the feed."""
        last = self._rows("SELECT position FROM tree_leaves WHERE number = ?", (size - 1,))
        after = last[0][0] if last else None
        return self.events(after=after, stop=stop, sealed=size, limit=limit)

    def leaves(self, first: int, stop: int) -> list[tuple[int, bytes]]:
        """A page of the numbers and hashes of leaves, from one number to before another."""
        rows = self._rows(
            f"SELECT number, {self._bytes('hash')} FROM tree_leaves "  # noqa: S608 - our own names
            "WHERE number >= ? AND number < ? ORDER BY number LIMIT ?",
            (first, stop, PAGE),
        )
        return [(row[0], bytes(row[1])) for row in rows]

    def heads(self, after: int) -> list[StoredHead]:
        """A page of the heads above a size, in order."""
        rows = self._rows(
            f"SELECT size, {self._bytes('root')}, {self._bytes('peaks')} FROM tree_heads "  # noqa: S608 - our own names
            "WHERE size > ? ORDER BY size LIMIT ?",
            (after, PAGE),
        )
        return [StoredHead(row[0], bytes(row[1]), bytes(row[2])) for row in rows]

    def leaves_without_event(self, sealed: int) -> tuple[int, int, int] | None:
        """How many leaves have no event, and the number and position of the first of them."""
        condition = (
            "FROM tree_leaves WHERE number < ? AND NOT EXISTS "
            "(SELECT 1 FROM stored_events WHERE notification_id = tree_leaves.position)"
        )
        first = self._rows(
            f"SELECT number, position {condition} ORDER BY number LIMIT 1", (sealed,)
        )
        for number, position in first:
            ((count,),) = self._rows(f"SELECT count(*) {condition}", (sealed,))
            return count, number, position
        return None

    # --- what the events mean ---------------------------------------------------------------------

    def postings_of(self, positions: Sequence[int]) -> list[Posted]:
        """The postings of some events, in order."""
        return self._postings(f"position IN ({','.join('?' * len(positions))})", positions)

    def postings_without_event(self) -> list[Posted]:
        """Postings of no event."""
        return self._postings(_without_event("postings"), ())

    def _postings(self, condition: str, values: Values) -> list[Posted]:
        columns = ", ".join(map(self._text, ACCOUNT))
        rows = self._rows(
            f"SELECT {self._whole('position')}, {self._whole('seq')}, {columns}, "  # noqa: S608 - our own names
            f"{self._whole('amount')}, {self._all_text(ACCOUNT)}, {_sealed('postings')} "
            f"FROM postings WHERE {condition} ORDER BY position, seq",
            values,
        )
        return [
            Posted(row[0], row[1], _texts(row[2:9]), row[9], bool(row[10]), bool(row[11]))
            for row in rows
        ]

    def claims_of(self, positions: Sequence[int]) -> list[Claimed]:
        """The documents that some events claim, in order."""
        return self._claims(f"position IN ({','.join('?' * len(positions))})", positions)

    def claims_without_event(self) -> list[Claimed]:
        """Claims of no event."""
        return self._claims(_without_event("claims"), ())

    def _claims(self, condition: str, values: Values) -> list[Claimed]:
        rows = self._rows(
            f"SELECT {self._whole('position')}, {self._text('company')}, {self._text('half')}, "  # noqa: S608 - our own names
            f"{self._whole('series')}, {self._whole('number')}, "
            f"{self._all_text(('company', 'half'))}, {_sealed('claims')} "
            f"FROM claims WHERE {condition} "
            "ORDER BY position, half, series, number",
            values,
        )
        return [
            Claimed(
                row[0],
                (text_of(row[1]), text_of(row[2]), row[3], row[4]),
                bool(row[5]),
                bool(row[6]),
            )
            for row in rows
        ]

    def balances_that_differ(self) -> list[Balance]:
        """Guarded accounts whose balance is not the sum of their postings, in key order."""
        names = ", ".join(KEY)
        amount = f"coalesce({self._whole('amount')}, 0)"
        balance = f"coalesce({self._whole('balance')}, 0)"
        is_whole = f"CASE WHEN {self._whole('balance')} IS NULL THEN 0 ELSE 1 END"
        is_right = f"CASE WHEN side = {_SIDE} THEN 1 ELSE 0 END"
        rows = self._rows(
            f"SELECT {', '.join(map(self._text, KEY))}, "  # noqa: S608 - our own names
            "sum(high), sum(low), sum(kept_high), sum(kept_low), min(sound) "
            f"FROM (SELECT {names}, {amount} / {SPLIT} AS high, {_low(amount)} AS low, "
            "0 AS kept_high, 0 AS kept_low, 1 AS sound "
            f"FROM postings WHERE kind IN ({_GUARDED}) UNION ALL "
            f"SELECT {names}, 0, 0, {balance} / {SPLIT}, {_low(balance)}, "
            f"{is_whole} * {is_right} FROM balances) AS compared GROUP BY {names} "
            f"HAVING (sum(high) - sum(kept_high)) * {SPLIT} + sum(low) - sum(kept_low) <> 0 "
            f"OR min(sound) = 0 ORDER BY {names}",
        )
        return [_balance(row) for row in rows]


def _without_event(table: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM stored_events WHERE notification_id = {table}.position)"  # noqa: S608 - our own names


def _sealed(table: str) -> str:
    return f"EXISTS (SELECT 1 FROM tree_leaves WHERE tree_leaves.position = {table}.position)"  # noqa: S608 - our own names


def _low(amount: str) -> str:
    """What an amount leaves over the whole thousand millions."""
    return f"{amount} - {amount} / {SPLIT} * {SPLIT}"


def _texts(columns: Iterable[Any]) -> Key:
    return tuple(text_of(column) for column in columns)


def text_of(column: bytes | str) -> str:
    """A column of text, read so that bytes that are no text do no harm."""
    return column if isinstance(column, str) else column.decode("utf-8", "surrogateescape")


def _balance(row: Row) -> Balance:
    high, low, kept_high, kept_low, sound = map(int, row[len(KEY) :])
    return Balance(
        key=_texts(row[: len(KEY)]),
        posted=high * SPLIT + low,
        balance=kept_high * SPLIT + kept_low,
        is_sound=bool(sound),
    )


_GUARDED = ", ".join(f"'{kind}'" for kind in sorted(GUARDED))
_CREDITS = ", ".join(f"'{kind}'" for kind in sorted(GUARDED) if RULES[kind].side < 0)
_SIDE = f"CASE WHEN kind IN ({_CREDITS}) THEN -1 ELSE 1 END"
