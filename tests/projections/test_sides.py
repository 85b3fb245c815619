"""What both sides say of a document, and how an accounting system dates and signs them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from refund_ledger.originals import Document, Half
from refund_projections.sides import (
    Conventions,
    Known,
    Listed,
    Nature,
    Period,
    Role,
    canonical,
    values_here,
    values_there,
)

ISRAEL = Conventions(zone=ZoneInfo("Asia/Jerusalem"), credit_types=frozenset({3}))
EITHER = replace(ISRAEL, credits_are_negative=False)
NOTE, INVOICE = Document(Half.DOCUMENT, 3, 9), Document(Half.DOCUMENT, 1, 9)
RECEIPT, THIRD = Document(Half.RECEIPT, 1, 9), Document(Half.RECEIPT, 3, 9)
KNOWN = Known(
    document=NOTE,
    role=Role.ISSUED,
    customer_id="7",
    currency="ILS",
    amount=1_170,
    at=datetime(2026, 3, 1, tzinfo=UTC),
    stream=UUID(int=1),
    anchor=date(2026, 3, 1),
    last=date(2026, 3, 2),
)
LISTED = Listed(NOTE, "7", None, 1_170, date(2026, 3, 1))


def test_both_ends_of_a_period_belong_to_it() -> None:
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    assert [date(2026, 3, 1) in march, date(2026, 3, 31) in march] == [True, True]
    assert [date(2026, 2, 28) in march, date(2026, 4, 1) in march] == [False, False]
    assert str(march) == "2026-03-01 to 2026-03-31"


def test_a_moment_is_dated_where_the_books_are() -> None:
    assert ISRAEL.day(datetime(2026, 3, 1, 23, tzinfo=UTC)) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("document", "amount", "nature"),
    [
        (NOTE, 5, Nature.REFUND),
        (NOTE, 0, Nature.REFUND),
        (INVOICE, 5, Nature.SALE),
        (INVOICE, -5, Nature.REFUND),
        (INVOICE, 0, None),
        (RECEIPT, 5, Nature.SALE),
        (RECEIPT, -5, Nature.REFUND),
        (THIRD, 5, Nature.SALE),
    ],
)
def test_sign_and_type_say_what_a_document_is(
    document: Document, amount: int, nature: Nature | None
) -> None:
    assert ISRAEL.nature(document, amount) is nature
    silent = document.half is Half.RECEIPT and amount > 0
    assert EITHER.nature(document, amount) is (None if silent else nature)


def test_a_grant_or_a_reversal_may_be_either() -> None:
    natures = {role: replace(KNOWN, role=role).nature for role in Role}
    assert natures[Role.GRANT] is natures[Role.REVERSAL] is None
    assert natures[Role.ORIGINAL] is Nature.SALE
    assert {natures[role] for role in (Role.ISSUED, Role.LATE, Role.OUTSIDE)} == {Nature.REFUND}


def test_every_value_is_in_what_a_digest_is_taken_over() -> None:
    changed_here = (
        replace(KNOWN, role=Role.LATE),
        replace(KNOWN, customer_id="8"),
        replace(KNOWN, currency="USD"),
        replace(KNOWN, amount=1),
        replace(KNOWN, document=INVOICE),
        replace(KNOWN, first=date(2026, 3, 1)),
        replace(KNOWN, last=None),
    )
    assert values_here(KNOWN) not in {values_here(one) for one in changed_here}
    assert len({canonical(values_here(one)) for one in changed_here}) == len(changed_here)
    changed_there = (
        replace(LISTED, customer_id="8"),
        replace(LISTED, currency="ILS"),
        replace(LISTED, amount=1),
        replace(LISTED, document=INVOICE),
        replace(LISTED, issued_on=date(2026, 3, 2)),
        replace(LISTED, nature=Nature.SALE),
        replace(LISTED, cancelled=False),
        replace(LISTED, cancelled=True),
        replace(LISTED, markers=frozenset({"m"})),
    )
    assert values_there(LISTED) not in {values_there(one) for one in changed_there}
    assert len({canonical(values_there(one)) for one in changed_there}) == len(changed_there)


def test_what_is_digested_is_one_line_that_cannot_run_into_the_next() -> None:
    assert canonical(("a\n", '"b"')) == b'["a\\n","\\"b\\""]\n'
