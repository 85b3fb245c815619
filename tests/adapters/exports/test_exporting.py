"""Exports from the library: what they hold, where they go, and what they are refused for."""

import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date
from itertools import chain, repeat
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

import pytest

from projections.histories import COMPANY, Company
from refund_adapters.desk import Desk
from refund_adapters.exports.exporting import Exports, JournalFormat, TableFormat, time_zone
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import Event
from refund_ledger.postings import postings
from refund_projections.chart import Chart
from support.books import a_cash_sale, a_line, a_stamp


def a_company() -> Company:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    company.finish(company.ask("return-1", original=str(sale)))
    return company


@pytest.mark.parametrize("how", [TableFormat.JSONL, TableFormat.CSV])
def test_a_file_and_a_stream_hold_the_same(tmp_path: Path, how: TableFormat) -> None:
    exports = Exports(a_company().store, COMPANY)
    for what in (exports.events, exports.postings):
        path, sink = tmp_path / "rows", io.BytesIO()
        saved, streamed = what(how, path), what(how, sink)
        assert path.read_bytes() == sink.getvalue()
        assert saved._replace(file="-") == streamed


def test_exports_go_on_where_the_last_one_ended(tmp_path: Path) -> None:
    company = a_company()
    exports = Exports(company.store, COMPANY)
    first = exports.events(TableFormat.JSONL, tmp_path / "first")
    company.invoice(9, 1_000)
    later = exports.events(TableFormat.JSONL, tmp_path / "later", after=first.last)
    assert (first.rows, first.last) == (7, 7)
    assert (later.rows, later.last) == (1, 8)
    none = exports.events(TableFormat.JSONL, tmp_path / "none", after=later.last)
    assert (none.rows, none.last) == (0, 8)
    whole = exports.events(TableFormat.JSONL, tmp_path / "whole")
    assert whole.rows == 8
    both = (tmp_path / "first").read_bytes() + (tmp_path / "later").read_bytes()
    assert (tmp_path / "whole").read_bytes() == both
    moved = exports.postings(TableFormat.JSONL, tmp_path / "postings", after=first.last)
    assert moved.rows == len(postings(company.events()[-1]))


class Overtaken:
    """A store in whose feed the first position comes last, as where two writers are at work."""

    def __init__(self, company: Company) -> None:
        self._store = company.store

    def events(self, *, after: int = 0) -> Iterator[tuple[int, Event]]:
        first, *rest = self._store.events()
        order = [*rest, first]
        places = [0, *(position for position, _ in order)]
        return iter(order[places.index(after) :])

    def stream(self, stream: UUID) -> list[Event]:
        return self._store.stream(stream)


@pytest.mark.parametrize("what", ["events", "postings"])
def test_no_row_is_missed_where_a_position_comes_behind_a_later_one(what: str) -> None:
    company = Company()
    for number in (1, 2, 3):
        company.invoice(number, 1_000)
    export = getattr(Exports(Overtaken(company), COMPANY), what)
    sink = io.BytesIO()
    done = export(TableFormat.JSONL, sink)
    assert done.last == 1
    assert export(TableFormat.JSONL, io.BytesIO(), after=done.last).rows == 0
    positions = [json.loads(line)["position"] for line in sink.getvalue().splitlines()]
    assert list(dict.fromkeys(positions)) == [2, 3, 1]


def test_a_server_is_exported_as_a_file_is(tmp_path: Path, postgres_ledger: str) -> None:
    """All but the positions, which a server gives as it likes."""
    told = []
    for address in ("memory:", postgres_ledger):
        with Desk.open(address, company=COMPANY, actor="dana") as desk:
            for number in (1, 2):
                sale = a_cash_sale(number, a_line(1, 1_000, 170))
                desk.ledger.record_original(sale, a_stamp(command=f"c{number}"), read_from="a file")
            exports = Exports(desk.store, COMPANY)
            path = tmp_path / "journal"
            exports.journal(JournalFormat.BEANCOUNT, path, rights=True)
            rows = io.BytesIO()
            done = exports.postings(TableFormat.JSONL, rows)
            assert done.last == desk.store.position()
            shapes = [json.loads(line) for line in rows.getvalue().splitlines()]
            told.append((path.read_text(), [{**shape, "position": 0} for shape in shapes]))
    assert re.sub("position: .*", "", told[0][0]) == re.sub("position: .*", "", told[1][0])
    assert told[0][1] == told[1][1]


