"""The ledger is compared with the accounting system, and what stands as it is is accepted."""

from __future__ import annotations

import csv
import shlex
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.papers import Key
from support.command_line import SALE, Ended, Terminal
from support.reconciled import CURRENCIES

YEARS = ("--from", "2024-01-01", "--to", "2026-12-31")
LAG = '{"lists_lag": 0, "clock_error": 0}'


@pytest.fixture
def books(online: Terminal, server: Sandbox) -> Terminal:
    """Sit a person at a ledger of everything that the server holds, with one refund done."""
    online.environment["REFUND_LEDGER_RIVHIT"] = LAG
    online.ok("originals", "import", "--from", "2024-01-01", "--to", "2026-12-31")
    online.ok(
        *("outside", "record", "invoice", "3/801", "--customer", "1004", "--currency", "ILS"),
        *("--amount", "82.36", "--date", "2026-10-18"),
    )
    online.asked("order-1", "--amount", "50.00")
    online.ok("dispatch")
    assert len(server.books.documents) > 10
    return online


def change(server: Sandbox, number: int, amount: str) -> None:
    """Change an invoice behind the ledger's back."""
    paper = server.books.documents[Key(1, number)]
    totals = replace(paper.totals, total=Decimal(amount))
    server.books.documents[Key(1, number)] = replace(paper, totals=totals)


def differs(terminal: Terminal, *more: str) -> dict[str, Any]:
    """Compare with JSON where something differs; what it says."""
    ended = terminal.run("--json", "reconcile", *YEARS, *more)
    assert ended.code == 1, ended
    return ended.shape


def runs(terminal: Terminal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.json("reconcile", "runs")["runs"]
    return found


def test_a_clean_comparison_ends_with_0_and_is_recorded(books: Terminal) -> None:
    assert books.ok("reconcile", "runs").out == "nothing was compared yet\n"
    ended = books.ok("reconcile", *YEARS)
    assert ended.out.endswith("nothing differs\n")
    shape = books.json("reconcile", *YEARS)
    assert (shape["clean"], shape["findings"], shape["read_from"]) == (True, [], "rivhit")
    assert shape["matched"] == shape["documents_here"] == shape["documents_there"]
    (_, second) = runs(books)
    assert {name: shape[name] for name in second} == second
    assert second["by"] == "dana"
    assert "rivhit" in books.ok("reconcile", "runs").out


def test_a_comparison_may_be_from_ever_and_for_ever(books: Terminal) -> None:
    shape = books.json("reconcile", "--from", "0001-01-01", "--to", "9999-12-31")
    assert (shape["clean"], shape["matched"]) == (True, books.json("reconcile", *YEARS)["matched"])


def test_a_difference_ends_with_1_and_says_what_to_do(books: Terminal, server: Sandbox) -> None:
    change(server, 5003, "1.00")
    ended = books.run("reconcile", *YEARS)
    assert ended.code == 1
    assert "document 1/5003  amount differs" in ended.out
    assert "there 1.00 ILS" in ended.out
    assert "something differs" in ended.out
    (one,) = differs(books)["findings"]
    assert (one["document"], one["difference"]) == ("document 1/5003", "amount differs")
    assert one["there"]["amount"] == "1.00"


def test_the_command_that_the_report_prints_accepts_and_it_stays_accepted(
    books: Terminal, server: Sandbox
) -> None:
    change(server, 5003, "1.00")
    (one,) = differs(books)["findings"]
    _, *words = shlex.split(one["accept_with"].replace("...", "agreed"))
    assert books.json(*words) == {
        "document": "document 1/5003",
        "difference": "amount differs",
        "outcome": "accepted",
    }
    assert "accepted before; nothing was written" in books.ok(*words).out
    shape = books.json("reconcile", *YEARS)
    assert (shape["clean"], shape["accepted"]) == (True, {"amount differs": 1})
    assert shape["findings"][0]["accepted"]["why"] == "agreed"
    assert "(accepted)" in books.ok("reconcile", *YEARS).out
    change(server, 5003, "2.00")
    assert [one["accepted"] for one in differs(books)["findings"]] == [None]


def test_the_command_that_the_report_prints_records_what_nobody_knew(
    books: Terminal, server: Sandbox
) -> None:
    paper = server.books.documents[Key(3, 801)]
    totals = replace(paper.totals, total=Decimal("-3.00"))
    server.books.add_document(replace(paper, key=Key(3, 950), totals=totals, comments=""))
    (one,) = differs(books)["findings"]
    assert one["difference"] == "unknown here"
    books.ok(*shlex.split(one["what_to_do"].removeprefix("Record it: refund-ledger ")))
    assert books.json("reconcile", *YEARS)["clean"]


def test_a_file_gives_the_same_findings_and_needs_no_token(
    books: Terminal, server: Sandbox
) -> None:
    change(server, 5003, "1.00")
    expected = differs(books)
    rows = [
        {
            "half": half,
            "type": paper.key.type,
            "number": paper.key.number,
            "date": paper.issue_date.isoformat(),
            "customer_id": paper.customer_id,
            "currency": CURRENCIES[paper.currency_id],
            "amount": str(paper.amount),
            "comments": paper.comments,
        }
        for half, papers in (
            ("document", server.books.documents),
            ("receipt", server.books.receipts),
        )
        for paper in papers.values()
    ]
    file = books.rows(*rows, name="export.jsonl")
    del books.environment["REFUND_LEDGER_RIVHIT_TOKEN"]
    shape = differs(books, "--file", file)
    assert shape["read_from"] == "export.jsonl"
    names = [
        [(one["difference"], one["document"]) for one in of["findings"]] for of in (shape, expected)
    ]
    assert names[0] == names[1] == [("amount differs", "document 1/5003")]


def test_page_and_csv_are_written_beside_the_answer(books: Terminal, server: Sandbox) -> None:
    change(server, 5003, "1.00")
    page, table = books.folder / "march.html", books.folder / "march.csv"
    ended = books.run("reconcile", *YEARS, "--html", str(page), "--csv", str(table))
    assert ended.code == 1
    assert f"wrote {page}" in ended.err
    assert "1 difference to look at" in page.read_text("utf-8")
    with table.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["difference"], row["amount_there"]) == ("amount differs", "1.00")
    assert differs(books, "--html", str(page))["findings"]


