"""The archive by command: written, verified and asked, and how each ends."""

import json
from pathlib import Path

import pytest

from support.archives import needs_spark
from support.command_line import INVOICE, Terminal, table


@pytest.fixture
def told(terminal: Terminal) -> Terminal:
    """A ledger with an original and a refund that was asked for, and its archive."""
    terminal.originals(INVOICE)
    terminal.asked("order-1", original="invoice:1/17")
    terminal.ok("archive", "write", archive(terminal))
    return terminal


def archive(terminal: Terminal) -> str:
    """Where the archive is."""
    return str(terminal.folder / "archive")


def test_an_archive_is_written_once_and_goes_on(told: Terminal) -> None:
    again = told.json("archive", "write", archive(told))
    assert (again["added"], again["files"], again["events"]) == (0, 0, 2)
    told.originals({**INVOICE, "number": 18})
    ended = told.ok("archive", "write", archive(told))
    assert ended.out.startswith("added 1 events in 3 files; the archive holds 3\nhead ")


def test_what_was_written_is_verified(told: Terminal) -> None:
    head = told.json("archive", "write", archive(told))["head"]
    found = told.json("archive", "verify", archive(told), "--head", head)
    assert (found["sound"], found["head"], found["companies"]) == (True, head, ["main"])
    ended = told.ok("archive", "verify", archive(told))
    assert ended.out.splitlines()[-1] == "every file is as it was written"


def test_a_changed_file_ends_with_one(told: Terminal) -> None:
    path = next(Path(archive(told)).rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    ended = told.run("archive", "verify", archive(told))
    assert ended.code == 1
    assert f"{path.name} was changed" in ended.out
    assert ended.out.splitlines()[-1] == "something was changed"


def test_balances_and_statements_are_those_of_the_ledger(told: Terminal) -> None:
    folder = archive(told)
    assert told.json("archive", "balances", folder) == told.json("balance")
    one = ("--customer", "1001")
    assert told.json("archive", "balances", folder, *one) == told.json("balance", *one)
    early = ("--at-position", "1")
    assert told.json("archive", "balances", folder, *early) == told.json("balance", *early)
    beyond = ("--at-position", str(2**63))
    assert "--at-position" in told.refused("archive", "balances", folder, *beyond, code=2)
    flags = ("--customer", "1001", "--currency", "ILS")
    assert told.json("archive", "statement", folder, *flags) == told.json("statement", *flags)
    for_ever = (*flags, "--to", "9999-12-31")
    assert told.json("archive", "statement", folder, *for_ever) == told.json("statement", *flags)
    days = ("--from", "2026-01-01", "--to", "2099-12-31")
    assert told.json("archive", "statement", folder, *flags, *days)["lines"]
    rows = table(told.ok("archive", "balances", folder).out)
    assert rows[1][:3] == ["1001", "ILS", "292.50"]
    told_ = told.ok("archive", "statement", folder, *flags).out
    assert told_.splitlines()[0] == "opening 0.00 ILS"
    assert told_.splitlines()[-1] == "closing -292.50 ILS"


@needs_spark
def test_spark_answers_the_same_and_keeps_its_words_to_itself(told: Terminal) -> None:
    ended = told.ok("archive", "balances", archive(told), "--engine", "spark", "--json")
    assert ended.shape == told.json("archive", "balances", archive(told))
    assert ended.err == ""


def test_an_export_is_compared(told: Terminal) -> None:
    row = {"half": "document", "type": 1, "number": 17, "date": "2026-01-05"}
    row |= {"customer_id": "1001", "amount": "292.50", "currency": "ILS"}
    path = told.text(json.dumps(row) + "\n", "export.jsonl")
    days = ("--from", "2026-01-01", "--to", "2026-12-31")
    same = told.json("archive", "compare", archive(told), "--file", path, *days)
    assert same["clean"]
    assert [(one["kind"], one["documents"]) for one in same["tally"]] == [("matched", 1)]
    path = told.text(json.dumps({**row, "amount": "292.49"}) + "\n", "export.jsonl")
    ended = told.run("archive", "compare", archive(told), "--file", path, *days)
    assert ended.code == 1
    assert "document 1/17" in ended.out
    assert ended.out.splitlines()[-1] == "something differs"


@pytest.mark.parametrize(
    ("flags", "code", "sentence"),
    [
        (("--engine", "polars"), 2, "engine: expected duckdb or spark, got 'polars'"),
        (("--memory", "much"), 2, "memory: expected a size such as 512MB or 2GB, got 'much'"),
        (
            ("--master", "spark://a:1"),
            2,
            "master: names a Spark cluster; say --engine spark as well",
        ),
        (("--company", "other"), 1, "holds nothing of company 'other'; it holds events of main"),
        (("--at-position", "99"), 1, "holds no event of company 'main' at position 99"),
    ],
)
def test_what_cannot_be_asked_is_said(
    told: Terminal, flags: tuple[str, ...], code: int, sentence: str
) -> None:
    assert sentence in told.refused("archive", "balances", archive(told), *flags, code=code)


def test_no_archive_is_said(terminal: Terminal) -> None:
    for command in ("balances", "verify"):
        said = terminal.refused("archive", command, archive(terminal))
        assert said.startswith("there is no archive in ")
