"""The ledger's documents beside those of the accounting system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, histories
from refund_ledger.errors import InvariantError, RefusedError
from refund_ledger.originals import Document, Half
from refund_projections import reconciliation
from refund_projections.differences import Kind
from refund_projections.known_documents import KnownDocuments
from refund_projections.reconciliation import Absence, Comparison, Sought, Total, joined
from refund_projections.sides import (
    Conventions,
    Credited,
    Explained,
    Known,
    Listed,
    Nature,
    Period,
    Role,
    Told,
)
from support.differences import UNBOOKED

BOOKS = Conventions(zone=UTC)
EVER = Period(date(2025, 1, 1), date(2026, 12, 31))
STRANGER = Listed(Document(Half.DOCUMENT, 3, 999), "7", "ILS", 5, date(2026, 3, 1), Nature.REFUND)
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@dataclass
class Shelf:
    """Single documents, for whoever looks closer at one."""

    there: dict[Document, Listed | Absence] = field(default_factory=dict)
    opened: dict[Document, Listed] = field(default_factory=dict)
    asked: list[Document] = field(default_factory=list)

    def open(self, listed: Listed, known: Known | None) -> Listed:
        """What the document itself says."""
        assert known is None or known.document == listed.document
        return self.opened.get(listed.document, listed)

    def find(self, known: Known) -> Listed | Absence:
        """A document that the list does not hold."""
        self.asked.append(known.document)
        return self.there.get(known.document, Absence.NOT_ASKED)


def refunded() -> Company:
    company = Company()
    company.finish(company.ask("k", original=str(company.cash_sale(1, 1_000))))
    return company


def told(company: Company) -> list[Told]:
    return sorted(KnownDocuments(COMPANY, BOOKS).read(company.events()), key=_by_document)


def known(company: Company) -> list[Known]:
    return [one for one in told(company) if isinstance(one, Known)]


def _by_document(row: Told | Listed) -> Document:
    return row.document


def listed(documents: Iterable[Known]) -> list[Listed]:
    """The accounting system's list as it is when all is well."""
    return [
        Listed(
            document=one.document,
            customer_id=one.customer_id,
            currency=one.currency,
            amount=one.amount,
            issued_on=one.first or one.last or one.anchor,
            nature=one.nature,
        )
        for one in documents
    ]


def compare(
    here: Iterable[Told],
    there: Iterable[Listed],
    shelf: Shelf | None = None,
    **sought: Any,
) -> Comparison:
    wanted = Sought(**{"period": EVER, "covers": EVER, **sought})
    comparison = Comparison(wanted, shelf or Shelf())
    comparison.run(list(here), sorted(there, key=_by_document))
    return comparison


def found(comparison: Comparison) -> list[tuple[Kind, str]]:
    return [(one.kind, str(one.document)) for one in comparison.findings]


@pytest.fixture(scope="module")
def pair() -> tuple[list[Told], list[Listed]]:
    """Both sides of a cash sale that was given back, equal."""
    company = refunded()
    return told(company), listed(known(company))


Pair = tuple[list[Told], list[Listed]]


def test_a_clean_pair_matches_and_is_counted(pair: Pair) -> None:
    here, there = pair
    clean = compare(here, there)
    assert (clean.findings, clean.matched, clean.here, clean.there) == ([], 4, 4, 4)
    assert clean.totals == {
        (Role.ORIGINAL, "ILS"): Total(2, 2_340, 2, 2_340),
        (Role.ISSUED, "ILS"): Total(2, 2_340, 2, 2_340),
    }
    assert (clean.tally(), clean.no_currency, clean.beside) == ({}, 0, 0)


def test_each_way_to_differ_is_named(pair: Pair) -> None:
    here, there = pair
    changed = [
        replace(there[0], currency=None),
        replace(there[1], amount=1, customer_id="8", issued_on=date(2026, 5, 1)),
        replace(there[2], currency="USD", amount=1),
        STRANGER,
        STRANGER,
    ]
    differs = compare(here, changed)
    assert found(differs) == [
        (Kind.AMOUNT_DIFFERS, "document 3/481"),
        (Kind.CUSTOMER_DIFFERS, "document 3/481"),
        (Kind.DATE_DIFFERS, "document 3/481"),
        (Kind.UNKNOWN_HERE, "document 3/999"),
        (Kind.LISTED_TWICE, "document 3/999"),
        (Kind.CURRENCY_DIFFERS, "receipt 2/1"),
        (Kind.MISSING_THERE, "receipt 3/482"),
    ]
    assert (differs.matched, differs.no_currency) == (1, 1)
    assert differs.tally() == dict.fromkeys(
        (
            *(Kind.MISSING_THERE, Kind.UNKNOWN_HERE, Kind.AMOUNT_DIFFERS, Kind.CURRENCY_DIFFERS),
            *(Kind.CUSTOMER_DIFFERS, Kind.DATE_DIFFERS, Kind.LISTED_TWICE),
        ),
        1,
    )
    assert differs.totals[None, "ILS"] == Total(0, 0, 1, 5)


