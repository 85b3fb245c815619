"""Exports by command: files and pipes, their summaries, and how they end."""

import csv
import hashlib
import io
import json
import subprocess
from pathlib import Path

import pytest

from refund_adapters.exports.parquet import arrow_modules
from refund_projections.chart import DEFAULT
from support.bookkeepers import beancount, hledger, needs_hledger
from support.command_line import INVOICE, Terminal, read_json


@pytest.fixture
def told(terminal: Terminal) -> Terminal:
    """A ledger with an original and a refund that was asked for and agreed to."""
    terminal.originals(INVOICE)
    terminal.asked("order-1", original="invoice:1/17")
    return terminal


@pytest.mark.parametrize("what", ["events", "postings"])
def test_an_export_says_what_it_wrote(told: Terminal, what: str) -> None:
    path = told.folder / "rows.jsonl"
    summary = told.json("export", what, "--format", "jsonl", "--out", str(path))
    raw = path.read_bytes()
    assert summary == {
        "what": what,
        "rows": raw.count(b"\n"),
        "file": str(path),
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "last": 2,
    }
    ended = told.ok("export", what, "--format", "jsonl", "--out", str(path))
    assert ended.out == (f"wrote {summary['rows']} {what} to {path}, sha256 {summary['sha256']}\n")


def test_stdout_holds_the_rows_and_nothing_else(told: Terminal) -> None:
    path = told.folder / "postings.csv"
    told.ok("export", "postings", "--format", "csv", "--out", str(path))
    ended = told.ok("export", "postings", "--format", "csv", "--out", "-")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert ended.out.splitlines() == path.read_text().splitlines()
    assert ended.err.startswith(f"wrote {len(rows)} postings, sha256 ")
    assert sum(int(row["amount"]) for row in rows if row["unit"] == "ILS") == 0
    quiet = told.ok("--json", "export", "events", "--format", "jsonl", "--out", "-")
    assert quiet.err == ""
    positions = [read_json(line)["position"] for line in quiet.out.splitlines()]
    assert positions == [1, 2]


def test_only_what_came_after_a_position(told: Terminal) -> None:
    ended = told.ok("export", "events", "--format", "jsonl", "--out", "-", "--after", "1")
    assert [line["position"] for line in ended.lines] == [2]


def test_parquet_by_command(told: Terminal) -> None:
    path = told.folder / "events.parquet"
    summary = told.json("export", "events", "--format", "parquet", "--out", str(path))
    _, parquet = arrow_modules()
    assert parquet.read_table(path).num_rows == summary["rows"] == 2


def test_a_journal_by_command_with_a_chart_of_the_company(told: Terminal) -> None:
    path = told.folder / "refunds.beancount"
    chart = told.text('[accounts]\nopen = "Assets:1100-חייבים:{customer}"\n', "chart.toml")
    flags = ("--chart", chart, "--timezone", "Asia/Jerusalem")
    summary = told.json("export", "journal", "--format", "beancount", "--out", str(path), *flags)
    audit = beancount(path)
    assert audit.errors == []
    assert (summary["what"], summary["rows"]) == ("transactions", len(audit.transactions))
    assert audit.balances == {
        ("Assets:1100-חייבים:1001", "ILS"): 29_250,
        ("Equity:Books", "ILS"): -29_250,
    }
    told.ok("export", "journal", "--format", "beancount", "--out", str(path), "--rights")
    both = beancount(path)
    assert both.errors == []
    assert ("Equity:Rights:Refundable", "QTY") not in both.balances, "all of it is reserved"
    assert both.balances["Equity:Rights:Reserved", "QTY"] == 3_000_000


@needs_hledger
def test_a_journal_for_hledger_by_command(told: Terminal) -> None:
    path = told.folder / "refunds.journal"
    told.ok("export", "journal", "--format", "hledger", "--out", str(path))
    audit = hledger(path)
    assert audit.errors == []
    assert audit.balances["Assets:Receivable:1001", "ILS"] == 29_250


