"""Postings, claims and balances that are not what the events mean are found, each where it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from refund_adapters.store.findings import Kind
from support.tampering import Specimen, changed, specimen

CREDIT = "kind = 'credit' AND subject = 'grant:old'"
tampered = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module", params=["sealed", "not sealed"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """A ledger in a file; what the events mean does not depend on whether they are sealed."""
    return specimen(tmp_path_factory.mktemp("made"), seal=request.param == "sealed")[0]


@pytest.fixture
def copy(made: Specimen, tmp_path: Path) -> Specimen:
    """One to meddle with."""
    return made.copy(tmp_path)


# --- postings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column",
    [
        *("position", "seq", "company", "kind", "subject"),
        *("refund", "customer", "item", "unit", "amount"),
    ],
)
@tampered
@given(data=st.data())
def test_a_changed_byte_of_a_posting_is_found(
    made: Specimen, tmp_path: Path, column: str, data: st.DataObject
) -> None:
    copy = made.copy(tmp_path)
    rows = copy.ask(f"SELECT position, seq, {column} FROM postings WHERE {column} <> ''")  # noqa: S608
    position, seq, value = data.draw(st.sampled_from(rows))
    expression, now = changed(value, data.draw(st.integers(0, 99)), data.draw(st.integers(1, 255)))
    update = f"UPDATE postings SET {column} = {expression} WHERE position = ? AND seq = ?"  # noqa: S608
    assume(change(copy, update, now, position, seq))

    found = copy.found()

    assert set(found) == {Kind.POSTINGS}
    if column != "position":
        assert found[Kind.POSTINGS].position == position
        assert found[Kind.POSTINGS].places == 1


def test_any_posting_that_is_taken_away_is_missed(made: Specimen, tmp_path: Path) -> None:
    for position, seq in made.ask("SELECT position, seq FROM postings")[::3]:
        copy = made.copy(tmp_path)
        copy.meddle("DELETE FROM postings WHERE position = ? AND seq = ?", position, seq)
        found = copy.found()
        assert set(found) == {Kind.POSTINGS}
        assert f"posting {seq + 1} of it is gone" in found[Kind.POSTINGS].message
        assert found[Kind.POSTINGS].position == position


def test_an_altered_posting_is_told_with_both_amounts(copy: Specimen) -> None:
    copy.meddle(f"UPDATE postings SET amount = -900 WHERE {CREDIT} AND amount = -700")  # noqa: S608
    found = copy.found()
    assert set(found) == {Kind.POSTINGS}
    said = found[Kind.POSTINGS].message
    assert "event 1 (credit.granted)" in said
    assert "posts -7.00 to credit/grant:old/7 ILS of acme, and posting 2 of it says -9.00" in said


def test_an_added_posting_is_found(copy: Specimen) -> None:
    columns = "company, kind, subject, refund, customer, item, unit, amount"
    copy.meddle(
        f"INSERT INTO postings SELECT position, 99, {columns} FROM postings "  # noqa: S608
        f"WHERE {CREDIT} AND amount = -700"
    )
    found = copy.found()
    assert set(found) == {Kind.POSTINGS}
    assert "does not post -7.00 to credit/grant:old/7 ILS of acme, and a posting says so" in str(
        found[Kind.POSTINGS]
    )


def test_a_posting_of_no_event_is_found(copy: Specimen) -> None:
    columns = "seq, company, kind, subject, refund, customer, item, unit, amount"
    copy.meddle(
        f"INSERT INTO postings SELECT 999, {columns} FROM postings "  # noqa: S608
        f"WHERE {CREDIT} AND amount = -700"
    )
    found = copy.found()
    assert set(found) == {Kind.POSTINGS}
    assert "-7.00 to credit/grant:old/7 ILS of acme belongs to no event" in str(
        found[Kind.POSTINGS]
    )
    assert found[Kind.POSTINGS].position == 999


def test_a_posting_whose_columns_only_look_right_is_found(copy: Specimen) -> None:
    """Bytes are not equal to text in a question, so a sum over the account would miss it."""
    copy.meddle("UPDATE postings SET subject = CAST(subject AS BLOB) WHERE kind = 'books'")
    assert set(copy.found()) == {Kind.POSTINGS}


def test_an_amount_that_is_no_whole_number_is_found(copy: Specimen) -> None:
    copy.meddle("UPDATE postings SET amount = 'much' WHERE kind = 'granted'")
    found = copy.found()
    assert set(found) == {Kind.POSTINGS}
    assert "says no whole number" in found[Kind.POSTINGS].message


def test_an_absurd_amount_does_not_end_the_verification(copy: Specimen) -> None:
    copy.meddle(f"UPDATE postings SET amount = {2**63 - 1} WHERE kind = 'refundable'")  # noqa: S608
    found = copy.found()
    assert set(found) == {Kind.POSTINGS}
    assert found[Kind.POSTINGS].places > 1


def test_a_unit_that_nobody_knows_does_not_end_the_verification(copy: Specimen) -> None:
    copy.meddle("UPDATE postings SET unit = 'XQX' WHERE kind = 'granted'")
    assert "says 700 minor units to granted" in str(copy.found()[Kind.POSTINGS])


# --- claims ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["company", "half", "series", "number", "position"])
@tampered
@given(data=st.data())
def test_a_changed_byte_of_a_claim_is_found(
    made: Specimen, tmp_path: Path, column: str, data: st.DataObject
) -> None:
    copy = made.copy(tmp_path)
    *key, value = data.draw(
        st.sampled_from(copy.ask(f"SELECT half, series, number, {column} FROM claims"))  # noqa: S608
    )
    expression, now = changed(value, data.draw(st.integers(0, 99)), data.draw(st.integers(1, 255)))
    same = "half = ? AND series = ? AND number = ?"
    assume(change(copy, f"UPDATE claims SET {column} = {expression} WHERE {same}", now, *key))  # noqa: S608

    assert set(copy.found()) == {Kind.CLAIMS}


def test_a_claim_that_is_taken_away_is_missed(copy: Specimen) -> None:
    copy.meddle("DELETE FROM claims WHERE half = 'document' AND series = 2")
    found = copy.found()
    assert set(found) == {Kind.CLAIMS}
    assert "claims document 2/1 of acme, and the claim is gone" in found[Kind.CLAIMS].message
    assert found[Kind.CLAIMS].position == 1


def test_a_claim_that_no_event_makes_is_found(copy: Specimen) -> None:
    copy.meddle("INSERT INTO claims VALUES ('acme', 'document', 3, 777, 1)")
    copy.meddle("INSERT INTO claims VALUES ('acme', 'document', 3, 778, 777)")
    found = copy.found()
    assert set(found) == {Kind.CLAIMS}
    assert "does not claim document 3/777 of acme, and a claim says so" in str(found[Kind.CLAIMS])
    assert found[Kind.CLAIMS].places == 2


def test_a_claim_whose_columns_only_look_right_is_found(copy: Specimen) -> None:
    copy.meddle("UPDATE claims SET half = CAST(half AS BLOB) WHERE series = 2")
    assert set(copy.found()) == {Kind.CLAIMS}


def test_a_claim_on_a_number_that_is_none_is_found(copy: Specimen) -> None:
    copy.meddle("INSERT INTO claims VALUES ('acme', 'document', 'two', 1, 1)")
    assert "does not claim document ?/1 of acme" in str(copy.found()[Kind.CLAIMS])


# --- balances -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column",
    ["company", "kind", "subject", "customer", "item", "unit", "side", "balance"],
)
@tampered
@given(data=st.data())
def test_a_changed_byte_of_a_balance_is_found(
    made: Specimen, tmp_path: Path, column: str, data: st.DataObject
) -> None:
    copy = made.copy(tmp_path)
    names = ("company", "kind", "subject", "customer", "item", "unit")
    rows = copy.ask(
        f"SELECT {', '.join(names)}, {column} FROM balances "  # noqa: S608
        f"WHERE balance <> 0 AND {column} <> ''"
    )
    *key, value = data.draw(st.sampled_from(rows))
    expression, now = changed(value, data.draw(st.integers(0, 99)), data.draw(st.integers(1, 255)))
    same = " AND ".join(f"{name} = ?" for name in names)
    assume(change(copy, f"UPDATE balances SET {column} = {expression} WHERE {same}", now, *key))  # noqa: S608

    found = copy.found()

    assert set(found) == {Kind.BALANCES}
    assert found[Kind.BALANCES].places == (1 if column in {"side", "balance"} else 2)


def test_an_altered_balance_is_told_with_both_amounts(copy: Specimen) -> None:
    copy.meddle(f"UPDATE balances SET balance = -900 WHERE {CREDIT}")  # noqa: S608
    found = copy.found()
    assert set(found) == {Kind.BALANCES}
    assert found[Kind.BALANCES].message == (
        "the balance of credit/grant:old/7 ILS of acme is -9.00, and its postings come to -7.00"
    )


def test_a_balance_that_is_taken_away_is_missed(copy: Specimen) -> None:
    copy.meddle(f"DELETE FROM balances WHERE {CREDIT}")  # noqa: S608
    assert "is 0.00, and its postings come to -7.00" in str(copy.found()[Kind.BALANCES])


def test_a_balance_that_no_posting_makes_is_found(copy: Specimen) -> None:
    copy.meddle("INSERT INTO balances VALUES ('acme', 'credit', 'x', '7', '', 'ILS', -1, -5, 1)")
    assert "is -0.05, and its postings come to 0.00" in str(copy.found()[Kind.BALANCES])


def test_a_balance_on_the_wrong_side_is_found_while_it_is_zero(copy: Specimen) -> None:
    """Turned around, its guard would let an account grow below zero without limit."""
    copy.meddle("INSERT INTO balances VALUES ('acme', 'credit', 'x', '7', '', 'ILS', 1, 0, 1)")
    found = copy.found()
    assert set(found) == {Kind.BALANCES}
    assert "credit/x/7 ILS of acme is no row that the store writes" in str(found[Kind.BALANCES])


def test_a_balance_that_is_no_whole_number_is_found(copy: Specimen) -> None:
    copy.meddle(f"UPDATE balances SET balance = -700.5 WHERE {CREDIT}")  # noqa: S608
    assert set(copy.found()) == {Kind.BALANCES}


def test_balances_in_a_key_that_only_looks_right_are_found(copy: Specimen) -> None:
    copy.meddle(f"UPDATE balances SET subject = CAST(subject AS BLOB) WHERE {CREDIT}")  # noqa: S608
    assert set(copy.found()) == {Kind.BALANCES}


def test_a_posting_altered_together_with_its_balance_is_told_twice(copy: Specimen) -> None:
    copy.meddle(f"UPDATE postings SET amount = -900 WHERE {CREDIT} AND amount = -700")  # noqa: S608
    copy.balance_anew()
    found = copy.found()
    assert set(found) == {Kind.POSTINGS, Kind.BALANCES}
    assert found[Kind.BALANCES].message == (
        "the balance of credit/grant:old/7 ILS of acme was altered together with its postings: "
        "it is off by -2.00"
    )


def test_an_invented_posting_whose_balance_agrees_is_found(copy: Specimen) -> None:
    columns = "seq, company, kind, subject, refund, customer, item, unit, amount"
    copy.meddle(
        f"INSERT INTO postings SELECT 999, {columns} FROM postings "  # noqa: S608
        f"WHERE {CREDIT} AND amount = -700"
    )
    copy.balance_anew()
    assert Kind.POSTINGS in copy.found()


# --- events that cannot be read -------------------------------------------------------------------


def test_an_event_of_a_newer_version_is_told_and_not_judged(copy: Specimen) -> None:
    copy.meddle("UPDATE stored_events SET topic = 'refund.blessed' WHERE notification_id = 1")
    copy.chain_anew()
    if copy.ask("SELECT 1 FROM sqlite_master WHERE name = 'tree_heads'"):
        copy.seal_anew()
    found = copy.found()
    assert set(found) == {Kind.UNREADABLE}
    assert "of the unknown kind 'refund.blessed'" in found[Kind.UNREADABLE].message
    assert found[Kind.UNREADABLE].position == 1


def change(copy: Specimen, statement: str, *values: Any) -> bool:
    """Change a row; false where the database would hold two of one name."""
    try:
        copy.meddle(statement, *values)
    except sqlite3.IntegrityError:
        return False
    return True
