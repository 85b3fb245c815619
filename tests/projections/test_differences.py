"""A difference is named by its kind and by the values of both sides."""

from dataclasses import replace
from random import Random

import pytest

from refund_projections.differences import Finding, Kind, place
from refund_projections.sides import Role
from support.differences import KNOWN, LISTED, RECEIPT, UNBOOKED, a_finding


def test_every_kind_and_every_value_makes_another_digest() -> None:
    amount = a_finding(Kind.AMOUNT_DIFFERS)
    others = [
        *(a_finding(kind) for kind in Kind),
        replace(amount, here=replace(KNOWN, amount=1)),
        replace(amount, there=replace(LISTED, amount=1)),
        replace(amount, twin="document 3/9"),
        replace(amount, unbooked=UNBOOKED),
        replace(amount, here=None),
        replace(amount, there=None),
    ]
    assert len({one.digest for one in others}) == len(others)
    assert a_finding(Kind.AMOUNT_DIFFERS).digest == amount.digest


def test_when_the_ledger_came_to_know_it_makes_no_other_digest() -> None:
    amount = a_finding(Kind.AMOUNT_DIFFERS)
    later = replace(amount, here=replace(KNOWN, at=KNOWN.at.replace(hour=23)))
    assert later.digest == amount.digest


@pytest.mark.parametrize(
    ("finding", "refund"),
    [
        (a_finding(Kind.AMOUNT_DIFFERS), KNOWN.stream),
        (a_finding(Kind.DUPLICATED_THERE), KNOWN.stream),
        (a_finding(Kind.IN_DOUBT), UNBOOKED.refund),
        (a_finding(Kind.UNKNOWN_HERE), None),
        (a_finding(Kind.AMOUNT_DIFFERS, here=replace(KNOWN, role=Role.ORIGINAL)), None),
    ],
)
def test_a_difference_names_the_refund_that_it_is_about(finding: Finding, refund: object) -> None:
    assert finding.refund == refund


def test_documents_come_in_order_and_parts_without_one_at_the_end() -> None:
    ordered = [
        a_finding(Kind.AMOUNT_DIFFERS),
        a_finding(Kind.CUSTOMER_DIFFERS),
        a_finding(Kind.MISSING_THERE, document=RECEIPT),
        a_finding(Kind.IN_DOUBT, document=None, there=None),
        a_finding(Kind.IN_DOUBT, document=None, there=None, unbooked=replace(UNBOOKED, marker="z")),
    ]
    shuffled = list(ordered)
    Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=place) == ordered
