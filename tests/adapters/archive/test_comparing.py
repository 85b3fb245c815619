"""An archive finds in the accounting system's export what the ledger's own comparison finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from refund_adapters.archive.answers import Archive
from refund_adapters.archive.comparing import Comparison, compare
from refund_adapters.archive.engines import Bounds, EngineName
from refund_adapters.archive.writing import write
from refund_ledger.errors import InvalidInputError
from refund_projections.sides import Period
from support.archives import ENGINES, needs_spark
from support.reconciled import COMPANY, EVER, TAMPERS, House, Tamper, found, house

SAID_OTHERWISE = {
    "missing there": "not listed",
    "out of sight": "not listed",
    "duplicated there": "unknown here",
}
"""What takes a closer look to tell apart."""
BEYOND = {
    "cancelled there",
    "our credit note is dated long ago",
}
"""What only the closer look sees."""


@pytest.fixture(scope="module")
def built() -> Iterator[House]:
    """Both sides, equal."""
    with house() as one:
        yield one


@pytest.fixture(scope="module")
def folder(built: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger's archive."""
    made = tmp_path_factory.mktemp("archive")
    write(built.desk.store, made)
    return made


@pytest.fixture(scope="module", params=ENGINES)
def archive(folder: Path, request: pytest.FixtureRequest) -> Iterator[Archive]:
    """That archive on each engine that is there."""
    bounds = Bounds("700MB", threads=2)
    with Archive.open(folder, company=COMPANY, engine=request.param, bounds=bounds) as opened:
        yield opened


def compared(archive: Archive, built: House, path: Path, period: Period = EVER) -> Comparison:
    """Compare with an export as the books are now."""
    settings = built.rivhit.settings
    return compare(
        archive,
        built.export(path),
        period,
        settings.conventions,
        home_currency=settings.home_currency,
    )


def test_equal_sides_have_no_difference(archive: Archive, built: House, tmp_path: Path) -> None:
    comparison = compared(archive, built, tmp_path / "export.jsonl")
    assert comparison.clean
    outcome = built.compare_with(tmp_path / "export.jsonl")
    matched = sum(one.documents for one in comparison.tally if one.kind == "matched")
    beside = sum(one.documents for one in comparison.tally if one.kind == "beside")
    assert (matched, beside) == (outcome.run.matched, outcome.beside)
    for one in comparison.tally:
        assert one.kind != "matched" or one.amount_here == one.amount_there > 0


@pytest.mark.parametrize("tamper", [one for one in TAMPERS if one.name not in BEYOND], ids=str)
def test_whatever_is_changed_is_found_as_the_ledger_finds_it(
    folder: Path, built: House, tmp_path: Path, tamper: Tamper
) -> None:
    with Archive.open(folder, company=COMPANY) as archive, built.tampered():
        tamper.change(built)
        comparison = compared(archive, built, tmp_path / "export.csv")
        ours = {(one.kind, str(one.document)) for one in comparison.differences}
        theirs = {
            (SAID_OTHERWISE.get(kind, kind), document)
            for kind, document in found(built.compare_with(tmp_path / "export.csv"))
        }
        assert ours == {one for one in theirs if one[0] not in BEYOND}


@needs_spark
def test_every_change_at_once_is_the_same_on_both_engines(
    folder: Path, built: House, tmp_path: Path
) -> None:
    with built.tampered():
        for target, tamper in {one.target: one for one in TAMPERS}.items():
            assert tamper.change(built), target
        said = []
        for engine in EngineName:
            bounds = Bounds("700MB", threads=2)
            with Archive.open(folder, company=COMPANY, engine=engine, bounds=bounds) as archive:
                said.append(compared(archive, built, tmp_path / "export.csv"))
    assert said[0] == said[1]
    assert len(said[0].differences) > 10


def test_a_document_that_is_listed_twice_is_named(
    folder: Path, built: House, tmp_path: Path
) -> None:
    path = built.export(tmp_path / "export.jsonl")
    with path.open("a") as file:
        file.write(path.read_text().splitlines()[0] + "\n")
    settings = built.rivhit.settings
    with Archive.open(folder, company=COMPANY) as archive:
        twice = compare(archive, path, EVER, settings.conventions, home_currency="ILS")
    assert [one.kind for one in twice.differences] == ["listed twice"]


def test_only_the_period_is_compared(folder: Path, built: House, tmp_path: Path) -> None:
    day = Period(date(2026, 10, 18), date(2026, 10, 18))
    with Archive.open(folder, company=COMPANY) as archive:
        comparison = compared(archive, built, tmp_path / "export.csv", day)
        everything = compared(archive, built, tmp_path / "export.csv")
    counts = [sum(one.documents for one in each.tally) for each in (comparison, everything)]
    assert 0 < counts[0] < counts[1]


def test_a_line_that_cannot_be_read_is_named(folder: Path, built: House, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    conventions = built.rivhit.settings.conventions

    with Archive.open(folder, company=COMPANY) as archive:

        def asked(period: Period = EVER) -> Comparison:
            return compare(archive, path, period, conventions, home_currency="ILS")

        path.write_text('{"half": "invoice"}\n')
        with pytest.raises(InvalidInputError, match="file: line 1: half: expected document or"):
            asked()
        path.write_text("nonsense\n")
        with pytest.raises(InvalidInputError, match="file: line 1"):
            asked()
        empty = tmp_path / "empty.csv"
        empty.touch()
        with pytest.raises(InvalidInputError, match="file: the heading lacks half, type, number"):
            compare(archive, empty, EVER, conventions, home_currency="ILS")
        with pytest.raises(InvalidInputError, match="to: the period ends before it begins"):
            asked(Period(EVER.until, EVER.since))
