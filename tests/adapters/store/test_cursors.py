"""Cursors: text that names one event, and nothing else passes for it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.store.cursors import Cursor
from refund_ledger.errors import InvalidInputError

positions = st.integers(1, 2**63 - 1)
digests = st.binary(min_size=32, max_size=32)


@given(positions, digests)
def test_a_cursor_is_read_back_from_its_text(position: int, digest: bytes) -> None:
    cursor = Cursor.of(position, digest)
    assert Cursor.parse(str(cursor)) == cursor
    assert cursor.names(position, digest)


@given(positions, digests, positions, digests)
def test_a_cursor_names_no_other_event(
    position: int, digest: bytes, other: int, another: bytes
) -> None:
    same = other == position and another[:8] == digest[:8]
    assert Cursor.of(position, digest).names(other, another) is same


def test_the_text_of_a_cursor_stays_as_readers_have_kept_it() -> None:
    assert str(Cursor.of(12345, bytes(range(32)))) == "1-12345-0001020304050607"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17",
        "1-17",
        "1-17-9f3a",
        "1-0-0001020304050607",
        "1-017-0001020304050607",
        "1--17-0001020304050607",
        "1-١٧-0001020304050607",
        "1-17-000102030405060G",
        "1-17-0001020304050607\n",
        "2-17-0001020304050607",
        "1-9999999999999999999-0001020304050607",
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="cursor of an event, as the feed gave it") as found:
        Cursor.parse(text)
    assert found.value.field == "after"
    with pytest.raises(InvalidInputError) as found:
        Cursor.parse(text, field="from")
    assert found.value.field == "from"


@given(st.text())
def test_no_text_breaks_the_reading_of_cursors(text: str) -> None:
    with suppress(InvalidInputError):
        assert str(Cursor.parse(text)) == text
