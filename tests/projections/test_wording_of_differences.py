"""Each difference is told in a sentence, with what to do and the command to type."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date

import pytest

from refund_projections.differences import Finding, Kind
from refund_projections.sides import Nature, Role
from refund_projections.wording_of_differences import (
    ACCEPTABLE,
    accept_command,
    days,
    decimal,
    here,
    money,
    record_command,
    there,
    what,
    what_to_do,
)
from support.differences import KNOWN, LISTED, RECEIPT, a_finding

RECORD = (
    "refund-ledger outside record invoice 3/481 --customer 1001 --amount 40.00 --currency ILS "
    "--date 2026-03-01"
)
LATE = replace(KNOWN, duplicate_of="document 3/480")


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (
            a_finding(Kind.MISSING_THERE),
            "The ledger has it (here 40.00 ILS), the accounting system does not",
        ),
        (
            a_finding(Kind.OUT_OF_SIGHT),
            (
                "The ledger has it (here 40.00 ILS); it is not among what was read, and may be "
                "dated outside of that"
            ),
        ),
        (
            a_finding(Kind.UNKNOWN_HERE),
            ("No refund of this ledger made it: there 40.00 ILS of customer 1001 on 2026-03-01"),
        ),
        (
            a_finding(Kind.UNKNOWN_HERE, there=replace(LISTED, markers=frozenset({"m"}))),
            (
                "No refund of this ledger made it: there 40.00 ILS of customer 1001 on 2026-03-01; "
                "it carries a marker that this ledger never gave"
            ),
        ),
        (
            a_finding(Kind.AMOUNT_DIFFERS, there=replace(LISTED, amount=4_001)),
            "The amount differs: here 40.00 ILS, there 40.01 ILS",
        ),
        (
            a_finding(Kind.CURRENCY_DIFFERS, there=replace(LISTED, currency="JPY")),
            "The currency differs: here 40.00 ILS, there 4000 JPY",
        ),
        (
            a_finding(Kind.CUSTOMER_DIFFERS, there=replace(LISTED, customer_id="7")),
            "The customer differs: here customer 1001, there customer 7",
        ),
        (
            a_finding(Kind.DATE_DIFFERS, there=replace(LISTED, issued_on=date(2026, 1, 1))),
            "The date differs: here 2026-02-28 to 2026-03-02, there 2026-01-01",
        ),
        (
            a_finding(Kind.KIND_DIFFERS, there=replace(LISTED, nature=Nature.SALE)),
            (
                "The kind of document differs: here a credit or money given back, there a sale or "
                "money received"
            ),
        ),
        (
            a_finding(Kind.CANCELLED_THERE),
            "The accounting system shows it as cancelled; the ledger knows of no reason",
        ),
        (
            a_finding(Kind.DUPLICATED_THERE),
            (
                "It carries the same marker as document 3/481: there 40.00 ILS of customer 1001 "
                "on 2026-03-01"
            ),
        ),
        (
            a_finding(Kind.DUPLICATED_THERE, sure=False),
            (
                "It looks like a second copy of document 3/481: there 40.00 ILS of customer 1001 "
                "on 2026-03-01"
            ),
        ),
        (
            a_finding(Kind.DUPLICATED_THERE, here=LATE, twin=LATE.duplicate_of),
            (
                "It was booked for the same part as document 3/480: there 40.00 ILS of customer "
                "1001 on 2026-03-01"
            ),
        ),
        (a_finding(Kind.LISTED_TWICE), "The accounting system's list names it more than once"),
        (
            a_finding(Kind.IN_DOUBT),
            (
                "It carries the marker of the invoice part of refund order-18, which has no "
                "document here: there 40.00 ILS of customer 1001 on 2026-03-01"
            ),
        ),
        (
            a_finding(Kind.IN_DOUBT, sure=False),
            (
                "It fits, without a marker, the invoice part of refund order-18, which has no "
                "document here: there 40.00 ILS of customer 1001 on 2026-03-01"
            ),
        ),
        (
            a_finding(Kind.IN_DOUBT, document=None, there=None),
            (
                "It is not known what became of the invoice part of refund order-18, and no "
                "document there fits it"
            ),
        ),
    ],
)
def test_each_difference_is_told(finding: Finding, said: str) -> None:
    assert what(finding) == said


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_says_what_to_do(kind: Kind) -> None:
    finding = a_finding(kind)
    assert what_to_do(finding)[0].isupper()
    assert "None" not in what(finding) + what_to_do(finding)


def test_an_unknown_document_is_offered_with_the_command_that_records_it() -> None:
    assert what_to_do(a_finding(Kind.UNKNOWN_HERE)) == f"Record it: {RECORD}"
    receipt = a_finding(Kind.UNKNOWN_HERE, there=replace(LISTED, document=RECEIPT, currency=None))
    assert record_command(receipt) == (
        "refund-ledger outside record receipt 1/91 --customer 1001 --amount 40.00 --currency CODE "
        "--date 2026-03-01"
    )
    assert record_command(a_finding(Kind.MISSING_THERE)) == ""


def test_a_command_holds_what_others_wrote_as_one_word() -> None:
    hostile = "7; rm -rf / $(reboot) `x` 'y'"
    finding = a_finding(Kind.UNKNOWN_HERE, there=replace(LISTED, customer_id=hostile))
    words = shlex.split(record_command(finding))
    assert words[words.index("--customer") + 1] == hostile


def test_a_duplicate_that_the_ledger_knows_is_explained_and_another_recorded() -> None:
    known = a_finding(Kind.DUPLICATED_THERE, here=LATE, twin=LATE.duplicate_of)
    assert "discrepancy explain invoice 3/482" in what_to_do(known)
    assert "outside record invoice 3/482" in what_to_do(a_finding(Kind.DUPLICATED_THERE))


def test_what_may_be_accepted_says_how() -> None:
    for kind in Kind:
        finding = a_finding(kind)
        words = shlex.split(accept_command(finding))
        if kind in ACCEPTABLE:
            assert words[1:3] == ["reconcile", "accept"]
            assert words[3:6] == [str(finding.document), kind.value, finding.digest]
        else:
            assert words == []
    assert accept_command(a_finding(Kind.AMOUNT_DIFFERS, document=None)) == ""


def test_both_sides_are_told_in_few_words() -> None:
    assert here(a_finding(Kind.UNKNOWN_HERE)) == ""
    assert there(a_finding(Kind.MISSING_THERE)) == ""
    unsigned = a_finding(
        Kind.KIND_DIFFERS,
        here=replace(KNOWN, role=Role.GRANT),
        there=replace(LISTED, nature=None),
    )
    assert (here(unsigned), there(unsigned)) == ("here either", "there either")


def test_amounts_are_decimal_text_whatever_their_currency() -> None:
    assert [decimal(1_234, code) for code in ("ILS", "JPY", "BHD", None, "???")] == [
        "12.34",
        "1234",
        "1.234",
        "12.34",
        "12.34",
    ]
    assert money(5, None) == "0.05 (currency not said)"


def test_days_are_one_or_from_to_or_at_the_latest() -> None:
    assert days(KNOWN) == "2026-02-28 to 2026-03-02"
    assert days(replace(KNOWN, last=KNOWN.first)) == "2026-02-28"
    assert days(replace(KNOWN, first=None)) == "2026-03-02 at the latest"


def test_a_document_of_ours_that_was_reversed_there_is_said_to_be_reversed() -> None:
    ours = what_to_do(a_finding(Kind.CANCELLED_THERE))
    assert ours == (
        "See there which document reversed it, then: refund-ledger discrepancy explain invoice "
        "3/481 --how reversed --by TYPE/NUMBER --why ... --key ..."
    )
    original = a_finding(Kind.CANCELLED_THERE, here=replace(KNOWN, role=Role.ORIGINAL))
    assert what_to_do(original) == "See there which document cancelled it, and record that one"
