"""Every instruction of the README's "When things go wrong", carried out as an operator would."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from refund_adapters.sandbox import faults
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import real_time, seeded, serving
from refund_ledger.refund import WATCH_AFTER
from support.command_line import SECRET, TOO_LONG, Terminal

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SECTION = README.partition("## When things go wrong")[2].partition("\n## ")[0]
QUICK = {"call_limit": 1, "abandoned_life": 0.2, "lists_lag": 0, "clock_error": 0.1}
SALE = "invoice_receipt:2/6923"


def instruction(number: int) -> list[str]:
    """The command that the README gives under a number, without the program's name."""
    (line,) = re.findall(rf"^refund-ledger (.*\({number}\).*)$", SECTION, re.MULTILINE)
    return shlex.split(line)


def filled(number: int, key: str, part: str, seen: int, document: str = "") -> list[str]:
    """The same with the operator's own values in the places of the README's."""
    words = [
        {"KEY": key, "PART": part, "5": str(seen)}.get(word, word) for word in instruction(number)
    ]
    return [document if re.fullmatch(r"3/48\d", word) else word for word in words]


@pytest.fixture
def server() -> Iterator[Sandbox]:
    """Serve the demo's originals over HTTP."""
    sandbox = Sandbox(token=SECRET, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    with serving(sandbox):
        yield sandbox


@pytest.fixture
def operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], server: Sandbox
) -> Iterator[Terminal]:
    """Somebody at a terminal, with one refund asked for."""
    terminal = Terminal(tmp_path, capsys)
    terminal.environment |= {
        "REFUND_LEDGER_RIVHIT_URL": server.api_url,
        "REFUND_LEDGER_RIVHIT_TOKEN": SECRET,
        "REFUND_LEDGER_RIVHIT": json.dumps(QUICK),
        "REFUND_LEDGER_SEND_WINDOW": "0.5",
    }
    terminal.ok("originals", "import", "--ref", SALE)
    terminal.ok("request", "--key", "k", "--original", SALE, "--reason", "returned_goods")
    yield terminal
    terminal.close()


def version(operator: Terminal) -> int:
    """The version that `show` prints."""
    return int(operator.json("show", "k")["refund"]["version"])


def status(operator: Terminal) -> str:
    """Where the refund stands."""
    return str(operator.json("show", "k")["refund"]["status"])


def test_the_readme_shows_five_decisions_and_no_other_command() -> None:
    commands = re.findall(r"^refund-ledger (\w+)", SECTION, re.MULTILINE)

    assert commands == ["resolve", "resolve", "resolve", "acknowledge", "discrepancy"]


def test_a_document_that_a_person_found_ends_the_doubt(operator: Terminal, server: Sandbox) -> None:
    server.faults.script("Document.Cancel", faults.ANSWER_LOST)
    server.switches = server.switches.with_(
        status_for_cancels="absent", cancel_comment="replaces", list_shows_comments=False
    )
    operator.run("dispatch", "--wait", "10")
    (made,) = [key for call in server.log.calls for _, key in call.made]

    document = f"{made.type}/{made.number}"
    operator.ok(*filled(1, "k", "invoice", version(operator), document))
    operator.ok("dispatch")

    assert status(operator) == "completed"


def test_what_is_not_there_is_sent_again_on_a_persons_word(
    operator: Terminal, server: Sandbox
) -> None:
    server.faults.script("Document.Cancel", faults.DROPPED_BEFORE)
    assert operator.run("dispatch", "--wait", "10").code == 1

    operator.ok(*filled(2, "k", "invoice", version(operator)))
    operator.ok("dispatch")

    assert status(operator) == "completed"


def test_a_refused_call_is_sent_again_once_its_cause_is_mended(
    operator: Terminal, server: Sandbox
) -> None:
    server.faults.script("Document.Cancel", TOO_LONG)
    assert operator.run("dispatch").code == 1

    operator.ok(*filled(2, "k", "invoice", version(operator)))
    operator.ok("dispatch")

    assert status(operator) == "completed"


def test_a_refused_refund_can_be_ended(operator: Terminal, server: Sandbox) -> None:
    server.faults.script("Document.Cancel", TOO_LONG)
    assert operator.run("dispatch").code == 1

    operator.ok(*filled(3, "k", "invoice", version(operator)))

    assert status(operator) == "closed"
    operator.ok("request", "--key", "again", "--original", SALE, "--reason", "returned_goods")


