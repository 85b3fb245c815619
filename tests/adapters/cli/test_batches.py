"""A file of requests: rehearsed, confirmed, each row judged alone, safe to run again."""

import os
import pty
import select
import time

import pytest

from support.command_line import CASH_SALE, INVOICE, SALE, Terminal

OTHER = "invoice:1/17"
HEADING = "key,original,amount,line,reason,comment\n"
GOOD = f"a,{SALE},10.00,,overcharged,שלום\n"
ALSO = f"c,{OTHER},,2,returned_goods,\n"
DEADLINE = 30.0


def test_a_dry_run_judges_every_row_and_writes_nothing(terminal: Terminal) -> None:
    terminal.originals(CASH_SALE, INVOICE)
    bad = f"b,{SALE},ten,,overcharged,\n"
    path = terminal.text(HEADING + GOOD + bad + ALSO, "rows.csv")

    ended = terminal.run("request", "--file", path, "--dry-run")

    assert ended.code == 1, "a row was refused"
    assert "3  b    refused" in ended.out
    assert "amount: expected a plain decimal such as 37.10, got 'ten'" in ended.out
    assert "3 rows: 2 requested, 0 awaiting approval, 0 known, 1 refused; 68.50 ILS" in ended.out
    assert "--total ILS=68.50" in ended.out
    assert terminal.ok("rebuild").out == "rebuilt from 2 events: equal\n"


def test_a_confirmed_file_is_asked_for_row_by_row(terminal: Terminal) -> None:
    terminal.originals(CASH_SALE, INVOICE)
    path = terminal.text(HEADING + GOOD + f"b,{SALE},-1,,overcharged,\n" + ALSO, "rows.csv")

    ended = terminal.run("--json", "request", "--file", path, "--total", "ILS=68.50")

    assert ended.code == 1
    *rows, summary = ended.lines
    assert [(row["row"], row["key"], row["outcome"]) for row in rows] == [
        (2, "a", "requested"),
        (3, "b", "refused"),
        (4, "c", "requested"),
    ]
    assert rows[1]["why"].startswith("amount: ")
    assert rows[1]["refund"] is None
    assert rows[0]["refund"]["comment"] == "שלום"
    assert summary == {
        "type": "summary",
        "dry_run": False,
        "rows": 3,
        "requested": 2,
        "awaiting_approval": 0,
        "known": 0,
        "refused": 1,
        "totals": [{"amount": "68.50", "currency": "ILS"}],
    }


def test_the_same_file_again_with_the_same_total_is_known(terminal: Terminal) -> None:
    terminal.originals(CASH_SALE, INVOICE)
    path = terminal.text(HEADING + GOOD + ALSO, "rows.csv")
    flags = ("request", "--file", path, "--total", "ILS=68.50")
    terminal.ok(*flags)

    again = terminal.ok(*flags)

    assert "2 rows: 0 requested, 0 awaiting approval, 2 known, 0 refused" in again.out
    assert terminal.ok("rebuild").out == "rebuilt from 4 events: equal\n"


def test_a_key_twice_in_one_file_counts_once(terminal: Terminal) -> None:
    terminal.originals()
    row = {"key": "a", "original": SALE, "amount": "10.00", "reason": "overcharged"}
    path = terminal.rows(row, row)

    ended = terminal.ok("--json", "request", "--file", path, "--total", "ILS=10.00")

    assert [line.get("outcome") for line in ended.lines] == ["requested", "known", None]


def test_rows_that_together_exceed_an_original_are_refused_from_there(terminal: Terminal) -> None:
    terminal.originals()
    rows = [
        {"key": f"k{n}", "original": SALE, "amount": "100.00", "reason": "overcharged"}
        for n in range(3)
    ]

    ended = terminal.run("request", "--file", terminal.rows(*rows), "--dry-run")

    assert ended.code == 1
    assert "only 92.50 ILS is left" in ended.out


def test_numbers_in_json_lines_are_read_exactly(terminal: Terminal) -> None:
    terminal.originals()
    path = terminal.text(
        f'{{"key": "a", "original": "{SALE}", "amount": 70.10, "reason": "overcharged"}}\n'
        f'{{"key": "b", "original": "{SALE}", "amount": NaN, "reason": "overcharged"}}\n'
        f'{{"key": "c", "original": "{SALE}", "amount": 1e999, "reason": "overcharged"}}\n'
        "[1]\n"
        "not json\n",
        "rows.jsonl",
    )

    ended = terminal.run("--json", "request", "--file", path, "--total", "ILS=70.10")

    assert ended.code == 1
    outcomes = [line.get("outcome") for line in ended.lines]
    assert outcomes == ["requested", "refused", "refused", "refused", "refused", None]


def test_without_a_total_a_pipeline_is_told_which_one_to_give(terminal: Terminal) -> None:
    terminal.originals()
    path = terminal.text(HEADING + GOOD, "rows.csv")

    sentence = terminal.refused("request", "--file", path, code=2)

    assert "confirm what it comes to with --total ILS=10.00" in sentence
    assert "no refund has the key" in terminal.refused("show", "a")


