"""Heads: the size and root of the sealed tree at a time, in the store and on paper outside of it.

A head that somebody else keeps binds all events before it: whoever rewrites history afterwards,
the tree included, cannot come to the same root again. So it has to be kept where those who can
write to the store cannot write: an auditor's mail box, a printout, another company's disk. It
holds no secret and no money. It is not signed; what it proves rests on where it was kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from refund_adapters.fields import known, short
from refund_adapters.store.tree import HASH_BYTES
from refund_ledger.errors import InvalidInputError
from refund_ledger.inputs import said

FORMAT = 1
"""Of the text of a head; stands under the name that tells what the text is."""
MARK = "refund_ledger_head"
LARGEST = 2**62
LONGEST = 4096
"""Characters of a head's text."""

_FIELDS = (MARK, "company", "size", "root", "sealed_at")
_ROOT = re.compile(rf"[0-9a-f]{{{2 * HASH_BYTES}}}")


@dataclass(frozen=True, slots=True)
class Head:
    """The tree after a sealing, with all that is needed to go on from it."""

    size: int
    """How many events are sealed."""
    root: bytes
    peaks: tuple[bytes, ...]
    sealed_at: datetime
    """By the store's clock."""

    def kept(self, company: str) -> KeptHead:
        """What of it is kept outside."""
        return KeptHead(company, self.size, self.root, self.sealed_at)


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A head as it is kept outside of the store."""

    company: str
    """Under whose name it was taken; the tree itself covers the whole store."""
    size: int
    root: bytes
    sealed_at: datetime

    def shape(self) -> dict[str, Any]:
        """The object that is written."""
        return {
            MARK: FORMAT,
            "company": self.company,
            "size": self.size,
            "root": self.root.hex(),
            "sealed_at": self.sealed_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }

    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(self.shape(), ensure_ascii=True)


def read_head(text: str) -> KeptHead:
    """Read a head that was kept; raises `InvalidInputError` naming the field."""
    if len(text) > LONGEST:
        raise InvalidInputError("head", f"expected a head of at most {LONGEST} characters")
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, Mapping):
        raise InvalidInputError(
            "head", "expected the JSON object that `refund-ledger head` prints, and nothing else"
        )
    row = known(row, _FIELDS, "a head")
    if type(row.get(MARK)) is not int or row[MARK] != FORMAT:
        raise InvalidInputError(MARK, f"expected {FORMAT}, got {short(row.get(MARK))}")
    return KeptHead(
        company=said(_text(row, "company"), "company", longest=60),
        size=_size(row.get("size")),
        root=_root(_text(row, "root")),
        sealed_at=_time(_text(row, "sealed_at")),
    )


def _text(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise InvalidInputError(field, f"expected text, got {short(value)}")
    return value


def _size(value: Any) -> int:
    if type(value) is not int or not 0 < value <= LARGEST:
        raise InvalidInputError("size", f"expected how many events it seals, got {short(value)}")
    return value


def _root(value: str) -> bytes:
    if not _ROOT.fullmatch(value):
        raise InvalidInputError("root", f"expected 64 hexadecimal digits, got {short(value)}")
    return bytes.fromhex(value)


def _time(value: str) -> datetime:
    problem = f"expected a time with its zone, such as 2026-01-31T12:00:00Z, got {short(value)}"
    try:
        moment = datetime.fromisoformat(value)
        if moment.utcoffset() is None:
            raise InvalidInputError("sealed_at", problem)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInputError("sealed_at", problem) from None
