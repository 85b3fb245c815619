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
    assert "ask for an original or for a customer, not for both" in refused


@pytest.mark.parametrize("of", [("--original", SALE), ("--customer", "1001")])
def test_of_a_story_only_what_somebody_did_then_can_be_told(
    story: Terminal, of: tuple[str, str]
) -> None:
    whole = story.ok("trail", *of, "--by", "dana", "--from", "2020-01-01").out
    assert whole == story.ok("trail", *of).out != ""
    for none in (("--by", "noa"), ("--to", "2020-01-01"), ("--from", "9999-12-31")):
        assert story.ok("trail", *of, *none).out == ""


def test_the_story_of_what_was_never_recorded_is_refused(story: Terminal) -> None:
    assert "is not recorded" in story.refused("trail", "--original", "invoice:1/999")


@pytest.mark.parametrize("command", [("trail",), ("trail", "--customer", "1001"), ("totals",)])
def test_a_period_that_ends_before_it_begins_is_refused(
    story: Terminal, command: tuple[str, ...]
) -> None:
    backwards = ("--from", "2026-02-01", "--to", "2026-01-01")
    assert "before the period begins" in story.refused(*command, *backwards, code=2)


def test_a_period_may_be_without_end(story: Terminal) -> None:
    for command in (("trail",), ("totals",)):
        assert story.ok(*command, "--to", "9999-12-31").out == story.ok(*command).out


def test_a_moment_that_no_clock_or_feed_reaches_is_refused(story: Terminal) -> None:
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        assert story.refused("balance", "--recorded", moment, code=2).startswith("recorded: ")
    for position in ("9223372036854775808", "-1"):
        refused = story.refused("balance", "--at-position", position, code=2)
        assert refused.startswith("position: ")


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