def test_another_total_is_refused_and_nothing_is_asked_for(terminal: Terminal) -> None:
    terminal.originals()
    path = terminal.text(HEADING + GOOD, "rows.csv")

    sentence = terminal.refused("request", "--file", path, "--total", "ILS=100.00")

    assert sentence == "the file comes to 10.00 ILS, not 100.00 ILS; nothing was asked for"
    assert "no refund has the key" in terminal.refused("show", "a")


def test_every_currency_is_confirmed(terminal: Terminal) -> None:
    abroad = {**CASH_SALE, "number": 6924, "currency": "USD"}
    terminal.originals(CASH_SALE, abroad)
    dollars = f"d,{SALE.replace('6923', '6924')},5.00,,overcharged,\n"
    path = terminal.text(HEADING + GOOD + dollars, "rows.csv")

    assert "10.00 ILS and 5.00 USD" in terminal.refused(
        "request", "--file", path, "--total", "ILS=10.00"
    )

    terminal.ok("request", "--file", path, "--total", "USD=5", "--total", "ILS=10")


def test_a_file_of_refused_rows_asks_for_no_total(terminal: Terminal) -> None:
    terminal.originals()
    path = terminal.text(HEADING + f"a,{SALE},0,,overcharged,\n", "rows.csv")

    ended = terminal.run("request", "--file", path)

    assert ended.code == 1
    assert "1 refused; nothing in all" in ended.out
    assert "--total" not in terminal.run("request", "--file", path, "--dry-run").out


def test_rows_that_wait_for_a_second_person_are_told_apart(terminal: Terminal) -> None:
    terminal.environment["REFUND_LEDGER_APPROVAL_ABOVE"] = '{"ILS": "5.00"}'
    terminal.originals()
    path = terminal.text(HEADING + GOOD, "rows.csv")

    assert "1 awaiting approval" in terminal.ok("request", "--file", path, "--dry-run").out


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("rows.csv", "", "holds no rows"),
        ("rows.csv", "key,original\n", "holds no rows"),
        ("rows.txt", "a", "expected a name that ends in .csv or .jsonl"),
    ],
)
def test_a_file_that_is_none_is_said(
    terminal: Terminal, name: str, text: str, sentence: str
) -> None:
    terminal.originals()

    path = terminal.text(text, name)

    assert sentence in terminal.refused("request", "--file", path, "--dry-run", code=2)


def test_a_file_that_is_missing_or_no_text_is_said(terminal: Terminal) -> None:
    terminal.originals()
    no_text = terminal.folder / "rows.csv"
    no_text.write_bytes(b"\xff\xfe\x00")

    for path in (no_text, terminal.folder, terminal.folder / "nothing.csv"):
        assert terminal.refused("request", "--file", str(path), code=2).startswith("file: ")


@pytest.mark.parametrize(
    ("total", "sentence"),
    [
        ("10.00", "expected ILS=1234.50"),
        ("ILS=ten", "expected a plain decimal"),
        ("QQQ=1", "is not an ISO 4217 code"),
        ("ILS=1.001", "has more than the 2 places"),
    ],
)
def test_a_total_that_cannot_be_read_is_said(terminal: Terminal, total: str, sentence: str) -> None:
    terminal.originals()
    path = terminal.text(HEADING + GOOD, "rows.csv")

    assert sentence in terminal.refused("request", "--file", path, "--total", total, code=2)


def test_flags_of_one_request_do_not_mix_with_a_file(terminal: Terminal) -> None:
    terminal.originals()
    path = terminal.text(HEADING + GOOD, "rows.csv")

    sentence = terminal.refused("request", "--file", path, "--reason", "overcharged", code=2)

    assert sentence == "reason: stands in the rows of the file; leave it out"


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_a_person_at_a_terminal_is_shown_the_totals_and_asked(
    terminal: Terminal, answer: str, code: int
) -> None:
    terminal.originals()
    path = terminal.text(HEADING + GOOD + f"b,{SALE},0,,overcharged,\n", "rows.csv")
    controller, screen = pty.openpty()
    asked = terminal.process("request", "--file", path, stdin=screen, err=screen)
    shown = heard(controller, "Ask for these refunds?")
    os.write(controller, f"{answer}\n".encode())
    asked.communicate(timeout=DEADLINE)

    assert "2 rows: 1 requested, 1 refused; 10.00 ILS in all" in shown
    assert "row 3 b: amount: " in shown
    # With yes, one row was asked for and one refused; with no, nothing was.
    assert asked.returncode == 1
    assert terminal.run("show", "a").code == code
    os.close(controller)
    os.close(screen)


def heard(controller: int, words: str) -> str:
    """Read what a terminal shows until some words are there."""
    text, until = "", time.monotonic() + DEADLINE
    while words not in text and time.monotonic() < until:
        if select.select([controller], [], [], 0.1)[0]:
            text += os.read(controller, 4096).decode()
    assert words in text
    return text
