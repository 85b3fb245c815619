"""Files of originals and of requests, while the server of the store dies under them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.command_line import CASH_SALE, Terminal
from support.ledger_servers import new_ledger, owner_connection
from support.postgres import Server

ROWS = 3000
DEADLINE = 90.0


@pytest.fixture
def database(terminal: Terminal) -> Iterator[Server]:
    """The server of the terminal's store, which keeps every commit when it is killed."""
    with Server(durable=True) as started, new_ledger(started) as address:
        terminal.environment["REFUND_LEDGER_STORE"] = address
        yield started
        terminal.close()


def sales(count: int) -> list[dict[str, Any]]:
    """So many cash sales."""
    return [{"original": {**CASH_SALE, "number": number}} for number in range(1, count + 1)]


def requests(count: int) -> list[dict[str, Any]]:
    """A refund of each of them."""
    return [
        {
            "key": f"k{number}",
            "original": f"invoice_receipt:2/{number}",
            "amount": "1.00",
            "reason": "complaint",
        }
        for number in range(1, count + 1)
    ]


def events(terminal: Terminal) -> int:
    """How many events are saved."""
    with owner_connection(terminal.environment["REFUND_LEDGER_STORE"]) as owner:
        row = owner.execute("SELECT count(*) FROM stored_events").fetchone()
    assert row is not None
    return int(row[0])


def kill_in_the_middle(
    terminal: Terminal, database: Server, process: subprocess.Popen[str], *, after: int
) -> None:
    """Kill the server once some rows are saved and others are not."""
    until = time.monotonic() + DEADLINE
    while events(terminal) <= after:
        assert process.poll() is None
        assert time.monotonic() < until
    database.kill()
    assert process.poll() is None, "it had ended before; make the file longer"


def test_an_import_goes_on_when_the_server_is_back(terminal: Terminal, database: Server) -> None:
    path = terminal.rows(*sales(ROWS))
    importing = terminal.process("--json", "originals", "import", path)
    kill_in_the_middle(terminal, database, importing, after=0)
    database.start()
    out, err = importing.communicate(timeout=DEADLINE)

    assert (importing.returncode, err) == (0, "")
    assert out.splitlines()[-1] == (
        f'{{"type": "summary", "recorded": {ROWS}, "known": 0, "refused": 0}}'
    )
    assert events(terminal) == ROWS
    assert terminal.ok("rebuild").out == f"rebuilt from {ROWS} events: equal\n"


def test_a_file_of_requests_says_what_was_saved_and_is_run_again(
    terminal: Terminal, database: Server
) -> None:
    terminal.ok("originals", "import", terminal.rows(*sales(ROWS)))
    path = terminal.rows(*requests(ROWS), name="requests.jsonl")
    ask = ("--json", "request", "--file", path, "--total", f"ILS={ROWS}.00")
    terminal.environment["REFUND_LEDGER_PATIENCE"] = "0.3"
    asking = terminal.process(*ask)
    kill_in_the_middle(terminal, database, asking, after=ROWS)
    out, err = asking.communicate(timeout=DEADLINE)

    assert asking.returncode == 3
    assert "does not answer" in err
    assert len(err.splitlines()) == 1
    said = out.count('"outcome": "requested"')
    database.start()
    saved = events(terminal) - ROWS
    assert 0 < said <= saved < ROWS

    again = terminal.ok(*ask).lines[-1]
    assert (again["known"], again["requested"]) == (saved, ROWS - saved)
    assert events(terminal) == 2 * ROWS
