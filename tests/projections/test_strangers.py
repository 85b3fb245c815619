"""Whose a refund document may be that only the accounting system has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from refund_projections.differences import Finding, Kind
from refund_projections.sides import Credited, Known, Listed, Role, Told, Unbooked
from refund_projections.strangers import Parts, twins_of, whose
from support.differences import KNOWN, LISTED, MARK, NOTE, RECEIPT, TWIN, UNBOOKED

STRANGER = replace(LISTED, document=TWIN)
MARKED = replace(STRANGER, markers=frozenset({MARK}))


def judged(
    listed: Listed, known: list[Known] | None = None, parts: list[Unbooked] | None = None
) -> Finding:
    here: list[Told] = [Credited(NOTE), *([KNOWN] if known is None else known)]
    return whose(listed, Parts(parts or []), twins_of(here, [listed]).get(listed.document))


def test_a_document_with_the_marker_of_a_booked_part_is_its_second() -> None:
    found = judged(replace(MARKED, amount=1, customer_id="9", issued_on=date(2020, 1, 1)))
    assert (found.kind, found.sure, found.twin) == (Kind.DUPLICATED_THERE, True, str(NOTE))
    assert (found.here, found.document) == (KNOWN, TWIN)


def test_a_document_with_the_same_content_may_be_a_second() -> None:
    found = judged(STRANGER)
    assert (found.kind, found.sure, found.twin) == (Kind.DUPLICATED_THERE, False, str(NOTE))
    assert judged(replace(STRANGER, currency=None)).kind is Kind.DUPLICATED_THERE


def test_what_differs_in_anything_is_no_second() -> None:
    others: list[dict[str, Any]] = [
        {"amount": 3_999},
        {"customer_id": "1002"},
        {"currency": "USD"},
        {"issued_on": date(2026, 2, 27)},
        {"issued_on": date(2026, 3, 3)},
        {"document": RECEIPT},
        {"markers": frozenset({"[RL:of-another-ledger]"})},
    ]
    for changed in others:
        found = judged(replace(STRANGER, **changed))
        assert (found.kind, found.here) == (Kind.UNKNOWN_HERE, None), changed


def test_only_what_a_refund_made_has_a_second() -> None:
    for role in (Role.ORIGINAL, Role.OUTSIDE, Role.GRANT, Role.REVERSAL):
        assert judged(STRANGER, [replace(KNOWN, role=role)]).kind is Kind.UNKNOWN_HERE
    assert judged(STRANGER, [replace(KNOWN, role=Role.LATE)]).kind is Kind.DUPLICATED_THERE
    for undated in (replace(KNOWN, first=None), replace(KNOWN, last=None)):
        assert judged(STRANGER, [undated]).kind is Kind.UNKNOWN_HERE


def test_of_two_that_it_may_repeat_the_first_is_named() -> None:
    later = replace(KNOWN, document=RECEIPT._replace(half=NOTE.half, number=900), marker="")
    assert judged(STRANGER, [KNOWN, later]).twin == str(NOTE)


def test_a_marker_of_an_unbooked_part_says_whose_it_is_whatever_its_content() -> None:
    told = replace(STRANGER, amount=1, markers=frozenset({UNBOOKED.marker}))
    for part in (UNBOOKED, replace(UNBOOKED, in_doubt=False)):
        found = judged(told, parts=[part])
        assert (found.kind, found.unbooked, found.sure) == (Kind.IN_DOUBT, part, True)


def test_a_document_may_be_that_of_a_part_in_doubt_before_it_is_a_second_of_another() -> None:
    found = judged(STRANGER, parts=[UNBOOKED])
    assert (found.kind, found.unbooked, found.sure) == (Kind.IN_DOUBT, UNBOOKED, False)
    early = replace(STRANGER, issued_on=date(2026, 2, 27))
    dollars = replace(STRANGER, currency="USD")
    certain = replace(UNBOOKED, in_doubt=False)
    assert judged(early, parts=[UNBOOKED]).kind is Kind.UNKNOWN_HERE
    assert judged(dollars, parts=[UNBOOKED]).kind is Kind.UNKNOWN_HERE
    assert judged(STRANGER, parts=[certain]).kind is Kind.DUPLICATED_THERE
    assert judged(MARKED, parts=[UNBOOKED]).kind is Kind.DUPLICATED_THERE


def test_a_part_in_doubt_has_one_document() -> None:
    second = replace(STRANGER, document=TWIN._replace(number=TWIN.number + 1))
    parts = Parts([UNBOOKED])
    assert [whose(one, parts, None).kind for one in (STRANGER, second)] == [
        Kind.IN_DOUBT,
        Kind.UNKNOWN_HERE,
    ]
    sure = Parts([UNBOOKED])
    marked = replace(STRANGER, markers=frozenset({UNBOOKED.marker}))
    assert [whose(one, sure, None).kind for one in (marked, second)] == [
        Kind.IN_DOUBT,
        Kind.UNKNOWN_HERE,
    ]
    two = Parts([UNBOOKED, replace(UNBOOKED, marker="[RL:another]")])
    assert [whose(one, two, None).kind for one in (STRANGER, second)] == [Kind.IN_DOUBT] * 2
