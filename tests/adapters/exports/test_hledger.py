"""Real hledger accepts the journal at its strictest, and its assertions prove that the sums agree.

Where hledger is not installed the tests that ask it are skipped and say so.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, play
from refund_adapters.exports.exporting import Exports, JournalFormat
from support.bookkeepers import hledger, hledger_says, needs_hledger
from support.journals import (
    APART,
    AWKWARD,
    awkward_names,
    of_every_exponent,
    our_accounts,
    our_sums,
    sold_to,
    tampered,
)


def exported(company: Company, folder: Path, *, rights: bool = False) -> Path:
    path = folder / "refunds.journal"
    Exports(company.store, COMPANY).journal(JournalFormat.HLEDGER, path, rights=rights)
    return path


@needs_hledger
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 60), rights=st.booleans())
def test_every_account_comes_to_what_the_ledger_says(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int, *, rights: bool
) -> None:
    company = play(seed, steps)
    audit = hledger(exported(company, tmp_path_factory.mktemp("books"), rights=rights))
    assert audit.errors == []
    assert audit.balances == our_sums(company, rights=rights)


@needs_hledger
def test_a_chart_may_keep_every_account_of_the_ledger_apart(tmp_path: Path) -> None:
    company = play(7, 60)
    path = tmp_path / "refunds.journal"
    how = JournalFormat.HLEDGER
    Exports(company.store, COMPANY).journal(how, path, chart=APART, rights=True)
    audit = hledger(path)
    assert audit.errors == []
    assert audit.balances == our_accounts(company, APART)
    assert len(audit.balances) > len(our_sums(company, rights=True))


@needs_hledger
def test_a_ledger_without_events_is_a_journal_too(tmp_path: Path) -> None:
    audit = hledger(exported(Company(), tmp_path))
    assert (audit.errors, audit.balances) == ([], {})


@needs_hledger
def test_the_file_itself_states_the_sums_to_the_last_minor_unit(tmp_path: Path) -> None:
    path = exported(play(7, 60), tmp_path)
    for broken in tampered(path, " 0 ILS = "):
        assert "balance assertion" in hledger_says(broken, "check").stderr


@needs_hledger
def test_awkward_customers_stay_apart(tmp_path: Path) -> None:
    company = sold_to(*AWKWARD)
    audit = hledger(exported(company, tmp_path))
    assert audit.errors == []
    owed = [total for (name, _), total in audit.balances.items() if name.startswith("Assets:")]
    assert sorted(owed) == [1_170 * number for number in range(1, len(AWKWARD) + 1)]


@needs_hledger
def test_currencies_of_every_exponent_add_up(tmp_path: Path) -> None:
    company, _ = of_every_exponent()
    audit = hledger(exported(company, tmp_path))
    assert audit.errors == []
    assert audit.balances == our_sums(company)


def test_currencies_have_their_own_places(tmp_path: Path) -> None:
    company, lines = of_every_exponent()
    text = exported(company, tmp_path).read_text()
    assert all(f"    {line}\n" in text for line in lines)
    assert {line for line in text.splitlines() if line.startswith("commodity")} == {
        *("commodity 1000. JPY", "commodity 1000.000 BHD", "commodity 1000.00 ILS"),
    }


@needs_hledger
def test_a_refund_is_found_by_its_tags(tmp_path: Path) -> None:
    company, key, _ = awkward_names()
    path = exported(company, tmp_path)
    tags = {
        name: hledger_says(path, "tags", name, "--values").stdout.splitlines()
        for name in ("key", "actor", "refund", "position")
    }
    (refund,) = company.refunds
    assert tags["key"] == [key.replace("%", "%25").replace(",", "%2C")]
    assert 'דנה "ד" \\ כהן' in tags["actor"]
    assert tags["refund"] == [str(refund)]
    found = hledger_says(path, "print", f"tag:refund={refund}").stdout
    assert [line[:15] for line in found.splitlines() if line.startswith("2026")] == [
        "2026-03-01 * (2",
        "2026-03-01 * (3",
    ]


def test_what_would_end_a_description_gives_way(tmp_path: Path) -> None:
    company, _, why = awkward_names()
    text = exported(company, tmp_path).read_text()
    shown = why.replace(";", ",").replace("|", "/")
    assert ";" in why
    assert f"The request was withdrawn: {shown}, what it had reserved is free again\n" in text
