"""Originals come in from a file or from the accounting system, each judged alone."""

import pytest

from refund_adapters.cli import originals
from support.command_line import CASH_SALE, INVOICE, SALE, Terminal

WRONG = {"original": {**INVOICE, "lines": [{"number": 1, "net": "ten"}]}}


def test_a_file_is_recorded_row_by_row(terminal: Terminal) -> None:
    path = terminal.rows({"original": CASH_SALE}, WRONG, {"original": INVOICE}, {"other": 1})

    ended = terminal.run("--json", "originals", "import", path)

    assert ended.code == 1, "two rows were refused"
    *rows, summary = ended.lines
    assert [(row["row"], row["outcome"]) for row in rows] == [
        (1, "recorded"),
        (2, "refused"),
        (3, "recorded"),
        (4, "refused"),
    ]
    assert rows[0]["name"] == SALE
    assert "line 1 net" in rows[1]["why"]
    assert summary == {"type": "summary", "recorded": 2, "known": 0, "refused": 2}


def test_a_file_is_safe_to_import_again(terminal: Terminal) -> None:
    terminal.originals()

    again = terminal.ok("originals", "import", terminal.rows({"original": CASH_SALE}))

    assert "1 read: 0 recorded, 1 known, 0 refused" in again.out


def test_granted_credits_come_in_the_same_file(terminal: Terminal) -> None:
    credit = {
        "reference": "opening-1",
        "customer_id": "1001",
        "currency": "ILS",
        "amount": "50.00",
        "why": "opening_balance",
        "granted_on": "2026-01-01",
    }

    terminal.ok("originals", "import", terminal.rows({"credit": credit}))

    (balance,) = terminal.json("balance")["balances"]
    assert balance["credit"] == {"amount": "50.00", "currency": "ILS"}


def test_a_long_file_is_said_in_several_tables(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "MOST_ROWS", 2)
    rows = [{"original": {**CASH_SALE, "number": number}} for number in range(1, 6)]

    lines = terminal.ok("originals", "import", terminal.rows(*rows)).out.splitlines()

    assert [line.split()[0] for line in lines] == [
        "row",
        "1",
        "2",
        "row",
        "3",
        "4",
        "row",
        "5",
        "5",
    ]
    assert lines[-1] == "5 read: 5 recorded, 0 known, 0 refused"


def test_originals_are_read_by_number(online: Terminal) -> None:
    ended = online.ok(
        *("--json", "originals", "import", "--invoice", "5001-5003", "--invoice-receipt", "6923"),
        *("--ref", "receipt:1/3001", "--receipt", "3001"),
    )

    names = [row["name"] for row in ended.lines if row["type"] == "row"]
    assert sorted(names) == [
        "invoice:1/5001",
        "invoice:1/5002",
        "invoice:1/5003",
        SALE,
        "receipt:1/3001",
    ]


def test_originals_are_read_by_date_and_customer(online: Terminal) -> None:
    everything = ("originals", "import", "--from", "2024-01-01", "--to", "2026-12-31")

    alone = online.ok("--json", *everything, "--customer", "1001").lines
    rest = online.ok("--json", *everything).lines

    assert alone[-1]["recorded"] >= 1
    assert rest[-1]["known"] == alone[-1]["recorded"]
    assert rest[-1]["recorded"] > 10
    assert online.ok("rebuild").out.endswith("equal\n")


def test_originals_may_be_read_from_ever_and_for_ever(online: Terminal) -> None:
    ended = online.ok("originals", "import", "--from", "0001-01-01", "--to", "9999-12-31")

    assert int(ended.out.splitlines()[-1].split()[0]) > 10


def test_a_document_that_is_not_there_is_one_refused_row(online: Terminal) -> None:
    ended = online.run("originals", "import", "--invoice", "5001", "--invoice", "9999")

    assert ended.code == 1
    assert "invoice:1/9999 does not exist" in ended.out
    assert "2 read: 1 recorded, 0 known, 1 refused" in ended.out


def test_a_wrong_token_is_said_and_nothing_is_recorded(online: Terminal) -> None:
    online.environment["REFUND_LEDGER_RIVHIT_TOKEN"] = "not-the-token-at-all"

    sentence = online.refused("originals", "import", "--invoice", "5001", code=3)

    assert "token" in sentence