def test_an_outage_ends_with_2_and_records_nothing(books: Terminal) -> None:
    there = books.environment["REFUND_LEDGER_RIVHIT_URL"]
    books.environment["REFUND_LEDGER_RIVHIT_URL"] = "http://127.0.0.1:9/online/RivhitOnlineAPI.svc"
    page = books.folder / "march.html"
    sentence = books.refused("reconcile", *YEARS, "--html", str(page), code=2)
    assert sentence.endswith("nothing was compared and nothing recorded")
    failed = books.run("--json", "reconcile", *YEARS)
    assert (failed.code, failed.out) == (2, "")
    assert (failed.error["kind"], failed.error["exit_code"]) == ("unavailable", 2)
    assert not page.exists()
    books.environment["REFUND_LEDGER_RIVHIT_URL"] = there
    assert runs(books) == []


def test_what_is_kept_is_gone_on_with_after_an_outage(books: Terminal, server: Sandbox) -> None:
    keep = ("--keep", str(books.folder / "kept.jsonl"))
    first = books.json("reconcile", *YEARS, *keep)
    before = len(server.log.calls)
    again = books.json("reconcile", *YEARS, *keep)
    assert again["digest_there"] == first["digest_there"]
    assert len(server.log.calls) - before <= 4
    assert "holds another company or period" in books.refused(
        "reconcile", "--from", "2026-01-01", "--to", "2026-01-31", *keep, code=2
    )


def test_without_opening_documents_the_currency_is_said_not_to_be_compared(
    books: Terminal,
) -> None:
    ended = books.ok("reconcile", *YEARS, "--quick")
    assert "matching documents was not compared" in ended.err


def _said(ended: Ended) -> str:
    assert (ended.code, ended.out) == (2, "")
    return ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "from: say which days to compare"),
        (("--from", "2026-01-01"), "from: say which days to compare"),
        (("--from", "2026-01-32", "--to", "2026-01-31"), "from: expected a date"),
        (("--from", "2026-02-01", "--to", "2026-01-31"), "to: the period ends before it begins"),
        ((*YEARS, "--file", "nothing.csv"), "file: nothing.csv does not exist"),
        ((*YEARS, "--file", "nothing.csv", "--quick"), "file: nothing is asked of the system"),
        ((*YEARS, "--html", "nowhere/a.html"), "html: nowhere/a.html is in a folder that is not"),
        ((*YEARS, "--html", "a.html", "--csv", "./a.html"), "csv: is the file of --html"),
        ((*YEARS, "--file", "a.csv", "--csv", "a.csv"), "csv: is the file of --file"),
        (("accept", "3/481", "amount differs", "a" * 64, "--why", "x"), "document: expected"),
        (("accept", "document 3/481", "magic", "a" * 64, "--why", "x"), "kind: expected one of"),
        (("accept", "document 3/481", "in doubt", "a" * 64, "--why", "x"), "is not accepted"),
        (("accept", "document 3/481", "amount differs", "a", "--why", "x"), "digest: "),
        (("accept", "document 3/481", "amount differs", "a" * 64, "--why", ""), "why: "),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(
    online: Terminal, arguments: tuple[str, ...], said: str
) -> None:
    online.originals()
    assert said in _said(online.run("reconcile", *arguments))


def test_what_no_comparison_showed_is_not_accepted(terminal: Terminal) -> None:
    terminal.originals()
    unseen = ("document 2/6923", "amount differs", "a" * 64, "--why", "x")
    said = terminal.refused("reconcile", "accept", *unseen)
    assert said == "no comparison showed amount differs so far; compare before you accept"


@pytest.mark.parametrize("command", ["", "accept", "runs"])
def test_each_command_explains_itself_with_an_example(terminal: Terminal, command: str) -> None:
    shown = " ".join(terminal.ok("reconcile", *command.split(), "--help").out.split())
    assert "Example" in shown
    assert f"refund-ledger reconcile {command}".strip() in shown
    assert "--json" in shown


def test_flags_stand_before_or_after_its_name(books: Terminal) -> None:
    for arguments in (("--json", "reconcile", *YEARS), ("reconcile", *YEARS, "--json")):
        assert books.ok(*arguments, "--actor", "noa").shape["by"] == "noa"
    assert SALE in str(books.json("originals", "show", SALE))
