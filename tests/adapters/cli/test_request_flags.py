"""The flags of a request carry the names that rows of a file have."""

from dataclasses import fields

from refund_adapters.cli.request_flags import Asked
from refund_adapters.intake import request_of
from support.command_line import Terminal


def test_only_what_is_said_becomes_a_field() -> None:
    assert Asked().said() == {}
    assert Asked(key="a", lines=["1"]).said() == {"key": "a", "lines": ["1"]}


def test_goods_came_back_or_not_or_nothing_is_said() -> None:
    assert Asked(items_returned=True).said() == {"items_returned": "yes"}
    assert Asked(items_returned=False).said() == {"items_returned": "no"}


def test_every_flag_is_a_field_of_a_row() -> None:
    lists = {"lines": ["1"], "payments": ["1"], "credits": ["grant:1"]}
    others = {
        "amount": "1",
        "pay_back": "1",
        "vat": "1",
        "items_returned": "yes",
        "bank": "1",
        "branch": "1",
        "account": "1",
        "number": "1",
        "kind": "original",
        "parts": "auto",
        "method": "cash",
        "currency": "ILS",
    }
    row = {one.name: (lists | others).get(one.name, "a") for one in fields(Asked)}

    assert request_of(row, company="main", currency_of=lambda _: None).key == "a"


def test_help_groups_the_flags_and_gives_examples(terminal: Terminal) -> None:
    shown = terminal.ok("request", "--help").out

    for words in ("What is refunded", "How the money goes back", "Many at once", "Everywhere"):
        assert words in shown
    assert "Examples: refund-ledger request --key order-17" in shown
