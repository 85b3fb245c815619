"""A reading that was interrupted goes on where it was, and comes to the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from refund_adapters.accounting import UnavailableError
from refund_adapters.reconcile.kept import Kept, Reading
from refund_adapters.reconcile.rows import listed_once
from refund_adapters.sandbox.faults import UNAVAILABLE
from refund_adapters.store.errors import StoreFullError
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Document, Half
from refund_projections.sides import Listed, Period
from support.reconciled import TAMPERS, House, house
from support.ring import START
from support.small_files import small_files

READING = Reading("acme", Period(date(2026, 1, 1), date(2026, 1, 31)), "rivhit")


@pytest.fixture(scope="module")
def offline() -> Iterator[House]:
    """Both sides without a network."""
    with house() as built:
        yield built


def row(number: int, **fields: Any) -> Listed:
    given = {"customer_id": "7", "currency": None, "amount": 5, "issued_on": date(2026, 1, 2)}
    return Listed(document=Document(Half.DOCUMENT, 3, number), **{**given, **fields})


def kept(path: Path | None, reading: Reading = READING, *, later: int = 0) -> Kept:
    return Kept(reading, started=START + timedelta(hours=later), path=path)


def rows(of: Kept) -> list[Listed]:
    return list(listed_once(sorted(of.lines()), twice=True))


def test_pages_that_were_read_whole_are_there_again_with_the_time_of_the_first_reading(
    tmp_path: Path,
) -> None:
    path = tmp_path / "kept.jsonl"
    with kept(path) as first:
        first.keep_page("one", [row(1), row(2)])
        first.keep_opened(replace(row(2), currency="ILS"))
    with kept(path, later=5) as again:
        assert (again.pages, again.started) == ({"one"}, START)
        assert rows(again) == [row(1), replace(row(2), currency="ILS")]
        again.keep_page("two", [])
    with kept(path) as third:
        assert third.pages == {"one", "two"}
    assert path.stat().st_mode & 0o077 == 0


def test_without_a_file_it_is_kept_while_it_lasts() -> None:
    with kept(None) as one:
        one.keep_page("one", [row(1)])
        assert rows(one) == [row(1)]


def test_wherever_a_process_died_only_whole_pages_count(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    opened = replace(row(2), currency="ILS")
    # What counts from how many bytes on.
    counts: dict[int, list[Listed]] = {}
    with kept(path) as first:
        counts[0] = []
        first.keep_page("one", [row(1), row(2)])
        counts[path.stat().st_size] = [row(1), row(2)]
    with kept(path) as second:
        second.keep_opened(opened)
    counts[path.stat().st_size] = [row(1), opened]
    with kept(path) as third:
        third.keep_page("two", [row(3), row(4)])
    counts[path.stat().st_size] = [row(1), opened, row(3), row(4)]
    written = path.read_bytes()
    assert len(counts) == 4
    for end in range(len(written) + 1):
        whole = counts[max(size for size in counts if size <= end)]
        path.write_bytes(written[:end])
        with kept(path) as again:
            assert rows(again) == whole
            assert again.pages == {0: set(), 2: {"one"}, 4: {"one", "two"}}[len(whole)]
            again.keep_page("three", [row(9)])
            assert rows(again) == [*whole, row(9)]
        with kept(path) as last:
            assert rows(last) == [*whole, row(9)]


def test_a_page_that_was_torn_is_kept_as_it_is_when_it_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    with kept(path) as first:
        first.keep_page("one", [row(1), row(2)])
    written = path.read_bytes()
    path.write_bytes(written[: written.rindex(b'{"page"')])
    with kept(path) as again:
        assert again.pages == set()
        again.keep_page("one", [row(2, amount=8)])
        assert rows(again) == [row(2, amount=8)]


def test_a_full_disk_is_said_and_what_was_kept_before_stands(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    with kept(path) as first:
        first.keep_page("one", [row(1)])
    full = pytest.raises(StoreFullError, match=rf"no room for {path}: File too large")
    with small_files(20_000), full, kept(path) as second:
        second.keep_page("two", [row(number) for number in range(2, 1_000)])
    with kept(path) as third:
        assert (third.pages, rows(third)) == ({"one"}, [row(1)])


def test_a_document_that_was_opened_and_finds_no_room_is_said_at_the_end() -> None:
    one = kept(None)
    for number in range(9):
        one.keep_opened(row(number))
    with small_files(500), pytest.raises(StoreFullError, match="temporary files"):
        one.__exit__(None, None, None)


def test_the_file_of_another_reading_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    with kept(path):
        pass
    others = (
        replace(READING, company="other"),
        replace(READING, read_from="file"),
        replace(READING, period=Period(READING.period.since, date(2026, 2, 1))),
    )
    for other in others:
        with pytest.raises(InvalidInputError, match=r"keep: .* holds another company or period"):
            kept(path, other)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key,amount\n1,2", "is not what a comparison kept"),
        ("[]\n", "is not what a comparison kept"),
        ('{"reading": \n', "the file is damaged"),
        ('{"reading": {}}\n', "is not what a comparison kept"),
        ('{"original": {}}\n', "is not what a comparison kept"),
        ('{"reading": {"started": "soon"}}\n', "is not what a comparison kept"),
        ('{"reading": {"started": 7}}\n', "is not what a comparison kept"),
    ],
)
def test_what_is_no_kept_reading_is_refused_and_left_as_it_is(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInputError, match=said):
        kept(path)
    assert path.read_text("utf-8") == text


def test_a_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"keep: .* cannot be written"):
        kept(tmp_path / "nowhere" / "kept.jsonl")


# --- outages and interruptions --------------------------------------------------------------------


def test_an_outage_reports_nothing_and_records_nothing(offline: House) -> None:
    before = offline.desk.store.position()
    offline.plan.outage = UNAVAILABLE
    try:
        with pytest.raises(UnavailableError):
            offline.compare()
    finally:
        offline.plan.outage = None
    assert offline.desk.store.position() == before


@pytest.mark.parametrize(
    ("method", "calls"),
    [
        *((name, calls) for name in ("Document.List", "Receipt.List") for calls in (0, 1, 40)),
        *((name, calls) for name in ("Document.Details", "Receipt.Details") for calls in (0, 9)),
    ],
)
def test_interrupted_and_resumed_is_the_same_as_uninterrupted(
    tmp_path: Path, method: str, calls: int
) -> None:
    with house(http=True) as built, built.tampered():
        for tamper in (TAMPERS[15], TAMPERS[0], TAMPERS[8]):
            tamper.change(built)
        expected = built.compare()
        log = built.sandbox.log
        whole = len(log.calls)
        built.compare()
        whole = len(log.calls) - whole
        before, events = len(log.calls), built.desk.store.position()

        keep = tmp_path / "kept.jsonl"
        built.plan.script(method, *[None] * calls, UNAVAILABLE)
        with pytest.raises(UnavailableError):
            built.compare(keep=keep)
        assert built.desk.store.position() == events
        resumed = built.compare(keep=keep)

        assert resumed.findings == expected.findings
        for name in ("digest_here", "digest_there", "matched", "differences"):
            assert getattr(resumed.run, name) == getattr(expected.run, name)
        # What was asked once is not asked again, but for the page or document that failed.
        assert len(log.calls) - before <= whole + 4


def test_what_was_kept_is_compared_without_asking_again(offline: House, tmp_path: Path) -> None:
    keep = tmp_path / "kept.jsonl"
    first = offline.compare(keep=keep)
    before = len(offline.sandbox.log.calls)
    again = offline.compare(keep=keep)
    assert again.run.digest_there == first.run.digest_there
    asked = [call.method for call in offline.sandbox.log.calls[before:]]
    assert set(asked) <= {"Document.TypeList", "Receipt.TypeList"}
