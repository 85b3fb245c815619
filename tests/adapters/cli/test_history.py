"""What happened: a number taken apart, totals of a period, who did what, balances as they were."""

from __future__ import annotations

import pytest

from support.command_line import INVOICE, SALE, Terminal


@pytest.fixture
def story(terminal: Terminal) -> Terminal:
    """A cash sale, an unpaid invoice, and a refund that was asked for."""
    terminal.originals({**INVOICE, "number": 18}, INVOICE)
    terminal.originals()
    terminal.asked("order-1", "--amount", "100.00")
    return terminal


def test_a_balance_is_explained_down_to_its_events(story: Terminal) -> None:
    told = story.json("explain", "--customer", "1001", "--currency", "ILS")["steps"]
    assert [(one["amount"], one["balance"], one["account"]) for one in told] == [
        ("292.50", "292.50", "open"),
        ("292.50", "292.50", "open"),
    ]
    assert {one["who"] for one in told} == {"dana"}
    assert "292.50" in story.ok("explain", "--customer", "1001").out


def test_what_is_left_of_an_original_is_explained(story: Terminal) -> None:
    told = story.json("explain", "--original", SALE)["steps"]
    paid = [(one["amount"], one["balance"]) for one in told if one["item"] == "payment/1"]
    assert paid == [("292.50", "292.50"), ("-100.00", "192.50")]
    before = story.json("explain", "--original", SALE, "--at-position", "3")["steps"]
    assert {one["position"] for one in before} == {3}


def test_a_number_that_nothing_moved_says_so(story: Terminal) -> None:
    assert story.ok("explain", "--customer", "nobody").out == "no event moved it\n"
    for wrong in ([], ["--customer", "1", "--original", SALE]):
        assert "either --customer or --original" in story.refused("explain", *wrong, code=2)


def test_who_did_what_is_told_for_an_original_a_customer_and_a_person(story: Terminal) -> None:
    def topics(*flags: str) -> list[str]:
        return [one["event"] for one in story.ok("--json", "trail", *flags).lines]

    whole = ["original.recorded"] * 3 + ["refund.requested"]
    assert topics() == topics("--customer", "1001") == topics("--by", "dana") == whole
    assert topics("--original", SALE) == ["original.recorded", "refund.requested"]
    assert topics("--by", "noa") == topics("--to", "2020-01-01") == []
    assert "asks for" in story.ok("trail", "--original", SALE).out.lower() or story.ok("trail").out
    refused = story.refused("trail", "--original", SALE, "--customer", "1", code=2)
    assert "ask for an original, a customer, or who and when" in refused


def test_balances_are_told_as_they_were(story: Terminal) -> None:
    (now,) = story.json("balance")["balances"]
    assert now["open"]["amount"] == "585.00"
    (then,) = story.json("balance", "--at-position", "1")["balances"]
    assert then["open"]["amount"] == "292.50"
    assert story.json("balance", "--effective", "2026-01-04")["balances"] == []
    assert story.json("balance", "--effective", "2026-01-05")["balances"] == [now]
    assert story.json("balance", "--recorded", "2020-01-01T00:00:00Z")["balances"] == []
    assert story.json("balance", "--recorded", "2999-01-01T00:00:00+02:00")["balances"] == [now]
    assert "with its zone" in story.refused("balance", "--recorded", "2020-01-01", code=2)
    assert "no event at position 99" in story.refused("balance", "--at-position", "99")


def test_totals_of_nothing_booked_say_so(story: Terminal) -> None:
    assert story.ok("totals").out == "nothing was booked\n"
    assert "expected one of reason" in story.refused("totals", "--by", "weather", code=2)