def test_the_usual_chart_can_be_changed_and_given_back(told: Terminal) -> None:
    chart = told.text(told.ok("export", "chart").out, "chart.toml")
    path = told.folder / "journal"
    told.ok("export", "journal", "--format", "hledger", "--out", str(path), "--chart", chart)
    assert told.json("export", "chart") == {
        "accounts": {str(kind): name for kind, name in DEFAULT.items()}
    }


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("events", "--format", "xml"), "format: expected jsonl or csv or parquet, got 'xml'"),
        (
            ("journal", "--format", "gnucash"),
            "format: expected beancount or hledger, got 'gnucash'",
        ),
        (
            ("journal", "--format", "hledger", "--timezone", "Mars"),
            "timezone: 'Mars' is no time zone; use a name such as Asia/Jerusalem or UTC",
        ),
        (
            ("journal", "--format", "hledger", "--chart", "no.toml"),
            "chart: no.toml cannot be read: No such file or directory",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(
    told: Terminal, flags: tuple[str, ...], sentence: str
) -> None:
    assert told.refused("export", *flags, "--out", "-", code=2) == sentence


@pytest.mark.parametrize("what", ["events", "postings"])
def test_a_position_is_one_that_a_store_can_number(told: Terminal, what: str) -> None:
    highest = ("export", what, "--format", "jsonl", "--out", "-", "--after")
    assert told.ok(*highest, str(2**63 - 1)).out == ""
    assert "--after" in told.refused(*highest, str(2**63), code=2)


def test_parquet_needs_a_file(told: Terminal) -> None:
    said = told.refused("export", "events", "--format", "parquet", "--out", "-", code=2)
    assert said == "out: parquet is written to a file; name one"


def test_the_ledger_itself_is_never_written_over(told: Terminal) -> None:
    before = told.store.read_bytes()
    said = told.refused("export", "events", "--format", "csv", "--out", str(told.store), code=2)
    assert said == f"out: {told.store} is a database; name another file"
    assert told.store.read_bytes() == before


def test_there_is_nothing_to_export_where_there_is_no_ledger(terminal: Terminal) -> None:
    out = terminal.folder / "rows.csv"
    said = terminal.refused("export", "events", "--format", "csv", "--out", str(out), code=3)
    assert said.startswith("there is no ledger at sqlite:///")
    assert not out.exists()


def test_a_file_that_grows_too_large_leaves_nothing(told: Terminal) -> None:
    told.originals(*({**INVOICE, "number": number} for number in range(100, 400)))
    out = told.folder / "rows.jsonl"
    command = ("--json", "export", "postings", "--format", "jsonl", "--out", str(out))
    # Opening the store alone writes a little beside it.
    process = told.process(*command, largest_file=100_000)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    error = read_json(err)["error"]
    assert (error["kind"], error["exit_code"]) == ("not_written", 1)
    assert error["message"] == f"{out} was not written: File too large; nothing of it is left"
    assert [path.name for path in told.folder.iterdir() if "rows" in path.name] == []


def test_a_reader_that_goes_away_ends_the_export(told: Terminal) -> None:
    told.originals(*({**INVOICE, "number": number} for number in range(100, 400)))
    process = told.process("export", "events", "--format", "jsonl", "--out", "-")
    assert process.stdout
    assert process.stdout.readline().startswith("{")
    process.stdout.close()
    assert process.wait(timeout=60) == 141


def test_each_command_shows_an_example(terminal: Terminal) -> None:
    for command in ("events", "postings", "journal", "chart"):
        assert "Example: refund-ledger export" in terminal.ok("export", command, "--help").out


def test_text_is_utf8_whatever_the_terminal_says(told: Terminal) -> None:
    told.environment["PYTHONIOENCODING"] = "latin-1"
    command = ("export", "events", "--format", "jsonl", "--out", "-")
    process = told.process(*command, err=subprocess.DEVNULL)
    assert process.stdout
    raw = process.stdout.read().encode()
    assert process.wait(timeout=60) == 0
    state = json.loads(raw.splitlines()[0])["state"]
    assert state["lines"][0]["description"] == "כוס קרמיקה"
    assert "כוס קרמיקה".encode() in raw
    assert Path(told.store).exists()
