"""Every command works over a PostgreSQL server: one story in which none is left out."""

from __future__ import annotations

import json
import re
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest
import typer

from refund_adapters.cli.main import app
from refund_adapters.sandbox.core import Sandbox
from support.command_line import CASH_SALE, SALE, Terminal
from support.feeds import wait_until
from support.ledger_servers import OWNER, SERVICE

NEEDS_NO_STORE = {"sandbox", "reasons", "export chart"}
"""What does not open a store at all."""
YEARS = ("--from", "2024-01-01", "--to", "2026-12-31")
GIVEN = ("--customer", "1004", "--currency", "ILS")
SOLD = ("--customer", "1001", "--currency", "ILS")
OTHER = "invoice_receipt:2/6924"
THIRD = "invoice_receipt:2/6925"


class Clerk:
    """Runs commands over a server, and knows which ones."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.used: set[str] = set()

    def __call__(self, command: str, *arguments: str, code: int = 0) -> str:
        """Run one; it ends as it should."""
        self.used.add(command)
        ended = self.terminal.run(*command.split(), *arguments)
        assert ended.code == code, (command, ended)
        return ended.out

    def version(self, key: str) -> str:
        """The version that `show` prints."""
        shown: dict[str, Any] = self.terminal.json("show", key)["refund"]
        return str(shown["version"])


@pytest.fixture
def clerk(online: Terminal, postgres_ledger: str) -> Clerk:
    online.environment |= {
        "REFUND_LEDGER_STORE": postgres_ledger,
        "REFUND_LEDGER_RIVHIT": json.dumps({"lists_lag": 0, "clock_error": 0}),
        "REFUND_LEDGER_APPROVAL_ABOVE": '{"ILS": "500.00"}',
    }
    return Clerk(online)


def commands() -> set[str]:
    """Every command there is, a group's own included where it can be run."""

    def of(command: Any, name: str) -> set[str]:
        if not isinstance(command, typer.core.TyperGroup):
            return {name}
        inside = {one for key, sub in command.commands.items() for one in of(sub, f"{name} {key}")}
        return inside | ({name} if command.invoke_without_command else set())

    found = {one.strip() for one in of(typer.main.get_command(app), "")} - {""}
    assert len(found) > 30
    return found


def test_no_command_is_left_out(clerk: Clerk, server: Sandbox) -> None:
    the_books_come_in(clerk)
    people_decide(clerk)
    what_is_due_is_sent(clerk, server)
    what_waits_for_a_person_is_settled(clerk)
    questions_are_answered(clerk)
    files_are_written(clerk)
    it_is_proven(clerk)

    assert clerk.used == commands() - NEEDS_NO_STORE


def owner(clerk: Clerk) -> str:
    """The store's address for the owner of its tables."""
    return clerk.terminal.environment["REFUND_LEDGER_STORE"].replace(SERVICE, OWNER)


def the_books_come_in(clerk: Clerk) -> None:
    assert "nothing to do" in clerk("store migrate", "--store", owner(clerk))
    assert "era 1" in clerk("store adopt", "--why", "a drill", "--store", owner(clerk))
    clerk("originals import", *YEARS)
    path = clerk.terminal.rows({"original": {**CASH_SALE, "number": 1}})
    assert "1 recorded" in clerk("originals import", path)
    granted = ("--amount", "20.00", "--why", "opening_balance", "--date", "2026-01-01")
    clerk("credit grant", "opening-1", *GIVEN, *granted)
    clerk("credit reduce", "opening-1", "--amount", "5.00", "--why", "expired", "--key", "r")
    seen = ("--amount", "82.36", "--date", "2026-10-18")
    clerk("outside record", "invoice", "3/801", *GIVEN, *seen)


def people_decide(clerk: Clerk) -> None:
    ask = ("--reason", "returned_goods", "--original")
    clerk("request", "--key", "a", *ask, SALE)
    assert "a second person" in clerk("request", "--key", "b", *ask, OTHER)
    clerk("approve", "b", "--actor", "noa")
    row = {"key": "c", "original": OTHER, "reason": "complaint", "amount": "1.00"}
    file = clerk.terminal.rows(row, name="requests.jsonl")
    assert "refused" in clerk("request", "--file", file, "--dry-run", code=1)
    clerk("request", "--key", "d", *ask, "invoice:1/5003")
    clerk("reject", "d", "--why", "she keeps them", "--actor", "noa")
    clerk("request", "--key", "e", *ask, THIRD, "--amount", "5.00")
    clerk("withdraw", "e", "--why", "a mistake")


