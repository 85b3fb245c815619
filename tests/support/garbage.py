"""Garbage for tests: rows as broken pipelines write them, some of them nearly right."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest

from refund_ledger.errors import InvalidInputError, LedgerError

HUGE = 10**4000
"""A number that is just short enough for Python to write it out."""

ODDITIES: tuple[Any, ...] = (
    HUGE,
    -HUGE,
    10**18,
    Decimal("1e999999"),
    Decimal("1e-999999"),
    Decimal("sNaN"),
    Decimal("-Infinity"),
    "\ud800",
    "\x00",
    "\u202e",
    "٣",
    "1e3",
    "NaN",
    "-0",
    "00000000000000000001",
    "9" * 4301,
    "x" * 5000,
    "2026-02-30",
    b"bytes",
    object,
)
NEARLY: tuple[Any, ...] = (
    "10.00",
    "0.01",
    "1",
    1,
    2,
    Decimal("5.50"),
    "ILS",
    "JPY",
    "invoice:1/5001",
    "receipt:1/77",
    "invoice_receipt:2/6923",
    "2026-01-31",
    "complaint",
    "cash",
    "both",
    "credit",
    "overpayment",
    "document",
    "1:x2",
    "1:2.00",
    [1],
    [{"line": 1, "amount": "1.00"}],
    [{"payment": 1}],
    {"bank": 12},
    True,
    "yes",
)


def scalars() -> st.SearchStrategy[Any]:
    """Whatever stands in one cell."""
    return st.one_of(
        st.sampled_from(NEARLY),
        st.sampled_from(ODDITIES),
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.decimals(),
        st.text(max_size=20),
    )


def values() -> st.SearchStrategy[Any]:
    """Whatever stands in one field, nested too."""
    return st.recursive(
        scalars(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["line", "payment", "number", "amount", "quantity", "net", "sale"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=6,
    )


def rows(names: Collection[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Rows whose fields are mostly known by name, and whose values are anything."""
    known = st.dictionaries(st.sampled_from(sorted(names)), values(), max_size=8)
    stray = st.dictionaries(st.text(max_size=8), values(), max_size=1)
    return st.builds(lambda one, other: {**other, **one}, known, stray)


def only_ledger_errors(read: Callable[[], object]) -> None:
    """Whatever is the matter is said as one of our errors, in one printable line of its own."""
    try:
        read()
    except LedgerError as error:
        said = str(error)
        assert said.isprintable()
        assert len(said) < 1000


def refused(read: Callable[..., object], **fields: Any) -> str:
    """The one sentence with which a row is refused."""
    with pytest.raises(InvalidInputError) as error:
        read(**fields)
    sentence = str(error.value)
    assert sentence.isprintable()
    assert len(sentence) < 500
    assert sentence.startswith(error.value.field)
    return sentence
