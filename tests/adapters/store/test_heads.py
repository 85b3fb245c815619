"""A head can be kept as a line of JSON and read again, and nothing else is taken for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.store.heads import LARGEST, LONGEST, Head, KeptHead, read_head
from refund_ledger.errors import InvalidInputError

NOON = datetime(2026, 1, 31, 12, 0, 0, 5000, tzinfo=UTC)
KEPT = KeptHead("acme", 7, bytes(range(32)), NOON)
LINE = (
    '{"refund_ledger_head": 1, "company": "acme", "size": 7, '
    '"root": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", '
    '"sealed_at": "2026-01-31T12:00:00.005000Z"}'
)


def test_a_head_is_written_the_same_for_ever() -> None:
    assert KEPT.text() == LINE
    assert read_head(LINE) == KEPT


@given(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=60),
    st.integers(1, LARGEST),
    st.binary(min_size=32, max_size=32),
    st.datetimes(min_value=datetime(1990, 1, 1)),  # noqa: DTZ001 - a zone is put on it below
    st.integers(-12, 12),
)
def test_what_is_written_is_read_again(
    company: str, size: int, root: bytes, at: datetime, hours: int
) -> None:
    try:
        moment = at.replace(tzinfo=timezone(timedelta(hours=hours))).astimezone(UTC)
    except OverflowError:
        return
    kept = KeptHead(company, size, root, moment)
    assert read_head(kept.text()) == kept


def test_a_head_of_the_store_is_kept_without_its_peaks() -> None:
    assert Head(7, KEPT.root, (b"a" * 32,) * 3, NOON).kept("acme") == KEPT


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("refund_ledger_head", 2, "expected 1, got 2"),
        ("refund_ledger_head", True, "expected 1, got True"),
        ("refund_ledger_head", None, "expected 1, got None"),
        ("company", 7, "expected text, got 7"),
        ("company", "a" * 61, "longer than 60 characters"),
        ("company", "a\u202eb", "invisible character"),
        ("company", None, "expected text, got None"),
        ("size", 0, "expected how many events it seals, got 0"),
        ("size", "7", "expected how many events it seals, got '7'"),
        ("size", 7.0, "expected how many events it seals, got 7.0"),
        ("size", True, "expected how many events it seals, got True"),
        ("size", LARGEST + 1, "expected how many events it seals"),
        ("root", "00", "expected 64 hexadecimal digits, got '00'"),
        ("root", "0" * 63 + "G", "expected 64 hexadecimal digits"),
        ("root", "A" * 64, "expected 64 hexadecimal digits"),
        ("root", 7, "expected text, got 7"),
        ("sealed_at", "soon", "expected a time with its zone"),
        ("sealed_at", "2026-01-31T12:00:00", "expected a time with its zone"),
        ("sealed_at", "0001-01-01T00:00:00+23:00", "expected a time with its zone"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(field: str, value: Any, problem: str) -> None:
    row = {**json.loads(LINE), field: value}
    with pytest.raises(InvalidInputError) as caught:
        read_head(json.dumps(row))
    assert caught.value.field == field
    assert problem in caught.value.problem


@pytest.mark.parametrize("text", ["", "[]", "7", "null", "{", LINE + LINE, "[" * 4_000])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="expected the JSON object that `refund-ledger"):
        read_head(text)


def test_a_field_that_no_head_has_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="seize: is no field of a head"):
        read_head(LINE.replace('"size"', '"seize"'))


def test_a_text_that_is_too_long_is_not_read() -> None:
    with pytest.raises(InvalidInputError, match="at most"):
        read_head(LINE + " " * LONGEST)
