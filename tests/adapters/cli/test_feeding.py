"""The feed as lines of JSON, its end on every occasion, and the health of a store in words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from refund_adapters.store.opening import open_store
from refund_adapters.store.sqlite_recorder import SCHEMA_VERSION
from support.books import Books
from support.command_line import CASH_SALE, Terminal, read_json
from support.feeds import wait_until
from support.ledger_servers import new_ledger
from support.postgres import Server


@pytest.fixture
def asked(terminal: Terminal) -> Terminal:
    """A ledger of three events."""
    terminal.originals()
    terminal.asked("one", "--amount", "10.00")
    terminal.asked("two", "--amount", "20.00")
    return terminal


@pytest.fixture
def on_server(terminal: Terminal) -> Iterator[tuple[Terminal, Server, Books]]:
    """A terminal over a ledger on a server that may be killed."""
    with Server(durable=True) as server, new_ledger(server) as address:
        terminal.environment["REFUND_LEDGER_STORE"] = address
        terminal.environment["REFUND_LEDGER_COMPANY"] = "acme"
        with Books(address) as books:
            yield terminal, server, books
        terminal.close()


# --- reading --------------------------------------------------------------------------------------


def test_each_event_is_one_line_in_order(asked: Terminal) -> None:
    lines = asked.ok("feed").lines
    assert [line["position"] for line in lines] == [1, 2, 3]
    assert [line["topic"] for line in lines] == [
        "original.recorded",
        "refund.requested",
        "refund.requested",
    ]
    assert [line["data"].get("key") for line in lines] == [None, "one", "two"]
    with_it = {"position", "cursor", "time", "topic", "stream", "version", "company", "data"}
    assert all(set(line) == with_it for line in lines)
    assert {line["company"] for line in lines} == {"main"}
    assert asked.ok("--json", "feed").lines == lines


def test_the_data_is_what_the_store_holds_in_whole_minor_units(asked: Terminal) -> None:
    lines = asked.ok("feed").lines
    store = open_store(f"sqlite:///{asked.store}")
    states = [bytes(row[0]) for row in store._rows("SELECT state FROM stored_events", ())]
    store.close()
    assert [line["data"] for line in lines] == [json.loads(state) for state in states]
    assert lines[1]["data"]["credited"] == 1000
    assert lines[0]["data"]["lines"][0]["description"] == CASH_SALE["lines"][0]["description"]
    assert lines[0]["time"] == lines[0]["data"]["timestamp"]


def test_the_feed_goes_on_after_a_cursor(asked: Terminal) -> None:
    lines = asked.ok("feed").lines
    for number, line in enumerate(lines, 1):
        assert asked.ok("feed", "--after", line["cursor"]).lines == lines[number:]


def test_a_limit_ends_it(asked: Terminal) -> None:
    lines = asked.ok("feed").lines
    assert asked.ok("feed", "--limit", "2").lines == lines[:2]
    assert asked.ok("feed", "--limit", "9").lines == lines
    assert asked.ok("feed", "--follow", "--limit", "3").lines == lines


def test_other_companies_are_left_out_unless_asked_for(asked: Terminal) -> None:
    asked.environment["REFUND_LEDGER_COMPANY"] = "other"
    asked.originals()
    assert [line["company"] for line in asked.ok("feed").lines] == ["other"]
    both = asked.ok("feed", "--all-companies").lines
    assert [line["company"] for line in both] == ["main", "main", "main", "other"]
    only = asked.ok("feed", "--after", both[0]["cursor"]).lines
    assert only == both[3:]


def test_what_is_no_cursor_is_refused(asked: Terminal) -> None:
    said = asked.refused("feed", "--after", "17", code=2)
    assert said.startswith("after: expected the cursor of an event")


def test_a_history_that_was_rewound_is_refused(asked: Terminal) -> None:
    cursor = asked.ok("feed").lines[-1]["cursor"]
    asked.environment["REFUND_LEDGER_STORE"] = f"sqlite:///{asked.folder / 'older.db'}"
    asked.originals()
    assert "history was rewound" in asked.refused("feed", "--after", cursor)
    ended = asked.run("--json", "feed", "--after", cursor)
    assert (ended.code, ended.error["kind"]) == (1, "rewound")


def test_a_store_that_is_not_there_is_not_made(terminal: Terminal) -> None:
    assert "there is no ledger" in terminal.refused("feed", code=3)
    assert not terminal.store.exists()


# --- following ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_follower_prints_what_comes_and_ends_well_when_asked_to(
    asked: Terminal, number: signal.Signals
) -> None:
    follower = asked.process("feed", "--follow")
    assert [line["position"] for line in read_lines(follower, 3)] == [1, 2, 3]
    asked.asked("three", "--amount", "5.00")
    (fourth,) = read_lines(follower, 1)
    assert fourth["data"]["key"] == "three"
    follower.send_signal(number)
    out, err = follower.communicate(timeout=30)
    assert (follower.returncode, out, err) == (0, "", "")


def test_a_follower_whom_nobody_reads_ends_without_waiting_for_an_event(asked: Terminal) -> None:
    follower = asked.process("feed", "--follow")
    read_lines(follower, 3)
    assert follower.stdout is not None
    follower.stdout.close()
    assert follower.wait(30) == 141


def test_a_reader_that_leaves_in_the_middle_ends_the_feed(asked: Terminal) -> None:
    reading, writing = os.pipe()
    feeder = asked.process("feed", out=writing)
    os.close(writing)
    os.close(reading)
    assert feeder.wait(30) == 141


def test_a_follower_goes_on_when_the_server_is_back(
    on_server: tuple[Terminal, Server, Books],
) -> None:
    terminal, server, books = on_server
    books.grant("before", 5)
    follower = terminal.process("feed", "--follow")
    assert [line["position"] for line in read_lines(follower, 1)] == [1]
    server.kill()
    assert follower.stderr is not None
    said = follower.stderr.readline()
    assert "does not answer" in said
    assert said.endswith("; waiting for it\n")
    server.start()
    books.grant("after", 5)
    (second,) = read_lines(follower, 1)
    assert second["data"]["reference"] == "after"
    server.kill()
    assert "waiting" in follower.stderr.readline()
    follower.terminate()
    assert follower.wait(30) == 0


# --- health ---------------------------------------------------------------------------------------


def test_the_health_of_a_file_is_told(asked: Terminal) -> None:
    shape = asked.json("health")
    assert shape == {
        "store": f"sqlite:///{asked.store}",
        "newest": 3,
        "settled": 3,
        "lag": 0,
        "holder": None,
        "era": None,
        "schema_version": SCHEMA_VERSION,
        "due": {"send": 2, "park": 0, "look": 0, "person": 0, "watch": 0},
        "unsealed": None,
    }
    told = asked.ok("health").out
    assert "newest event at 3, fed up to 3, 0 wait\n" in told
    assert "due now: send 2\n" in told
    assert "nothing is sealed\n" in told


def test_who_holds_a_server_up_is_told(on_server: tuple[Terminal, Server, Books]) -> None:
    terminal, server, books = on_server
    with psycopg.connect(server.dsn(), application_name="nightly") as elsewhere:
        books.grant("one", 5)
        wait_until(lambda: terminal.json("health")["lag"] == 0)
        elsewhere.execute("SELECT pg_current_xact_id()")
        books.grant("two", 5)
        shape = terminal.json("health")
        assert (shape["newest"], shape["settled"], shape["lag"]) == (2, 1, 1)
        pid = elsewhere.info.backend_pid
        assert (shape["holder"]["pid"], shape["holder"]["name"]) == (pid, "nightly")
        told = terminal.ok("health").out
        assert "newest event at 2, fed up to 1, 1 wait\n" in told
        held = f"held up by process {pid} 'nightly' of user postgres in database postgres\n"
        assert held in told
        assert "era 1\n" in told
    address = books.store.address.conninfo  # type: ignore[attr-defined]
    with psycopg.connect(address, application_name="ours") as ours:
        ours.execute("SELECT pg_current_xact_id()")
        books.grant("three", 5)
        told = terminal.ok("health").out
        assert "'ours' of user refund_service in database test_" in told
        assert ", idle in transaction, since 20" in told


def test_a_store_that_does_not_answer_has_no_health(
    on_server: tuple[Terminal, Server, Books],
) -> None:
    terminal, server, _ = on_server
    server.kill()
    assert "does not answer" in terminal.refused("health", code=3)


def read_lines(process: subprocess.Popen[str], count: int) -> list[dict[str, Any]]:
    """Read so many lines of what a process prints."""
    assert process.stdout is not None
    return [read_json(process.stdout.readline()) for _ in range(count)]