def test_a_position_below_zero_is_refused(tmp_path: Path) -> None:
    exports = Exports(a_company().store, COMPANY)
    for what in (exports.events, exports.postings):
        with pytest.raises(InvalidInputError, match="after: expected a position from zero up"):
            what(TableFormat.JSONL, tmp_path / "rows", after=-1)


def test_parquet_goes_to_files_only() -> None:
    exports = Exports(a_company().store, COMPANY)
    with pytest.raises(InvalidInputError, match="out: parquet is written to a file; name one"):
        exports.events(TableFormat.PARQUET, io.BytesIO())


def test_each_row_is_heard_of(tmp_path: Path) -> None:
    heard: list[int] = []
    exports = Exports(a_company().store, COMPANY, heard=heard.append)
    exports.events(TableFormat.PARQUET, tmp_path / "events.parquet")
    assert heard == [1, 2, 3, 4, 5, 6, 7]
    heard.clear()
    done = exports.journal(JournalFormat.HLEDGER, tmp_path / "journal")
    assert heard == list(range(1, done.rows + 1))


def test_a_journal_follows_its_chart_and_its_time_zone() -> None:
    company = Company(minutes=15 * 60)
    company.invoice(1, 1_000)
    sink = io.BytesIO()
    done = Exports(company.store, COMPANY).journal(
        JournalFormat.BEANCOUNT,
        sink,
        chart=Chart({"open": "Assets:Debtors:{source}"}),
        zone=time_zone("Asia/Jerusalem"),
    )
    text = sink.getvalue().decode()
    assert done.rows == 1
    assert "2026-03-02 open Assets:Debtors:N-invoice-U3A-1-U2F-1\n" in text
    assert f"{date(2026, 3, 3)} balance Equity:Books  -11.70 ~ 0 ILS\n" in text


def test_a_journal_begun_after_the_request_finds_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refund_projections.journal.REMEMBERED", 1)
    company = Company()
    for number in (1, 2):
        company.ask(f"key-{number}", original=str(company.cash_sale(number, 1_000)))
    for refund in company.refunds:
        company.finish(refund)
    sink = io.BytesIO()
    Exports(company.store, COMPANY).journal(JournalFormat.BEANCOUNT, sink)
    text = sink.getvalue().decode()
    assert text.count('key: "key-1"') == text.count('key: "key-2"') == 2


def test_a_time_zone_is_known_by_its_name() -> None:
    assert time_zone("UTC") is UTC
    assert str(time_zone("Asia/Jerusalem")) == "Asia/Jerusalem"
    for name in ("Jerusalem", "", "../UTC", "Asia", "a\0b"):
        with pytest.raises(InvalidInputError, match=r"timezone: .* is no time zone; use a name"):
            time_zone(name)


class Long:
    """A ledger of any length: one refund's events, again and again at later positions."""

    def __init__(self, times: int) -> None:
        self._company = a_company()
        self._events = self._company.events()
        self._times = times

    def events(self, *, after: int = 0) -> Iterator[tuple[int, Event]]:
        assert after == 0
        again = chain.from_iterable(repeat(self._events, self._times))
        return enumerate(again, 1)

    def stream(self, stream: UUID) -> list[Event]:
        return self._company.store.stream(stream)


class Nowhere(io.RawIOBase):
    """Takes everything and keeps nothing but how much it was."""

    def __init__(self) -> None:
        self.taken = 0

    def write(self, data: Any, /) -> int:
        self.taken += len(data)
        return len(data)


@pytest.mark.parametrize(("what", "times"), [("events", 300), ("postings", 100), ("journal", 800)])
def test_memory_holds_a_small_part_of_an_export_at_any_time(what: str, times: int) -> None:
    exports, nowhere = Exports(Long(times), COMPANY), Nowhere()
    sink = cast("BinaryIO", nowhere)
    tracemalloc.start()
    try:
        if what == "journal":
            exports.journal(JournalFormat.BEANCOUNT, sink)
        else:
            getattr(exports, what)(TableFormat.JSONL, sink)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The rows as objects would take several times their text.
    assert nowhere.taken > 500_000
    assert peak < nowhere.taken / 2


def test_json_of_the_library_is_what_others_can_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    Exports(a_company().store, COMPANY).events(TableFormat.JSONL, path)
    topics = [json.loads(line)["topic"] for line in path.read_text().splitlines()]
    assert topics[:2] == ["original.recorded", "refund.requested"]
    assert topics[-1] == "refund.completed"
