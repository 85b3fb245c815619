"""One changed byte, in any column of an event, a leaf or a head, is found and named rightly."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from refund_adapters.store.findings import Kind
from refund_adapters.store.heads import KeptHead
from refund_ledger.events import claims
from refund_ledger.postings import postings
from support.tampering import Specimen, changed, opened, specimen

Made = tuple[Specimen, KeptHead]
BYTES = st.tuples(st.integers(0, 5_000), st.integers(1, 255))
"""A place in a column, and the bits that change there."""
tampered = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A sealed ledger, and the head that somebody kept of it."""
    original, head = specimen(tmp_path_factory.mktemp("sealed"))
    assert head is not None
    return original, head


@pytest.fixture(scope="module")
def unsealed(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """The same ledger, not sealed."""
    return specimen(tmp_path_factory.mktemp("unsealed"), seal=False)[0]


COLUMNS = {
    "originator_id": {Kind.CHANGED, Kind.GAP},
    "originator_version": {Kind.CHANGED, Kind.GAP},
    "topic": {Kind.CHANGED},
    "state": {Kind.CHANGED},
    "hash": {Kind.CHANGED},
}
"""What a changed byte of each column may be found as."""


@pytest.mark.parametrize("is_sealed", [True, False])
@pytest.mark.parametrize("column", COLUMNS)
@tampered
@given(data=st.data())
def test_a_changed_byte_of_an_event_is_found(
    made: Made,
    unsealed: Specimen,
    tmp_path: Path,
    column: str,
    data: st.DataObject,
    *,
    is_sealed: bool,
) -> None:
    copy = (made[0] if is_sealed else unsealed).copy(tmp_path)
    position = data.draw(st.integers(1, len(copy.rows())))
    assume(change(copy, "stored_events", column, f"notification_id = {position}", data))

    found = copy.found()

    assert found
    assert set(found) <= COLUMNS[column]
    assert min(finding.position or 0 for finding in found.values()) == position


@pytest.mark.parametrize(
    ("column", "other"),
    [("originator_id", "BLOB"), ("topic", "BLOB"), ("state", "TEXT"), ("hash", "TEXT")],
)
def test_a_column_of_another_type_is_found(
    made: Made, tmp_path: Path, column: str, other: str
) -> None:
    """The same bytes; but a question for the stream, or by the kind, would not find them."""
    copy = made[0].copy(tmp_path)
    change_type = f"{column} = CAST({column} AS {other})"
    copy.meddle(f"UPDATE stored_events SET {change_type} WHERE notification_id = 4")  # noqa: S608
    found = copy.found()
    assert Kind.CHANGED in found
    assert found[Kind.CHANGED].position == 4
    assert "holds what the store never writes" in found[Kind.CHANGED].message


@tampered
@given(data=st.data())
def test_an_event_moved_to_another_position_is_found(
    made: Made, tmp_path: Path, data: st.DataObject
) -> None:
    copy = made[0].copy(tmp_path)
    position = data.draw(st.integers(1, len(copy.rows())))
    with opened(copy.path) as store:
        (event,) = (event for at, event in store.events() if at == position)
    column = "notification_id"
    assume(change(copy, "stored_events", column, f"{column} = {position}", data))

    found = copy.found()

    expected = {Kind.GONE}
    expected |= {Kind.POSTINGS} if postings(event) else set()
    expected |= {Kind.CLAIMS} if claims(event) else set()
    assert set(found) - {Kind.ORDER} == expected or set(found) == {Kind.GONE, Kind.ORDER}
    assert found[Kind.GONE].position == position


def test_the_time_of_writing_is_not_part_of_the_proof(made: Made, tmp_path: Path) -> None:
    """The event's own time is; when it was there at the latest, the time of a kept head shows."""
    copy = made[0].copy(tmp_path)
    copy.meddle("UPDATE stored_events SET recorded_at = '2001-01-01T00:00:00.000Z'")
    assert copy.found(made[1]) == {}


@pytest.mark.parametrize("column", ["number", "position", "hash"])
@tampered
@given(data=st.data())
def test_a_changed_byte_of_a_leaf_is_found(
    made: Made, tmp_path: Path, column: str, data: st.DataObject
) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    number = data.draw(st.integers(0, kept.size - 1))
    assume(change(copy, "tree_leaves", column, f"number = {number}", data))

    found = set(copy.found(kept))

    if column == "hash":
        assert found == {Kind.REWRITTEN, Kind.HEAD, Kind.KEPT_HEAD}
    elif column == "position":
        assert Kind.GONE in found
        assert found <= {Kind.GONE, Kind.ORDER}
    else:
        assert Kind.KEPT_HEAD in found
        assert found & {Kind.TREE, Kind.HEAD}
        assert found <= {Kind.TREE, Kind.HEAD, Kind.KEPT_HEAD, Kind.ORDER}


@pytest.mark.parametrize("column", ["size", "root", "peaks"])
@tampered
@given(data=st.data())
def test_a_changed_byte_of_the_newest_head_is_found(
    made: Made, tmp_path: Path, column: str, data: st.DataObject
) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    assume(change(copy, "tree_heads", column, f"size = {kept.size}", data))
    assert set(copy.found(kept)) == {Kind.HEAD}


def change(copy: Specimen, table: str, column: str, where: str, data: st.DataObject) -> bool:
    """Change one byte of one column; false where the database would hold two rows of one name."""
    ((value,),) = copy.ask(f"SELECT {column} FROM {table} WHERE {where}")  # noqa: S608
    expression, now = changed(value, *data.draw(BYTES))
    try:
        copy.meddle(f"UPDATE {table} SET {column} = {expression} WHERE {where}", now)  # noqa: S608
    except sqlite3.IntegrityError:
        return False
    return True
