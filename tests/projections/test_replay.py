"""Each event's stored postings are compared with what it means, and shares are joined in order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.examples import EXAMPLES
from projections.histories import COMPANY
from refund_adapters.sorting import SortedLines
from refund_ledger.accounts import Account, AccountKind, Posting
from refund_ledger.events import Event
from refund_ledger.postings import postings
from refund_projections import replay
from refund_projections.net import Net
from refund_projections.replay import AFTER, BETWEEN, Found, Recorded, Replay, Row, is_told

GRANTED = EXAMPLES["credit.granted"]
texts = st.text(st.sampled_from(["a", "1", BETWEEN, AFTER]), max_size=3)
lines = st.lists(
    st.builds(
        Posting,
        st.builds(Account, texts, st.sampled_from(AccountKind), *[texts] * 5),
        st.integers(-2, 2),
    ),
    max_size=3,
)


def text_of(stored: Sequence[Posting]) -> str:
    """What the database says of stored postings."""
    return "".join(BETWEEN.join((*account, str(amount))) + AFTER for account, amount in stored)


def replayed(
    *recorded: Recorded, company: str = COMPANY, stored: Sequence[Posting] = ()
) -> tuple[Found, list[Event]]:
    followed: list[Event] = []
    rows: list[Row] = [(*account, amount) for account, amount in stored]
    with SortedLines() as aside:
        one = Replay(company, Net(aside), rows=lambda _: rows, follow=followed.append)
        for each in recorded:
            one.add(each)
        return one.found, followed


@given(lines, lines)
def test_a_text_tells_no_other_postings_than_its_own(
    meant: list[Posting], stored: list[Posting]
) -> None:
    if is_told(meant, len(stored), text_of(stored)):
        assert meant == stored


@given(lines)
def test_a_text_tells_its_own_postings_unless_they_hold_separators(meant: list[Posting]) -> None:
    columns = "".join(column for account, _ in meant for column in account)
    assert is_told(meant, len(meant), text_of(meant)) == (
        BETWEEN not in columns and AFTER not in columns
    )


def test_what_is_stored_as_it_is_meant_differs_nowhere() -> None:
    meant = postings(GRANTED)
    found, followed = replayed(Recorded(7, GRANTED, len(meant), text_of(meant)))
    assert found == Found(events=1, last=7, lines=len(meant))
    assert followed == [GRANTED]


def test_a_difference_of_the_text_alone_is_none() -> None:
    """Postings in another order, or an amount in two lines, come to the same."""
    meant = postings(GRANTED)
    stored = [*reversed(meant[1:]), Posting(meant[0].account, 1), meant[0]]
    stored.append(Posting(meant[0].account, -1))
    found, _ = replayed(Recorded(7, GRANTED, len(stored), text_of(stored)), stored=stored)
    assert found.apart == {}


def test_a_posting_at_an_event_of_another_company_is_told_of_its_own() -> None:
    stray = Posting(Account("other", AccountKind.OPEN, unit="ILS"), 5)
    meant = postings(GRANTED)
    stored = [*meant, stray]
    recorded = Recorded(7, GRANTED, len(stored), text_of(stored))
    found, followed = replayed(recorded, company="other", stored=stored)
    assert (found.apart, found.events, followed) == ({stray.account: 7}, 0, [])
    assert replayed(recorded, stored=stored)[0].apart == {}


def test_shares_are_joined_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_NAMED", 2)
    one, two, three = (Account(COMPANY, AccountKind.OPEN, name) for name in "abc")
    with SortedLines() as aside:
        whole = Replay(COMPANY, Net(aside), rows=lambda _: [], follow=lambda _: None)
        whole.join(Found(events=3, last=4, lines=9, apart={one: 2}))
        whole.join(Found(lines=1, unnamed=1))
        whole.join(Found(events=2, last=8, lines=3, apart={one: 6, two: 7, three: 8}))
    assert whole.found == Found(events=5, last=8, lines=13, apart={one: 2, two: 7}, unnamed=2)
