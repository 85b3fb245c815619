"""Sending what is due: told step by step, stopped in order, and honest about what is left."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from refund_adapters.cli import dispatching
from refund_adapters.cli.dispatching import Stop, _Told, interrupts
from refund_adapters.dispatch.rhythm import Step
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import ANSWER_LOST, UNAVAILABLE, slow_after
from refund_ledger.events import Part
from support.command_line import TOO_LONG, Terminal, read_json

QUICK = '{"abandoned_life": 0, "lists_lag": 0, "clock_error": 0, "call_limit": 1}'
DEADLINE = 30.0


def one_asked(online: Terminal) -> None:
    online.ok("originals", "import", "--invoice-receipt", "6923")
    online.asked()


def test_what_is_due_is_sent_and_told_step_by_step(online: Terminal) -> None:
    one_asked(online)

    *steps, summary = online.ok("--json", "dispatch").lines

    assert [(step["part"], step["what"]) for step in steps] == [
        ("invoice", "submitted"),
        ("invoice", "cancelled"),
        ("receipt", "submitted"),
        ("receipt", "cancelled"),
    ]
    assert {step["key"] for step in steps} == {"order-1"}
    assert summary == {
        "type": "summary",
        "steps": 2,
        "stopped": False,
        "left": [],
        "refunds_left": 0,
    }
    assert online.json("show", "order-1")["refund"]["status"] == "completed"


def test_nothing_due_is_done(online: Terminal) -> None:
    online.ok("originals", "import", "--invoice-receipt", "6923")

    assert online.ok("dispatch").out == "0 steps; nothing is left\n"


def test_what_waits_for_a_person_is_left_and_said(online: Terminal, server: Sandbox) -> None:
    one_asked(online)
    server.faults.script("Document.Cancel", TOO_LONG)

    ended = online.run("dispatch")

    assert ended.code == 1
    assert "order-1 invoice: refused: " in ended.out
    assert "1 left, 1 of them for a person" in ended.out


def test_more_than_is_shown_of_what_is_left_is_counted(
    online: Terminal, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    online.ok("originals", "import", "--invoice-receipt", "6923")
    for number in range(3):
        online.asked(f"order-{number}", "--amount", "1.00")
    server.faults.outage = UNAVAILABLE
    monkeypatch.setattr(dispatching, "MOST_SHOWN", 2)

    ended = online.run("--json", "dispatch", "--wait", "0")

    summary = ended.lines[-1]
    assert [one["key"] for one in summary["left"]] == ["order-0", "order-1"]
    assert (ended.code, summary["refunds_left"]) == (3, 3)
    said = online.run("dispatch", "--wait", "0").out
    assert "2 left, 0 of them for a person; that is of the first 2 refunds of 3\n" in said


def test_a_lost_answer_is_in_doubt_until_a_look_finds_the_document(
    online: Terminal, server: Sandbox
) -> None:
    online.environment |= {
        "REFUND_LEDGER_RIVHIT": QUICK,
        "REFUND_LEDGER_SEND_WINDOW": "1",
    }
    one_asked(online)
    server.faults.script("Document.Cancel", ANSWER_LOST)

    doubtful = online.run("--json", "dispatch", "--wait", "0")
    assert doubtful.code == 1
    (left,) = doubtful.lines[-1]["left"]
    assert (left["part"], left["status"], left["waits"]) == ("invoice", "in doubt", "look")

    found = online.ok("--json", "dispatch", "--wait", "10")

    assert found.lines[0]["what"] == "cancelled"
    assert "look_up" in found.lines[0]["detail"]
    assert len(server.log.of("Document.Cancel")) == 1


def test_a_server_that_is_not_there_leaves_everything_for_later(online: Terminal) -> None:
    one_asked(online)
    there = online.environment["REFUND_LEDGER_RIVHIT_URL"]
    online.environment["REFUND_LEDGER_RIVHIT_URL"] = "http://127.0.0.1:9"
    online.environment["REFUND_LEDGER_RIVHIT"] = '{"read_attempts": 1}'

    ended = online.run("dispatch", "--wait", "0")

    assert ended.code == 3
    assert "order-1 invoice: " in ended.out
    online.environment["REFUND_LEDGER_RIVHIT_URL"] = there
    online.ok("dispatch")


def test_a_wrong_token_leaves_everything_for_later(online: Terminal, server: Sandbox) -> None:
    one_asked(online)
    right = online.environment["REFUND_LEDGER_RIVHIT_TOKEN"]
    online.environment["REFUND_LEDGER_RIVHIT_TOKEN"] = "not-the-token-at-all"

    ended = online.run("dispatch", "--wait", "0")

    assert ended.code == 3
    assert "not sent: " in ended.out
    assert "Rivhit refused the token; check the token setting" in ended.out
    assert "1 left, 0 of them for a person" in ended.out
    assert not [call for call in server.log.of("Document.Cancel") if call.executed]

    online.environment["REFUND_LEDGER_RIVHIT_TOKEN"] = right
    assert "nothing is left" in online.ok("dispatch").out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_watch_that_is_interrupted_ends_in_order(
    online: Terminal, server: Sandbox, number: signal.Signals
) -> None:
    one_asked(online)
    watching = online.process("--json", "dispatch", "--watch")

    until(lambda: bool(server.log.of("Receipt.Cancel")))
    watching.send_signal(number)
    out, err = watching.communicate(timeout=DEADLINE)

    assert (watching.returncode, err) == (0, "")
    assert read_json(out.splitlines()[-1])["stopped"]
    assert online.json("show", "order-1")["refund"]["status"] == "completed"


def test_an_interrupt_finishes_the_call_under_way(online: Terminal, server: Sandbox) -> None:
    one_asked(online)
    server.faults.script("Document.Cancel", slow_after(1.0))
    sending = online.process("dispatch")

    until(lambda: bool(server.log.of("Document.Cancel")))
    sending.send_signal(signal.SIGTERM)
    out, err = sending.communicate(timeout=DEADLINE)

    assert (sending.returncode, err) == (0, "")
    assert "order-1 invoice: cancelled: " in out
    assert not server.log.of("Receipt.Cancel"), "the next call was not begun"


def test_a_reader_that_goes_away_abandons_no_call(online: Terminal, server: Sandbox) -> None:
    one_asked(online)
    reading, writing = os.pipe()
    os.close(reading)

    sending = online.process("dispatch", out=writing)
    os.close(writing)
    sending.communicate(timeout=DEADLINE)

    (call,) = server.log.of("Document.Cancel")
    assert call.executed == 1
    parts = online.json("show", "order-1")["refund"]["parts"]
    assert parts[0]["status"] == "cancelled"


def test_the_first_interrupt_asks_and_the_second_interrupts() -> None:
    stop = Stop()
    # A test run in the background ignores SIGINT; a person at a terminal does not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        with interrupts(stop):
            signal.raise_signal(signal.SIGINT)
            assert stop()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_of_the_steps_of_a_watch_only_those_that_went_unanswered_are_kept() -> None:
    told = _Told(None, Stop(), silenced=True)  # type: ignore[arg-type]
    steps = [Step(UUID(int=n), f"k{n}", Part.INVOICE, "submitted", "") for n in range(100)]

    for step in steps:
        told.step(step)
        told.step(replace(step, what="cancelled"))
    assert told.unanswered == set()

    told.step(replace(steps[7], what="waits"))
    told.step(replace(steps[8], what="not sent"))
    told.step(replace(steps[8], what="waits for a person"))
    assert told.unanswered == {(UUID(int=7), Part.INVOICE)}


def test_two_dispatchers_send_each_call_once(online: Terminal, server: Sandbox) -> None:
    online.ok("originals", "import", "--invoice-receipt", "6923-6925")
    for number in (6923, 6924, 6925):
        online.asked(f"order-{number}", original=f"invoice_receipt:2/{number}")

    both = [online.process("dispatch") for _ in range(2)]
    for one in both:
        one.communicate(timeout=DEADLINE)

    online.run("dispatch")
    for method in ("Document.Cancel", "Receipt.Cancel"):
        assert len(server.log.of(method)) == 3
    assert online.ok("rebuild").out.endswith("equal\n")


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def test_a_killed_dispatcher_leaves_nothing_half_written(online: Terminal, server: Sandbox) -> None:
    one_asked(online)
    server.faults.script("Document.Cancel", slow_after(5.0))
    sending = online.process("dispatch")
    until(lambda: bool(server.log.of("Document.Cancel")))

    sending.kill()
    sending.communicate(timeout=DEADLINE)

    (left,) = online.json("pending")["pending"]
    assert (left["part"], left["status"], left["waits"]) == ("invoice", "submitted", "park")
    assert online.ok("rebuild").out.endswith("equal\n")
