"""What a share of the history keeps says what waits, as all of it does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, histories
from refund_ledger.errors import InvariantError
from refund_ledger.events import Event, Part
from refund_projections import unsettled
from refund_projections.calls_due import Waiting, fold
from refund_projections.unsettled import Unsettled


def kept(events: list[Event]) -> list[Event]:
    share = Unsettled()
    for event in events:
        share.add(event)
    return list(share.events())


def told(waiting: Waiting) -> tuple[object, ...]:
    return waiting.due(COMPANY), waiting.pending(COMPANY), waiting.alerts, waiting.discrepancies


@given(histories, st.data())
def test_shares_say_together_what_the_whole_says(company: Company, data: st.DataObject) -> None:
    events = company.events()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=3)))
    places = [0, *cuts, len(events)]
    shares = [events[begin:end] for begin, end in pairwise(places)]
    left = [event for share in shares for event in kept(share)]
    assert told(fold(left)) == told(fold(events))
    assert left == [event for event in events if event in left]


def sold(number: int = 1) -> tuple[Company, Event]:
    company = Company()
    company.ask("k", original=str(company.cash_sale(number, 1_000)))
    return company, company.events()[-1]


def complete(company: Company) -> None:
    """Book both parts of the one refund, and go on with something else."""
    (refund,) = company.refunds
    for part in Part:
        company.submit(refund, part)
        company.answer(refund, part)
    company.grant("later", 1)


def test_a_refund_that_begins_and_ends_in_a_share_leaves_nothing() -> None:
    company, _ = sold()
    complete(company)
    assert kept(company.events()) == []


def test_a_refund_that_began_before_the_share_leaves_everything() -> None:
    company, asked = sold()
    complete(company)
    events = company.events()
    after = events[events.index(asked) + 1 :]
    assert kept(after) == [event for event in after if event.TOPIC.startswith("refund.")]
    with pytest.raises(InvariantError, match="does not follow a request"):
        fold(kept(after))


def test_a_refund_that_left_something_to_explain_is_kept() -> None:
    company, _ = sold()
    (refund,) = company.refunds
    company.submit(refund, Part.INVOICE)
    company.answer(refund, Part.INVOICE, booked=1_500)
    company.book(refund, Part.RECEIPT)
    company.grant("later", 1)
    events = [event for event in company.events() if event.TOPIC.startswith("refund.")]
    assert kept(company.events()) == events
    assert [one.excess for one in fold(kept(company.events())).discrepancies] == [330]


def test_ends_of_one_long_command_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsettled, "MOST_OVER", 0)
    company, _ = sold()
    complete(company)
    one_command = [event.model_copy(update={"command_id": "c"}) for event in company.events()]
    assert kept(one_command) == []