def test_what_takes_where_it_ought_to_give_is_another_kind(pair: Pair) -> None:
    here, there = pair
    natures = [Nature.REFUND, Nature.SALE, Nature.REFUND, None]
    turned = [replace(one, nature=nature) for one, nature in zip(there, natures, strict=True)]
    assert found(compare(here, turned)) == [
        (Kind.KIND_DIFFERS, "document 2/1"),
        (Kind.KIND_DIFFERS, "document 3/481"),
        (Kind.KIND_DIFFERS, "receipt 2/1"),
    ]


def test_an_original_that_was_given_back_may_be_shown_as_cancelled(pair: Pair) -> None:
    here, there = pair
    flagged = [replace(one, cancelled=True) for one in there]
    # Ours were written by a Cancel, which may set the flag on what it writes.
    assert found(compare(here, flagged)) == []
    without = [one for one in here if not isinstance(one, Credited)]
    assert found(compare(without, flagged)) == [
        (Kind.CANCELLED_THERE, "document 2/1"),
        (Kind.CANCELLED_THERE, "receipt 2/1"),
    ]


def test_a_new_document_of_ours_stands_unless_somebody_explained_it() -> None:
    company = Company()
    company.finish(company.ask("k", original=str(company.cash_sale(1, 1_000)), amount=100))
    here = told(company)
    flagged = [replace(one, cancelled=True) for one in listed(known(company))]
    cancelled = [(Kind.CANCELLED_THERE, "document 3/481"), (Kind.CANCELLED_THERE, "receipt 3/482")]
    assert found(compare(here, flagged)) == cancelled
    said = Explained(Document(Half.DOCUMENT, 3, 481), "avi", "reversed", datetime.now(UTC))
    explained = sorted([*here, said], key=_by_document)
    assert found(compare(explained, flagged)) == cancelled[1:]


def test_a_grant_may_be_a_part_of_its_document() -> None:
    company = Company()
    named = {"document_half": "document", "document_series": 3, "document_number": 9}
    company.grant("b", 60, **named)
    (there,) = listed(known(company))
    assert found(compare(told(company), [replace(there, amount=100)])) == []
    less = compare(told(company), [replace(there, amount=59)])
    assert found(less) == [(Kind.AMOUNT_DIFFERS, "document 3/9")]


def test_a_second_document_that_the_ledger_knows_stands_as_a_duplicate_until_explained() -> None:
    company = refunded()
    company.answer(company.refunds[0], company.refund(company.refunds[0]).parts[0])
    comparison = compare(told(company), listed(known(company)))
    assert found(comparison) == [(Kind.DUPLICATED_THERE, "document 3/483")]
    (one,) = comparison.findings
    assert (one.twin, one.explained) == ("document 3/481", None)
    said = Explained(Document(Half.DOCUMENT, 3, 483), "avi", "reversed", datetime.now(UTC))
    again = compare(sorted([*told(company), said], key=_by_document), listed(known(company)))
    assert again.findings[0].explained == said


# --- what the list leaves out ---------------------------------------------------------------------


def test_a_row_is_compared_as_its_document_says(pair: Pair) -> None:
    here, there = pair
    rows = [replace(one, currency=None, amount=1) for one in there]
    assert found(compare(here, rows, Shelf(opened={one.document: one for one in there}))) == []


def test_what_is_not_listed_is_looked_for_by_its_number(pair: Pair) -> None:
    here, there = pair
    elsewhere = replace(there[0], issued_on=date(2020, 1, 1))
    shelf = Shelf({there[0].document: elsewhere, there[1].document: Absence.GONE})
    assert found(compare(here, there[2:], shelf)) == [
        (Kind.DATE_DIFFERS, "document 2/1"),
        (Kind.MISSING_THERE, "document 3/481"),
    ]
    assert shelf.asked == [there[0].document, there[1].document]


def test_a_list_that_ends_too_early_misses_nothing_that_may_lie_beyond_it(pair: Pair) -> None:
    here, _ = pair
    one_day = Period(date(2026, 3, 1), date(2026, 3, 1))
    assert found(compare(here, [], period=one_day, covers=one_day)) == [
        (Kind.OUT_OF_SIGHT, "document 3/481"),
        (Kind.OUT_OF_SIGHT, "receipt 3/482"),
    ]
    undated = [replace(one, first=None) if isinstance(one, Known) else one for one in here]
    assert {kind for kind, _ in found(compare(undated, []))} == {Kind.OUT_OF_SIGHT}


def test_what_the_ledger_knows_too_lately_for_the_lists_is_not_judged(pair: Pair) -> None:
    here, there = pair
    ends = max(one.at for one in here if isinstance(one, Known))
    early = compare(here, there[:3], settled=ends - timedelta(seconds=1))
    assert (found(early), early.not_judged) == ([], 1)
    assert found(compare(here, there[:3], settled=ends)) == [(Kind.MISSING_THERE, "receipt 3/482")]


def test_sales_that_the_ledger_never_needed_are_no_difference(pair: Pair) -> None:
    here, there = pair
    sale = replace(there[0], document=Document(Half.DOCUMENT, 1, 77))
    nothing = replace(sale, document=Document(Half.RECEIPT, 1, 77), nature=None)
    comparison = compare(here, [*there, sale, nothing])
    assert (found(comparison), comparison.beside) == ([], 2)


