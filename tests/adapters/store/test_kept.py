"""An event as its row holds it: what is wrong with it is said, and its leaf never changes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.findings import Kind
from refund_adapters.store.kept import Kept, flaw_of, leaf_of, shown, stored_of

STREAM = UUID(int=7)
FIRST = link(NOTHING_BEFORE, StoredEvent(STREAM, 1, "refund.requested", b"{}"))
SECOND = link(FIRST, StoredEvent(STREAM, 2, "refund.approved", b'{"actor":"dana"}'))
KEPT = Kept(
    position=9,
    stream=STREAM.hex,
    version=2,
    topic="refund.approved",
    state=b'{"actor":"dana"}',
    hash=SECOND,
    before=FIRST,
    number=None,
    leaf=None,
)
LEAF = "ccae3e67a0e677200f0fe88a427a3e9b8d1a6dd4a0a6d4732c48bf2ef4bdcfd5"


def test_an_event_that_fits_its_hash_has_no_flaw() -> None:
    assert flaw_of(KEPT) is None
    first = KEPT._replace(version=1, topic="refund.requested", state=b"{}", hash=FIRST, before=None)
    assert flaw_of(first) is None


@pytest.mark.parametrize(
    ("columns", "kind", "said"),
    [
        ({"state": b'{"actor":"noa"}'}, Kind.CHANGED, "is not what was saved"),
        ({"topic": "refund.rejected"}, Kind.CHANGED, "event 2 (refund.rejected) of"),
        ({"topic": "refund.\udcff"}, Kind.CHANGED, r"event 2 (refund.\xff) of"),
        ({"hash": FIRST}, Kind.CHANGED, "do not come to its hash"),
        ({"hash": b""}, Kind.CHANGED, "do not come to its hash"),
        ({"before": SECOND}, Kind.CHANGED, "the event before it"),
        ({"before": None}, Kind.GAP, "event 1, which stood before event 2"),
        ({"version": 1}, Kind.CHANGED, "is not what was saved"),
        ({"version": 0}, Kind.GAP, "stands before the first event of its stream"),
        ({"version": -3}, Kind.GAP, "stands before the first event of its stream"),
        ({"version": None}, Kind.CHANGED, "event ? (refund.approved)"),
        ({"stream": UUID(int=8).hex}, Kind.CHANGED, "is not what was saved"),
        ({"stream": "no id"}, Kind.CHANGED, "of no id at position 9 holds what the store never"),
        ({"stream": str(STREAM)}, Kind.CHANGED, "holds what the store never writes"),
        ({"sound": False}, Kind.CHANGED, "holds what the store never writes"),
    ],
)
def test_what_is_wrong_with_an_event_is_said(
    columns: dict[str, Any], kind: Kind, said: str
) -> None:
    flaw = flaw_of(KEPT._replace(**columns))
    assert flaw is not None
    assert flaw[0] is kind
    assert said in flaw[1]
    assert "at position 9" in flaw[1]


def test_a_stream_in_capital_letters_is_another_one() -> None:
    """The store would not find it under its name any more."""
    stream = UUID(int=0xABC)
    stored = StoredEvent(stream, 1, "x", b"{}")
    kept = Kept(1, stream.hex, 1, "x", b"{}", link(NOTHING_BEFORE, stored), None, None, None)
    assert flaw_of(kept) is None
    assert flaw_of(kept._replace(stream=stream.hex.upper())) is not None


def test_the_leaf_of_an_event_is_the_same_for_ever() -> None:
    assert leaf_of(KEPT).hex() == LEAF


@given(st.integers(1, 2**60), st.uuids(), st.binary(min_size=32, max_size=32))
def test_no_two_events_share_a_leaf(version: int, stream: UUID, own: bytes) -> None:
    other = KEPT._replace(version=version, stream=stream.hex, hash=own)
    same = (other.version, other.stream, other.hash) == (KEPT.version, KEPT.stream, KEPT.hash)
    assert (leaf_of(other) == leaf_of(KEPT)) is same


def test_where_an_event_stands_is_not_in_its_leaf() -> None:
    assert leaf_of(KEPT._replace(position=10, number=4)) == leaf_of(KEPT)


def test_the_event_is_read_from_its_row() -> None:
    assert stored_of(KEPT) == StoredEvent(STREAM, 2, "refund.approved", b'{"actor":"dana"}')
    with pytest.raises(ValueError, match="at position 9 holds what the store never writes"):
        stored_of(KEPT._replace(version=None))


def test_text_that_is_none_can_be_shown() -> None:
    assert shown("כוס") == "כוס"
    assert shown(b"a\xff".decode("utf-8", "surrogateescape")) == r"a\xff"
