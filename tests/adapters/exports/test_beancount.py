"""Real beancount accepts the journal, and its own assertions prove that the sums are ours."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, play
from refund_adapters.exports.exporting import Exports, JournalFormat
from support.bookkeepers import Balances, bean_check, beancount
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
    path = folder / "refunds.beancount"
    Exports(company.store, COMPANY).journal(JournalFormat.BEANCOUNT, path, rights=rights)
    return path


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 60), rights=st.booleans())
def test_every_account_comes_to_what_the_ledger_says(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int, *, rights: bool
) -> None:
    company = play(seed, steps)
    audit = beancount(exported(company, tmp_path_factory.mktemp("books"), rights=rights))
    assert audit.errors == []
    assert audit.balances == our_sums(company, rights=rights)


def test_bean_check_has_nothing_to_complain_of(tmp_path: Path) -> None:
    assert bean_check(exported(play(7, 60), tmp_path)) == ""


def test_a_chart_may_keep_every_account_of_the_ledger_apart(tmp_path: Path) -> None:
    company = play(7, 60)
    path = tmp_path / "refunds.beancount"
    how = JournalFormat.BEANCOUNT
    Exports(company.store, COMPANY).journal(how, path, chart=APART, rights=True)
    audit = beancount(path)
    assert audit.errors == []
    assert audit.balances == our_accounts(company, APART)
    assert len(audit.balances) > len(our_sums(company, rights=True))


def test_a_ledger_without_events_is_a_journal_too(tmp_path: Path) -> None:
    path = exported(Company(), tmp_path)
    assert path.read_text() == 'option "title" "Refunds of acme"\n\n'
    assert bean_check(path) == ""


def test_the_file_itself_states_the_sums_to_the_last_minor_unit(tmp_path: Path) -> None:
    company = play(7, 60)
    path = exported(company, tmp_path)
    for broken in tampered(path, " ~ 0 "):
        assert "Balance failed" in bean_check(broken)


def test_currencies_have_their_own_places(tmp_path: Path) -> None:
    company, lines = of_every_exponent()
    path = exported(company, tmp_path)
    text = path.read_text()
    assert all(f"  {line}\n" in text for line in lines)
    audit = beancount(path)
    assert audit.errors == []
    assert audit.balances == our_sums(company)


def test_customers_whose_names_are_alike_stay_apart(tmp_path: Path) -> None:
    company = sold_to(*AWKWARD)
    audit = beancount(exported(company, tmp_path))
    assert audit.errors == []
    assert amounts(audit.balances, "Assets:Receivable:") == [
        1_170 * number for number in range(1, len(AWKWARD) + 1)
    ]


def amounts(balances: Balances, beginning: str) -> Iterable[int]:
    return sorted(total for (name, _), total in balances.items() if name.startswith(beginning))


def test_texts_come_back_as_they_were(tmp_path: Path) -> None:
    company, key, why = awkward_names()
    told = beancount(exported(company, tmp_path)).transactions
    last = told[-1]
    refund = str(company.refunds[-1])
    assert last["what"] == f"The request was withdrawn: {why}; what it had reserved is free again"
    assert last["key"] == key
    assert last["links"] == [f"refund-{refund}"]
    assert last["actor"] == 'דנה "ד" \\ כהן'
    event = company.events()[-1]
    assert last["position"] == str(len(company.events()))
    assert (last["event"], last["topic"]) == (str(event.event_id), "refund.withdrawn")
    assert last["at"] == event.timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z")
