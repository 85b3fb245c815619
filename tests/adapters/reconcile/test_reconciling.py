"""Whatever is changed behind the ledger's back is found, named rightly, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from refund_adapters.desk import Desk
from refund_adapters.reconcile.reconciling import Reconciler, document_named
from refund_adapters.rivhit.comments import marker
from refund_adapters.sandbox.papers import Key
from refund_adapters.sandbox.papers import Kind as PaperKind
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.errors import InvalidInputError, RefusedError
from refund_ledger.events import DifferenceAccepted, Part, ReconciliationDone
from refund_ledger.originals import Document, Half
from refund_projections.differences import Kind
from refund_projections.sides import Period
from support.reconciled import (
    COMPANY,
    EVER,
    TAMPERS,
    Found,
    House,
    Tamper,
    found,
    house,
)


@pytest.fixture(scope="module")
def online() -> Iterator[House]:
    """Both sides, and HTTP between them."""
    with house(http=True) as built:
        yield built


@pytest.fixture(scope="module")
def offline() -> Iterator[House]:
    """Both sides without a network, for many comparisons."""
    with house() as built:
        yield built


@pytest.fixture
def doubtful() -> Iterator[House]:
    """Both sides, and a part of which nobody knows what became of it."""
    with house(doubt=True) as built:
        yield built


def runs(built: House) -> list[ReconciliationDone]:
    return list(Reconciler(built.desk).runs())


# --- what is found --------------------------------------------------------------------------------


def test_a_clean_pair_is_clean_read_over_http_and_from_files(online: House, tmp_path: Path) -> None:
    by_api = online.compare()
    assert (found(by_api), by_api.clean, by_api.run.matched) == (set(), True, 36)
    assert by_api.run.documents_here == by_api.run.documents_there == 36
    for name in ("books.csv", "books.jsonl"):
        by_file = online.compare_with(online.export(tmp_path / name))
        assert (found(by_file), by_file.clean, by_file.run.matched) == (set(), True, 36)
        assert by_file.run.digest_here == by_api.run.digest_here


@pytest.mark.parametrize("tamper", TAMPERS, ids=str)
def test_each_way_of_tampering_is_found_and_nothing_else(
    online: House, tmp_path: Path, tamper: Tamper
) -> None:
    with online.tampered():
        expected = tamper.change(online)
        assert found(online.compare()) == expected
        assert found(online.compare_with(online.export(tmp_path / "books.csv"))) == expected


def test_nothing_is_left_of_what_a_test_changed(online: House) -> None:
    assert found(online.compare()) == set()


def _apart(tampers: list[Tamper]) -> bool:
    return len({tamper.target for tamper in tampers}) == len(tampers)


several = st.lists(st.sampled_from(TAMPERS), min_size=2, max_size=8).filter(_apart)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tampers=several)
def test_ways_of_tampering_together_are_told_apart(
    offline: House, tmp_path: Path, tampers: list[Tamper]
) -> None:
    with offline.tampered():
        # A copy shows what its original was before anybody changed that.
        order = sorted(tampers, key=lambda tamper: not tamper.target.isdigit())
        expected: Found = set().union(*(tamper.change(offline) for tamper in order))
        assert found(offline.compare()) == expected
        assert found(offline.compare_with(offline.export(tmp_path / "books.jsonl"))) == expected


def test_a_document_that_a_file_names_twice_is_said(offline: House, tmp_path: Path) -> None:
    file = offline.export(tmp_path / "books.jsonl")
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([*lines, lines[0]]) + "\n", "utf-8")
    assert found(offline.compare_with(file)) == {("listed twice", "document 2/6923")}


def test_a_document_that_differs_in_two_ways_is_found_in_both(offline: House) -> None:
    made = offline.made("part", Part.INVOICE)
    with offline.tampered() as books:
        key = Key(made.series, made.number)
        paper = books.documents[key]
        totals = replace(paper.totals, total=Decimal(-1))
        books.documents[key] = replace(paper, customer_id=1001, totals=totals)
        assert found(offline.compare()) == {
            ("amount differs", f"document {made.series}/{made.number}"),
            ("customer differs", f"document {made.series}/{made.number}"),
        }


# --- parts in doubt -------------------------------------------------------------------------------


def lost(built: House, comments: str = "") -> str:
    """Book what the lost call would have made; its name."""
    books = built.books
    paper = books.documents[Key(3, built.made("sale", Part.INVOICE).number)]
    number = books.next_number(PaperKind.DOCUMENT, 3)
    totals = replace(paper.totals, total=Decimal("-12.34"))
    original = books.documents[Key(1, 5003)]
    made = replace(paper, key=Key(3, number), customer_id=original.customer_id, totals=totals)
    books.add_document(replace(made, cancels=None, credits=None, made_by=None, comments=comments))
    return f"document 3/{number}"


def test_a_part_in_doubt_is_said_where_no_document_fits(doubtful: House) -> None:
    outcome = doubtful.compare()
    (one,) = outcome.findings
    assert (one.finding.kind, one.finding.document, one.key) == (Kind.IN_DOUBT, None, "doubt")
    assert not outcome.clean


def test_the_document_of_a_part_in_doubt_is_found_by_its_marker(doubtful: House) -> None:
    mark = marker(doubtful.desk.refund("doubt").id, Part.INVOICE)
    name = lost(doubtful, comments=f"something else {mark}")
    (one,) = doubtful.compare().findings
    assert (one.finding.kind, str(one.finding.document)) == (Kind.IN_DOUBT, name)
    assert (one.key, one.finding.sure) == ("doubt", True)


def test_a_document_that_only_fits_a_part_in_doubt_is_said_to_fit(doubtful: House) -> None:
    name = lost(doubtful)
    (one,) = doubtful.compare().findings
    assert (one.finding.kind, str(one.finding.document)) == (Kind.IN_DOUBT, name)
    assert (one.key, one.finding.sure) == ("doubt", False)


# --- what the accounting system leaves open -------------------------------------------------------


def test_markers_are_found_where_only_the_document_shows_its_comment() -> None:
    with house(list_shows_comments=False, details_shows_comments=True) as built:
        assert found(built.compare()) == set()
        (tamper,) = (one for one in TAMPERS if one.name.endswith("carries our marker"))
        with built.tampered():
            expected = tamper.change(built)
            outcome = built.compare()
            assert found(outcome) == expected
            assert outcome.findings[0].finding.sure


def test_a_system_that_shows_credits_with_a_plus_is_understood_where_the_settings_say_so() -> None:
    positive: Any = {"credit_sign_list": "positive", "credit_sign_details": "positive"}
    with house(given={"credits_are_negative": False}, **positive) as built:
        assert found(built.compare()) == set()
    with house(**positive) as built:
        assert {kind for kind, _ in found(built.compare())} == {"kind differs"}


def test_a_credit_that_carries_the_flag_of_its_cancel_is_no_difference() -> None:
    with house(credit_carries_is_cancelled=True, cancelled_flag_on_receipts=True) as built:
        assert found(built.compare()) == set()


def test_a_list_that_ends_early_is_read_to_its_end() -> None:
    with house(list_limit=2) as built:
        assert found(built.compare()) == set()


def test_without_opening_documents_only_the_currency_goes_unseen(offline: House) -> None:
    (tamper,) = (one for one in TAMPERS if "currency" in one.name)
    with offline.tampered():
        expected = tamper.change(offline)
        opened = len(offline.sandbox.log.of("Document.Details"))
        quick = offline.compare(quick=True)
        assert found(quick) == set()
        assert quick.no_currency == quick.run.matched > 30
        assert len(offline.sandbox.log.of("Document.Details")) == opened
        assert found(offline.compare()) == expected


def test_what_is_too_new_for_the_lists_is_not_called_missing() -> None:
    with house(given={"lists_lag": 3600}, list_lag_seconds=Decimal(3600)) as built:
        made = built.made("part", Part.INVOICE)
        assert found(built.compare()) == set()
        with built.tampered() as books:
            del books.documents[Key(made.series, made.number)]
            books._credits_of.clear()
            outcome = built.compare()
            assert (found(outcome), outcome.run.not_judged) == (set(), 1)
            built.clock.advance(7200)
            assert found(built.compare()) == {
                ("missing there", f"document {made.series}/{made.number}")
            }


# --- periods --------------------------------------------------------------------------------------


def test_each_document_is_judged_in_the_period_of_its_day_and_no_other(offline: House) -> None:
    months = [Period(date(2026, 11, 1), date(2026, 11, 30)), Period(EVER.since, date(2026, 10, 31))]
    with offline.tampered():
        late = TAMPERS[0].change(offline)
        early = TAMPERS[2].change(offline)
        assert [found(offline.compare(period)) for period in months] == [late, early]


def test_the_periods_of_a_year_hold_every_document_once(offline: House) -> None:
    whole = offline.compare().run.documents_here
    months = [Period(day, day.replace(day=28) + timedelta(days=4)) for day in _first_days()]
    parts = [Period(one.since, one.until.replace(day=1) - timedelta(days=1)) for one in months]
    assert sum(offline.compare(part).run.documents_here for part in parts) == whole


def _first_days() -> list[date]:
    return [date(year, month, 1) for year in (2024, 2025, 2026) for month in range(1, 13)]


def test_a_file_of_one_day_says_what_it_cannot_see(offline: House, tmp_path: Path) -> None:
    made = offline.made("part", Part.INVOICE)
    day = offline.books.documents[Key(made.series, made.number)].issue_date
    with offline.tampered():
        TAMPERS[0].change(offline)
        file = offline.export(tmp_path / "books.jsonl")
        lines = file.read_text("utf-8").splitlines()
        file.write_text("".join(f"{line}\n" for line in lines if day.isoformat() in line), "utf-8")
        assert found(offline.compare_with(file, Period(day, day))) == {
            ("out of sight", f"document {made.series}/{made.number}")
        }


# --- what is kept of it ---------------------------------------------------------------------------


def test_a_comparison_is_recorded_with_what_it_came_to() -> None:
    with house() as built:
        with built.tampered():
            TAMPERS[0].change(built)
            outcome = built.compare()
        (run,) = runs(built)
        assert run == outcome.run
        assert (run.actor, run.since, run.until) == ("noa", EVER.since, EVER.until)
        assert (run.read_from, run.matched, run.position) == ("rivhit", 35, run.position)
        assert [(tally.kind, tally.count) for tally in run.differences] == [("missing there", 1)]
        assert built.desk.store.position() == run.position + 1
        assert built.desk.questions.rebuild().equal


def test_an_accepted_difference_is_shown_as_accepted_until_a_side_changes(tmp_path: Path) -> None:
    (tamper,) = (one for one in TAMPERS if one.name.startswith("an original is more"))
    with house() as built, built.tampered() as books:
        tamper.change(built)
        (one,) = built.compare().findings
        document, kind = Document(Half.DOCUMENT, 1, 5005), Kind.AMOUNT_DIFFERS
        assert one.finding.document == document
        reconciler = Reconciler(built.desk)
        digest = one.finding.digest
        assert reconciler.accept(document, kind, digest=digest, why="agreed", actor="avi")
        assert not reconciler.accept(document, kind, digest=digest, why="again")

        outcome = built.compare()
        assert outcome.clean
        (again,) = outcome.findings
        assert again.accepted is not None
        assert (again.accepted.by, again.accepted.why) == ("avi", "agreed")
        assert [(tally.kind, tally.count) for tally in outcome.run.accepted] == [(kind, 1)]
        assert found(built.compare_with(built.export(tmp_path / "books.csv"))) == set()

        paper = books.documents[Key(1, 5005)]
        totals = replace(paper.totals, total=paper.amount + 1)
        books.documents[Key(1, 5005)] = replace(paper, totals=totals)
        assert found(built.compare()) == {("amount differs", str(document))}

        (kept,) = (e for _, e in built.desk.store.events() if isinstance(e, DifferenceAccepted))
        assert (kept.customer_id, kept.currency) == (str(paper.customer_id), "ILS")


def test_an_unknown_document_is_accepted_without_a_customer() -> None:
    (tamper,) = (one for one in TAMPERS if one.name == "a credit note by hand")
    with house() as built, built.tampered():
        tamper.change(built)
        (one,) = built.compare().findings
        assert one.finding.document is not None
        Reconciler(built.desk).accept(
            one.finding.document, one.finding.kind, digest=one.finding.digest, why="seen"
        )
        assert built.compare().clean


def test_what_is_still_to_be_settled_is_not_accepted(offline: House) -> None:
    document = Document(Half.DOCUMENT, 3, 900)
    with pytest.raises(InvalidInputError, match="kind: in doubt is not accepted"):
        Reconciler(offline.desk).accept(document, Kind.IN_DOUBT, digest="a" * 64, why="x")


def test_an_unknown_document_is_a_match_once_it_is_recorded() -> None:
    (tamper,) = (one for one in TAMPERS if one.name == "a credit note by hand")
    with house() as built, built.tampered():
        ((kind, name),) = tamper.change(built)
        assert found(built.compare()) == {(kind, name)}
        paper = max(built.books.documents.values(), key=lambda one: one.key)
        built.desk.record_outside(
            part="invoice",
            document=name.removeprefix("document "),
            customer_id=str(paper.customer_id),
            currency="ILS",
            amount="7.77",
            issued_on=paper.issue_date.isoformat(),
            read_from="a comparison",
        )
        assert found(built.compare()) == set()


# --- what cannot be -------------------------------------------------------------------------------


def test_a_period_that_ends_before_it_begins_is_refused(offline: House, tmp_path: Path) -> None:
    wrong = Period(EVER.until, EVER.since)
    compare: list[Callable[[], object]] = [
        lambda: offline.compare(wrong),
        lambda: offline.compare_with(tmp_path / "x.csv", wrong),
    ]
    for one in compare:
        with pytest.raises(InvalidInputError, match="to: the period ends before it begins"):
            one()


def test_a_file_whose_name_cannot_be_recorded_is_refused(offline: House, tmp_path: Path) -> None:
    file = offline.export(tmp_path / "a\u202eb.csv")
    with pytest.raises(InvalidInputError, match="read_from: holds the invisible character"):
        offline.compare_with(file)


def test_a_system_that_cannot_list_a_period_says_so() -> None:
    class Closed:
        name = "ledgerline"
        company = COMPANY

        def check(self, _request: object) -> None:
            """Nothing cannot be said."""

    closed: Any = Closed()
    store, cannot = SqliteStore(None), "ledgerline cannot list a period"
    with (
        Desk(store, company=COMPANY, actor="noa", accounting=closed) as desk,
        pytest.raises(InvalidInputError, match=cannot),
    ):
        Reconciler(desk).with_system(EVER)


def test_two_different_books_are_refused_and_not_listed_for_ever(
    offline: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refund_projections.reconciliation.MOST_DIFFERENCES", 10)
    file = tmp_path / "empty.csv"
    file.write_text("half,type,number,date,customer_id,amount\n", "utf-8")
    with pytest.raises(RefusedError, match="more than 10 documents differ"):
        offline.compare_with(file)


def test_a_document_is_named_as_the_report_names_it() -> None:
    assert document_named(" receipt 1/91 ") == Document(Half.RECEIPT, 1, 91)
    for wrong in ("3/481", "invoice 3/481", "document 3-481", "document 3/x"):
        with pytest.raises(InvalidInputError, match="document: expected document 3/481"):
            document_named(wrong)
