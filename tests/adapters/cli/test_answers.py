"""Questions: what waits, who owes whom, what happened, and the proof that it adds up."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from refund_adapters.cli.answers import age
from support.command_line import INVOICE, SALE, Terminal, table

NONE = {"amount": "0.00", "currency": "ILS"}


def test_what_waits_says_why_for_how_long_and_what_to_do(terminal: Terminal) -> None:
    terminal.originals()
    terminal.asked()

    (waiting,) = terminal.json("pending")["pending"]

    assert waiting["key"] == "order-1"
    assert (waiting["part"], waiting["status"], waiting["waits"]) == ("invoice", "due", "send")
    assert waiting["age_seconds"] < 60
    assert waiting["since"].endswith("Z")
    assert "dispatch" in waiting["what_to_do"]
    assert "order-1  invoice  due" in terminal.ok("pending").out


def test_what_waits_for_a_second_person_is_pending_too(terminal: Terminal) -> None:
    terminal.environment["REFUND_LEDGER_APPROVAL_ABOVE"] = '{"ILS": "100.00"}'
    terminal.originals()
    terminal.asked()

    (waiting,) = terminal.json("pending")["pending"]

    assert (waiting["status"], waiting["part"], waiting["waits"]) == (
        "awaiting approval",
        None,
        None,
    )
    assert "above the limit of 100.00 ILS" in waiting["why"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (86_400 * 40, "40 d")],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, said: str) -> None:
    assert age(timedelta(seconds=seconds)) == said


def test_balances_say_who_owes_whom(terminal: Terminal) -> None:
    terminal.originals(INVOICE)
    terminal.asked("order-1", "--amount", "92.50", original="invoice:1/17")

    (balance,) = terminal.json("balance")["balances"]

    assert balance["customer_id"] == "1001"
    assert balance["open"] == {"amount": "292.50", "currency": "ILS"}
    assert balance["net"] == {"amount": "-292.50", "currency": "ILS"}
    assert balance["credit"] == balance["held"] == balance["promised"] == NONE
    assert table(terminal.ok("balance").out)[1] == [
        *("1001", "ILS", "292.50", "0.00", "0.00", "0.00", "0.00", "-292.50")
    ]


def test_one_customers_credit_is_shown_by_source(terminal: Terminal) -> None:
    for number in (2, 1):
        terminal.ok(
            *("credit", "grant", f"opening-{number}", "--customer", "1001", "--amount", "5.00"),
            *("--currency", "ILS", "--why", "opening_balance", "--date", "2026-01-01"),
        )

    (balance,) = terminal.json("balance", "--customer", "1001")["balances"]

    assert [source["source"] for source in balance["sources"]] == [
        "grant:opening-2",
        "grant:opening-1",
    ]
    assert (
        "credit of 5.00 ILS from grant:opening-2"
        in terminal.ok("balance", "--customer", "1001").out
    )
    assert terminal.json("balance", "--customer", "404") == {"balances": []}
    assert terminal.ok("balance", "--customer", "404").out.endswith("owes anybody anything\n")


def test_a_statement_may_be_without_end(terminal: Terminal) -> None:
    terminal.originals()
    whole = ("statement", "--customer", "1001", "--currency", "ILS")
    assert terminal.ok(*whole, "--to", "9999-12-31").out == terminal.ok(*whole).out
    backwards = (*whole, "--from", "2026-02-01", "--to", "2026-01-01")
    assert "before the period begins" in terminal.refused(*backwards, code=2)


def test_a_statement_adds_up(terminal: Terminal) -> None:
    terminal.originals(INVOICE)
    today = datetime.now(tz=UTC).date()
    whose = ("statement", "--customer", "1001", "--currency", "ILS")

    drawn = terminal.json(*whose, "--from", today.isoformat(), "--to", today.isoformat())

    assert drawn["opening"] == {"net": NONE, "available": NONE}
    (line,) = drawn["lines"]
    assert line["debit"] == {"amount": "292.50", "currency": "ILS"}
    assert drawn["debits"] == line["debit"]
    assert drawn["closing"]["net"] == {"amount": "-292.50", "currency": "ILS"}

    later = terminal.json(*whose, "--from", (today + timedelta(days=1)).isoformat())
    assert (later["lines"], later["opening"]) == ([], drawn["closing"])
    shown = table(terminal.ok(*whose).out)
    assert shown[-1] == ["292.50", "0.00", "-292.50", "0.00", "closing"]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--currency", "QQQ"), "is not an ISO 4217 code"),
        (("--currency", "ILS", "--from", "soon"), "from: expected a date"),
        (
            ("--currency", "ILS", "--from", "2026-02-01", "--to", "2026-01-01"),
            "is before the period begins",
        ),
    ],
)
def test_a_period_that_is_none_is_said(
    terminal: Terminal, flags: tuple[str, ...], sentence: str
) -> None:
    terminal.originals()

    assert sentence in terminal.refused("statement", "--customer", "1001", *flags, code=2)


def test_a_replay_equals_what_is_live(terminal: Terminal) -> None:
    terminal.originals()
    terminal.asked()

    assert terminal.ok("rebuild").out == "rebuilt from 2 events: equal\n"
    rebuilt = terminal.json("rebuild")
    assert (rebuilt["events"], rebuilt["equal"], rebuilt["differences"]) == (2, True, [])


def test_a_replay_that_differs_names_every_account(terminal: Terminal) -> None:
    terminal.originals()
    with sqlite3.connect(terminal.store) as meddler:
        meddler.execute("UPDATE balances SET balance = balance + 1 WHERE item = 'payment/1'")
    meddler.close()

    ended = terminal.run("--json", "rebuild")

    assert ended.code == 1
    assert not ended.shape["equal"]
    (difference,) = ended.shape["differences"]
    assert difference["account"] == "refundable"
    assert (difference["replayed"], difference["live"]) == ("292.50", "292.51")
    people = terminal.run("rebuild")
    assert people.code == 1
    assert people.out.startswith("rebuilt from 1 events: 1 differences\n")
    assert SALE in people.out


def test_what_differs_beyond_the_most_that_is_named_is_counted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.originals()
    with sqlite3.connect(terminal.store) as meddler:
        meddler.execute("UPDATE balances SET balance = balance + 1")
        (balances,) = meddler.execute("SELECT count(*) FROM balances").fetchone()
    meddler.close()
    monkeypatch.setattr("refund_projections.replay.MOST_NAMED", 2)

    ended = terminal.run("rebuild")

    assert ended.code == 1
    assert ended.out.endswith(f"  and {balances - 2} more that are not named\n")


def test_a_damaged_event_is_said(terminal: Terminal) -> None:
    terminal.originals()
    with sqlite3.connect(terminal.store) as meddler:
        for (name,) in meddler.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            meddler.execute(f"DROP TRIGGER {name}")
        meddler.execute("UPDATE stored_events SET state = '{'")
    meddler.close()

    assert "cannot be read" in terminal.refused("rebuild", code=3)


def test_a_store_of_a_newer_version_is_left_alone(terminal: Terminal) -> None:
    terminal.originals()
    with sqlite3.connect(terminal.store) as newer:
        newer.execute("PRAGMA user_version = 999")
    newer.close()

    assert "update the software" in terminal.refused("balance", code=3)


def test_a_database_of_something_else_is_left_alone(terminal: Terminal) -> None:
    with sqlite3.connect(terminal.store) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()

    assert "database of something else" in terminal.refused("balance", code=3)
    assert "database of something else" in terminal.refused(
        "originals", "import", terminal.rows({"original": INVOICE}), code=3
    )