def test_a_part_in_doubt_is_named_with_its_document_or_alone(pair: Pair) -> None:
    here, there = pair
    doubt = (UNBOOKED,)
    alone = compare(here, there, unbooked=doubt)
    assert [(one.kind, one.document, one.unbooked) for one in alone.findings] == [
        (Kind.IN_DOUBT, None, UNBOOKED)
    ]
    marked = replace(STRANGER, markers=frozenset({UNBOOKED.marker}))
    assert found(compare(here, [*there, marked], unbooked=doubt)) == [
        (Kind.IN_DOUBT, "document 3/999")
    ]
    certain = (replace(UNBOOKED, in_doubt=False),)
    assert found(compare(here, there, unbooked=certain)) == []
    before = Period(date(2026, 2, 1), date(2026, 2, 27))
    assert found(compare(here, [], unbooked=doubt, period=before, covers=before)) == []


def test_a_document_with_a_marker_is_given_its_part_before_one_that_only_fits(pair: Pair) -> None:
    here, there = pair
    marked = replace(STRANGER, markers=frozenset({UNBOOKED.marker}))
    fits = replace(STRANGER, document=Document(Half.DOCUMENT, 3, 998))
    doubt = replace(UNBOOKED, customer_id=fits.customer_id, asked=fits.amount)
    assert found(compare(here, [*there, fits], unbooked=(doubt,))) == [
        (Kind.IN_DOUBT, "document 3/998"),
    ]
    assert found(compare(here, [*there, fits, marked], unbooked=(doubt,))) == [
        (Kind.UNKNOWN_HERE, "document 3/998"),
        (Kind.IN_DOUBT, "document 3/999"),
    ]


# --- periods --------------------------------------------------------------------------------------


def test_only_what_belongs_to_the_period_is_judged(pair: Pair) -> None:
    here, there = pair
    march = compare(here, there, period=MARCH, covers=MARCH)
    assert (march.matched, march.here, march.there) == (2, 2, 2)
    before = Period(date(2026, 2, 1), date(2026, 2, 28))
    assert compare(here, [], period=before, covers=before).here == 2
    moved = [replace(one, issued_on=date(2026, 7, 1)) for one in there]
    july = Period(date(2026, 7, 1), date(2026, 7, 31))
    for period in (MARCH, july):
        kinds = {kind for kind, _ in found(compare(here, moved, period=period, covers=EVER))}
        assert kinds == {Kind.DATE_DIFFERS}


# --- digests, order and limits --------------------------------------------------------------------


def test_digests_are_of_what_was_compared(pair: Pair) -> None:
    here, there = pair
    first, again = compare(here, there), compare(here, there)
    assert (first.digest_here, first.digest_there) == (again.digest_here, again.digest_there)
    other = compare(here, [*there[:3], replace(there[3], amount=9)])
    assert first.digest_here == other.digest_here
    assert first.digest_there != other.digest_there


def test_sides_that_are_not_in_order_are_a_mistake_in_the_code(pair: Pair) -> None:
    here, _ = pair
    with pytest.raises(InvariantError, match="the sides are not in order"):
        list(joined(reversed(here), []))


def test_two_different_books_are_not_listed_for_ever(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "MOST_DIFFERENCES", 3)
    here, _ = pair
    with pytest.raises(RefusedError, match="more than 3 documents differ"):
        compare(here, [])


@given(histories, st.randoms(use_true_random=False))
def test_a_clean_pair_is_clean_in_any_order(company: Company, random: Random) -> None:
    there = listed(known(company))
    random.shuffle(there)
    comparison = compare(told(company), there)
    twice = sum(1 for one in known(company) if one.duplicate_of)
    assert [kind for kind, _ in found(comparison)] == [Kind.DUPLICATED_THERE] * twice
    assert comparison.matched == len(there) - twice


@given(histories, st.randoms(use_true_random=False))
def test_whatever_is_taken_away_or_changed_is_found_and_nothing_else(
    company: Company, random: Random
) -> None:
    there = [one for one in listed(known(company)) if random.random() < 0.9]
    random.shuffle(there)
    gone = {one.document for one in known(company)} - {one.document for one in there}
    changed = [replace(one, amount=one.amount + 1_000_000) for one in there[:2]]
    expected = {(Kind.MISSING_THERE, document) for document in gone}
    expected |= {(Kind.AMOUNT_DIFFERS, one.document) for one in changed}
    comparison = compare(told(company), [*changed, *there[2:]])
    left = {
        (one.kind if one.kind is not Kind.OUT_OF_SIGHT else Kind.MISSING_THERE, one.document)
        for one in comparison.findings
        if one.kind is not Kind.DUPLICATED_THERE
    }
    # A grant or a reversal may be a part of its document, so that more there is no difference.
    roles = {one.document: one.role for one in known(company)}
    parts = {Role.GRANT, Role.REVERSAL}
    expected -= {
        (Kind.AMOUNT_DIFFERS, one.document) for one in changed if roles[one.document] in parts
    }
    assert left == expected