def test_an_alert_stays_until_somebody_says_what_was_done(
    operator: Terminal, server: Sandbox
) -> None:
    server.faults.script("Document.Cancel", faults.DROPPED_BEFORE, faults.EXECUTED_TWICE)
    operator.run("dispatch", "--wait", "10")
    operator.ok(*filled(2, "k", "invoice", version(operator)))
    operator.run("dispatch", "--wait", "10")
    watched(operator)
    operator.run("dispatch", "--wait", "5")
    (alert,) = [one for one in pending(operator) if "alert" in json.dumps(one)]
    (unexpected,) = {made(server)[1]}

    assert unexpected in json.dumps(alert)
    operator.ok(*filled(4, "k", "invoice", version(operator), unexpected))

    assert not [one for one in pending(operator) if "alert" in json.dumps(one)]


def test_what_was_booked_beyond_an_original_is_explained(operator: Terminal) -> None:
    operator.ok("withdraw", "k")
    operator.ok(
        *("outside", "record", "invoice", "3/482", "--customer", "1001", "--currency", "ILS"),
        *("--amount", "300.00", "--date", "2026-03-01", "--original", SALE),
    )
    (waiting,) = operator.json("pending")["pending"]
    assert (waiting["status"], waiting["document"]) == ("unexplained", "document 3/482")

    operator.ok(*filled(5, "k", "invoice", 0, "3/482"))

    assert operator.ok("pending").out == "nothing waits\n"
    assert "beyond it" not in operator.ok("originals", "show", SALE).out


def made(server: Sandbox) -> list[str]:
    """The credit documents that the server's own log shows, the answered one first."""
    return [
        f"{key.type}/{key.number}"
        for call in server.log.calls
        if call.method == "Document.Cancel"
        for _, key in call.made
    ]


def watched(operator: Terminal) -> None:
    """Bring the watch forward, which otherwise looks after a quarter of an hour.

    Not before a look proves something: until then a watch would find nothing to do.
    """
    with closing(sqlite3.connect(operator.store)) as connection, connection:
        rows = connection.execute("SELECT not_before FROM calls_due WHERE waits = 'watch'")
        (due,) = (datetime.fromisoformat(row[0]) for row in rows)
        send_by = due - WATCH_AFTER[0]
        settled = send_by + timedelta(seconds=sum(QUICK.values()))
        time.sleep(max((settled - datetime.now(UTC)).total_seconds(), 0) + 0.1)
        long_ago = "2020-01-01T00:00:00.000000Z"
        connection.execute("UPDATE calls_due SET not_before = ? WHERE waits = 'watch'", (long_ago,))


def pending(operator: Terminal) -> list[dict[str, object]]:
    """What `pending` lists."""
    return operator.run("--json", "pending").lines


def test_an_outage_ends_with_three_and_a_watching_dispatcher_goes_on_by_itself(
    operator: Terminal, server: Sandbox
) -> None:
    port = int(server.base_url.rpartition(":")[2])
    address = operator.environment["REFUND_LEDGER_RIVHIT_URL"]
    operator.environment["REFUND_LEDGER_RIVHIT_URL"] = address.replace(str(port), str(free_port()))

    assert operator.run("dispatch", "--wait", "2").code == 3

    operator.environment["REFUND_LEDGER_RIVHIT_URL"] = address
    watching_dispatcher_completes(operator)


def test_after_a_death_a_new_dispatcher_takes_everything_up(
    operator: Terminal, server: Sandbox
) -> None:
    server.faults.script("Document.Cancel", faults.slow_after(0.8))
    process = operator.process("dispatch", "--watch")
    until = time.monotonic() + 20
    while not server.log.of("Document.Cancel"):
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.communicate()

    watching_dispatcher_completes(operator)

    assert len(made(server)) == 1


def watching_dispatcher_completes(operator: Terminal) -> None:
    """Start `dispatch --watch`, wait until the refund is complete, and end it as systemd would."""
    process = operator.process("dispatch", "--watch")
    try:
        until = time.monotonic() + 40
        while status(operator) != "completed":
            assert time.monotonic() < until
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_balance_that_does_not_follow_from_the_events_is_named(operator: Terminal) -> None:
    assert operator.run("rebuild").code == 0
    with sqlite3.connect(operator.store) as connection:
        connection.execute("UPDATE balances SET balance = balance + 1 WHERE kind = 'refundable'")
    connection.close()

    ended = operator.run("rebuild")

    assert ended.code == 1
    assert "refundable" in ended.out


def free_port() -> int:
    """A port on which nobody listens."""
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
