"""Of each kind of difference the first place is told, and how many there are."""

from __future__ import annotations

from refund_adapters.store.findings import Finding, Findings, Kind


def test_nothing_found_is_nothing() -> None:
    assert Findings().all() == ()


def test_the_first_place_of_each_kind_is_kept_and_the_others_are_counted() -> None:
    findings = Findings()
    findings.add(Kind.POSTINGS, "the first posting", 3)
    findings.add(Kind.CHANGED, "an event", 9)
    findings.add(Kind.POSTINGS, "another", 4)
    findings.add(Kind.POSTINGS, "five more", 5, 5)
    assert findings.all() == (
        Finding(Kind.CHANGED, "an event", 9),
        Finding(Kind.POSTINGS, "the first posting", 3, 7),
    )


def test_a_finding_says_how_many_more_there_are() -> None:
    assert str(Finding(Kind.GAP, "event 2 is gone", 3)) == "event 2 is gone"
    more = Finding(Kind.GAP, "event 2 is gone", 3, places=4)
    assert str(more) == "event 2 is gone (the first of 4 places)"
