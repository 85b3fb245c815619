"""The tables of a server are made by one command, and every command then works on it."""

from __future__ import annotations

import pytest

from support.command_line import CASH_SALE, SALE, Terminal
from support.ledger_servers import OWNER, SERVICE, address_of


@pytest.fixture
def server(terminal: Terminal, postgres_database: str) -> str:
    """A database without tables; the terminal speaks to it as the service."""
    terminal.environment["REFUND_LEDGER_STORE"] = address_of(postgres_database)
    return address_of(postgres_database, user=OWNER)


def test_a_server_without_tables_says_how_to_make_them(terminal: Terminal, server: str) -> None:
    said = terminal.run("--store", server, "balance")
    assert said.code == 3
    assert "refund-ledger store migrate" in said.err


def test_the_tables_are_made_once_and_serve(terminal: Terminal, server: str) -> None:
    made = terminal.json("store", "migrate", "--service", SERVICE, "--store", server)
    again = terminal.json("store", "migrate", "--service", SERVICE, "--store", server)
    assert made["steps"] == list(range(1, made["schema_version"] + 1))
    assert again == {**made, "steps": []}
    assert "@" not in made["store"]

    terminal.originals(CASH_SALE)
    terminal.ok("request", "--key", "a", "--original", SALE, "--reason", "complaint")
    assert "requested" in terminal.ok("show", "a").out
    assert terminal.ok("rebuild").out
    assert "superuser" in terminal.run("--store", server, "balance").err


def test_adopting_where_nothing_changed_changes_nothing(terminal: Terminal, server: str) -> None:
    terminal.ok("store", "migrate", "--service", SERVICE, "--store", server)
    assert terminal.json("store", "adopt", "--why", "a drill", "--store", server)["era"] == 1
    assert terminal.run("store", "adopt", "--why", " ", "--store", server).code == 2


def test_a_file_needs_no_such_command(terminal: Terminal) -> None:
    ended = terminal.run("store", "migrate")
    assert ended.code == 2
    assert "a file needs none" in ended.err
