"""Rows survive being lines, and their lines sort as their documents do."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.reconcile.rows import OPENED, line_of, listed_of, listed_once, told_of
from refund_ledger.events import Way
from refund_ledger.originals import Document, Half
from refund_projections.sides import Credited, Explained, Known, Listed, Nature, Role
from support.differences import KNOWN, LISTED, TWIN

documents = st.builds(
    Document,
    st.sampled_from(Half),
    st.integers(0, 999) | st.integers(0, 999_999),
    st.integers(0, 20) | st.integers(0, 999_999_999),
)
texts = st.text(max_size=6)
days = st.dates(date(1999, 1, 1), date(2100, 1, 1))
zones = st.sampled_from([UTC, timezone(timedelta(hours=3))])
times = st.datetimes(datetime(1999, 1, 1), datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001 - hypothesis adds the zone
known = st.builds(
    Known,
    document=documents,
    role=st.sampled_from(Role),
    customer_id=texts,
    currency=texts,
    amount=st.integers(0, 10**15),
    at=times,
    stream=st.builds(UUID, int=st.integers(0, 2**128 - 1)),
    anchor=days,
    first=st.none() | days,
    last=st.none() | days,
    way=st.none() | st.sampled_from(Way),
    marker=texts,
    duplicate_of=texts,
)
explained = st.builds(Explained, documents, texts, texts, times)
listed = st.builds(
    Listed,
    document=documents,
    customer_id=texts,
    currency=st.none() | texts,
    amount=st.integers(0, 10**15),
    issued_on=days,
    nature=st.none() | st.sampled_from(Nature),
    cancelled=st.none() | st.booleans(),
    markers=st.frozensets(texts, max_size=3),
)


@given(known | explained | st.builds(Credited, documents))
def test_what_the_ledger_tells_survives(row: Known | Explained | Credited) -> None:
    line = line_of(row)
    assert told_of(line) == row
    assert "\n" not in line


@given(listed, st.sampled_from(["l", OPENED]))
def test_what_is_listed_survives(row: Listed, letter: str) -> None:
    line = line_of(row, letter=letter)
    assert listed_of(line) == row
    assert "\n" not in line


@given(st.lists(known | listed, max_size=20))
def test_lines_sort_as_their_documents_do(rows: list[Known | Listed]) -> None:
    lines = sorted(line_of(row) for row in rows)
    read = [(listed_of if line[17:].startswith('["l"') else told_of)(line) for line in lines]
    assert [row.document for row in read] == sorted(row.document for row in rows)


def test_a_document_that_was_opened_stands_for_all_of_its_rows() -> None:
    other = line_of(Listed(TWIN, "7", None, 5, date(2026, 3, 1)))
    first, second = line_of(LISTED), line_of(LISTED)
    opened = line_of(LISTED, letter=OPENED)
    for twice in (True, False):
        rows = list(listed_once(sorted([first, other, second, opened]), twice=twice))
        assert [row.document for row in rows] == [KNOWN.document, TWIN]
    assert len(list(listed_once(sorted([first, second, other]), twice=True))) == 3
    assert len(list(listed_once(sorted([first, second, other]), twice=False))) == 2
