"""Totals over the companies of the table, in words and in JSON; one that is missing is named."""

from __future__ import annotations

import json

import pytest

from support.command_line import Terminal

GRANT = ("--customer", "1001", "--amount", "5.00", "--currency", "ILS", "--why", "opening_balance")


@pytest.fixture
def table(terminal: Terminal) -> dict[str, str]:
    """Two companies, each with a credit of 5.00."""
    stores = {name: f"sqlite:///{terminal.folder}/{name}.db" for name in ("acme", "bolt")}
    terminal.environment["REFUND_LEDGER_STORES"] = json.dumps(stores)
    for name in stores:
        terminal.ok("--company", name, "credit", "grant", "g", *GRANT, "--date", "2026-01-01")
    return stores


def test_each_company_has_its_own_store_and_totals_are_merged(
    terminal: Terminal, table: dict[str, str]
) -> None:
    assert not terminal.store.exists(), "the table goes before the one store"
    told = terminal.json("companies", "totals")
    assert told["totals"] == {"ILS": {"credit": "10.00"}}
    assert told["companies"] == {name: {"ILS": {"credit": "5.00"}} for name in table}
    assert "all together" in terminal.ok("companies", "totals").out
    (balance,) = terminal.json("--company", "bolt", "balance")["balances"]
    assert balance["credit"]["amount"] == "5.00"


def test_a_company_that_cannot_be_reached_is_missing_by_name(
    terminal: Terminal, table: dict[str, str]
) -> None:
    table["gone"] = f"sqlite:///{terminal.folder}/no/gone.db"
    terminal.environment["REFUND_LEDGER_STORES"] = json.dumps(table)
    ended = terminal.run("companies", "totals")
    assert ended.code == 3
    assert "gone is missing in these totals" in ended.err
    assert "10.00" in ended.out


def test_a_store_that_is_named_goes_before_the_table(
    terminal: Terminal, table: dict[str, str]
) -> None:
    told = terminal.json("--store", table["bolt"], "--company", "bolt", "balance")
    assert len(told["balances"]) == 1


def test_without_a_table_or_with_another_company_it_is_said(terminal: Terminal) -> None:
    assert "REFUND_LEDGER_STORES" in terminal.refused("companies", "totals", code=2)
    terminal.environment["REFUND_LEDGER_STORES"] = '{"acme": "memory:"}'
    assert "has no 'zeta'" in terminal.refused("--company", "zeta", "balance", code=2)
