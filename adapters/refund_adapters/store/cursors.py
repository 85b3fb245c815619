"""Cursors: the name of the last event that a reader of the feed has, to go on after it."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from refund_adapters.fields import short
from refund_ledger.errors import InvalidInputError, LedgerError

VERSION = "1"
MARK_BYTES = 8
_TEXT = re.compile(rf"{VERSION}-([1-9][0-9]{{0,18}})-([0-9a-f]{{{2 * MARK_BYTES}}})", re.ASCII)
_HIGHEST = 2**63 - 1


class RewoundError(LedgerError):
    """The event that a cursor names is not in the store any more; nothing after it was read."""


class Cursor(NamedTuple):
    """Names one event by its position and the first bytes of its hash.

    A name and not a bound: positions are given before a save is sure, and are given again where a
    store was restored from an older copy. Only the event that has both is the one that was read.
    """

    position: int
    mark: bytes

    @classmethod
    def of(cls, position: int, digest: bytes) -> Self:
        """The cursor of an event, from its position and its stored hash."""
        return cls(position, digest[:MARK_BYTES])

    @classmethod
    def parse(cls, text: str, *, field: str = "after") -> Self:
        """Read what a reader kept; raises `InvalidInputError`."""
        found = _TEXT.fullmatch(text)
        if found is None or int(found[1]) > _HIGHEST:
            raise InvalidInputError(
                field, f"expected the cursor of an event, as the feed gave it, got {short(text)}"
            )
        return cls(int(found[1]), bytes.fromhex(found[2]))

    def __str__(self) -> str:
        return f"{VERSION}-{self.position}-{self.mark.hex()}"

    def names(self, position: int, digest: bytes) -> bool:
        """Whether the event at a position, with its stored hash, is the one that was read."""
        return (position, digest[:MARK_BYTES]) == self