def test_a_server_that_is_not_there_is_said(terminal: Terminal) -> None:
    terminal.environment |= {
        "REFUND_LEDGER_RIVHIT_TOKEN": "a-token-of-any-kind",
        "REFUND_LEDGER_RIVHIT_URL": "http://127.0.0.1:9",
        "REFUND_LEDGER_RIVHIT": '{"read_attempts": 1}',
    }

    assert "Rivhit did not answer" in terminal.refused(
        "originals", "import", "--invoice", "1", code=3
    )


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com", "ftp://127.0.0.1", "127.0.0.1:80", "https://u:p@example.com"],
)
def test_an_address_that_would_show_the_token_is_refused(terminal: Terminal, url: str) -> None:
    terminal.environment |= {
        "REFUND_LEDGER_RIVHIT_TOKEN": "a-token-of-any-kind",
        "REFUND_LEDGER_RIVHIT_URL": url,
    }

    assert "base_url: " in terminal.refused("originals", "import", "--invoice", "1", code=2)
    assert not terminal.store.exists()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ((), "name either a file, or what to read"),
        (("rows.jsonl", "--invoice", "1"), "name either a file, or what to read"),
        (("--invoice", "first"), "invoice: expected a number such as 17"),
        (("--invoice", "9-1"), "invoice: expected at most 1000 numbers"),
        (("--receipt", "1-9999"), "receipt: expected at most 1000 numbers"),
        (("--ref", "17"), "ref: expected kind:series/number"),
        (("--ref", SALE, "--customer", "1001"), "ref: name originals, or say a period and whose"),
        (("--invoice", "1", "--from", "2026-01-01", "--to", "2026-01-31"), "ref: name originals"),
        (("--from", "yesterday"), "from: expected a date"),
        (("--to", "2026-13-01"), "to: expected a date"),
        (("nothing.jsonl",), "file: nothing.jsonl does not exist"),
    ],
)
def test_what_to_read_is_said_clearly_or_asked_for(
    terminal: Terminal, flags: tuple[str, ...], sentence: str
) -> None:
    terminal.environment["REFUND_LEDGER_RIVHIT_TOKEN"] = "a-token-of-any-kind"

    assert sentence in terminal.refused("originals", "import", *flags, code=2)


def test_a_token_is_asked_for_where_there_is_none(terminal: Terminal) -> None:
    assert "REFUND_LEDGER_RIVHIT_TOKEN: set it" in terminal.refused(
        "originals", "import", "--invoice", "1", code=2
    )


def test_what_is_left_of_an_original_is_shown_per_line_and_payment(terminal: Terminal) -> None:
    terminal.originals()
    terminal.asked("order-1", "--line", "1:x1")

    shown = terminal.json("originals", "show", SALE)

    first, second = shown["lines"]
    assert first["left_quantity"] == "1"
    assert first["left_net"] == {"amount": "100.00", "currency": "ILS"}
    assert first["left_vat"] == {"amount": "17.00", "currency": "ILS"}
    assert second["left_net"] == second["net"]
    (payment,) = shown["payments"]
    assert payment["left"] == {"amount": "175.50", "currency": "ILS"}
    assert shown["sale"]["in_flight"] == {"amount": "117.00", "currency": "ILS"}
    assert shown["sale"]["left"] == {"amount": "175.50", "currency": "ILS"}
    assert [refund["key"] for refund in shown["refunds"]] == ["order-1"]


def test_people_see_what_is_left(terminal: Terminal) -> None:
    terminal.originals()
    assert "no refund has taken from it" in terminal.ok("originals", "show", SALE).out
    terminal.asked("order-1", "--line", "2")

    shown = terminal.ok("originals", "show", SALE).out

    assert "   2         1     0    50.00    0.00   8.50   0.00  תחתית שעם\n" in shown
    assert "sale: 292.50 ILS recorded, 234.00 ILS left, 58.50 ILS in flight" in shown
    assert "order-1  in progress  58.50 ILS  58.50 ILS" in shown


def test_an_original_that_is_not_recorded_is_said(terminal: Terminal) -> None:
    terminal.originals()

    assert "is not recorded" in terminal.refused("originals", "show", "invoice:1/18")
    assert "original: expected" in terminal.refused("originals", "show", "eighteen", code=2)