def what_is_due_is_sent(clerk: Clerk, server: Sandbox) -> None:
    assert "a " in clerk("pending")
    clerk("dispatch")
    assert len(server.log.of("Document.Cancel")) == 2
    clerk("request", "--key", "f", "--original", THIRD, "--amount", "5.00", "--reason", "complaint")
    watching = clerk.terminal.process("dispatch", "--watch")
    wait_until(lambda: clerk.terminal.json("show", "f")["refund"]["status"] == "completed")
    watching.send_signal(signal.SIGTERM)
    assert watching.communicate(timeout=30)[1] == ""
    assert watching.returncode == 0


def what_waits_for_a_person_is_settled(clerk: Clerk) -> None:
    told = ("--how", "accepted", "--why", "noa called", "--key", "noa-1")
    clerk("discrepancy explain", "invoice", "3/801", *told)
    asked = ("--original", THIRD, "--amount", "5.00", "--reason", "complaint")
    clerk("request", "--key", "g", *asked)
    seen = ("--seen", clerk.version("g"), "--why", "it will not be finished")
    assert "g is closed" in clerk("resolve", "g", "--close", *seen)
    clerk("acknowledge", "a", "invoice", "3/999", "--why", "there is none", code=1)


def questions_are_answered(clerk: Clerk) -> None:
    assert "a is completed" in clerk("show", "a", "--postings")
    assert "0.00 ILS left" in clerk("originals show", SALE)
    assert "15.00" in clerk("balance", "--customer", "1004")
    for moment in (("--at-position", "3"), ("--recorded", "2126-01-01T00:00:00Z")):
        assert "1004" in clerk("balance", *moment)
    clerk("balance", "--effective", "2026-12-31")
    assert "closing" in clerk("statement", *SOLD)
    assert "dana" in clerk("trail", "--original", SALE)
    assert "refundable" in clerk("explain", "--original", SALE)
    assert "returned_goods" in clerk("totals", "--by", "reason")
    health = json.loads(clerk("health", "--json"))
    assert (health["era"], health["lag"]) == (1, 0)
    address = clerk.terminal.environment["REFUND_LEDGER_STORE"]
    clerk.terminal.environment["REFUND_LEDGER_STORES"] = json.dumps({"main": address})
    assert "all together" in clerk("companies totals")


def files_are_written(clerk: Clerk) -> None:
    folder = clerk.terminal.folder
    clerk("export events", "--format", "jsonl", "--out", str(folder / "events.jsonl"))
    clerk("export postings", "--format", "csv", "--out", str(folder / "postings.csv"))
    clerk("export journal", "--format", "beancount", "--out", str(folder / "refunds.beancount"))
    lines = clerk("feed").splitlines()
    assert len(lines) == len((folder / "events.jsonl").read_text("utf-8").splitlines())
    kept = str(folder / "archive")
    clerk("archive write", kept)
    clerk("archive verify", kept)
    assert clerk("archive balances", kept) == clerk("balance")
    clerk("archive statement", kept, *SOLD)
    export = folder / "export.csv"
    export.write_text("half,type,number,date,customer_id,amount,currency\n", "utf-8")
    day = ("--from", "2023-01-01", "--to", "2023-01-31")
    clerk("archive compare", kept, *day, "--file", str(export))


def it_is_proven(clerk: Clerk) -> None:
    told = clerk("reconcile", *YEARS, code=1)
    found = re.findall(r"refund-ledger reconcile accept (.*) --why", told)
    assert found
    for line in found:
        clerk("reconcile accept", *shlex.split(line), "--why", "brought in from a file")
    assert "nothing differs" in clerk("reconcile", *YEARS)
    assert "rivhit" in clerk("reconcile runs")
    assert "equal" in clerk("rebuild")
    assert "installed" in clerk("rebuild", "--swap", "--store", owner(clerk))
    clerk("seal")
    kept = Path(clerk.terminal.text(clerk("head"), "head.json"))
    assert "nothing differs" in clerk("verify", "--head", str(kept))
