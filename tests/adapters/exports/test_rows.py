"""Rows of an export hold everything that the store does, once and in order."""

import json
from uuid import UUID

from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_adapters.exports.rows import EventRow, event_rows, posting_rows
from refund_adapters.store.mapper import EventMapper
from refund_ledger.events import Event
from refund_ledger.postings import postings


@given(histories)
def test_an_event_can_be_made_again_from_its_row(company: Company) -> None:
    rows = list(event_rows(company.store, COMPANY))
    assert [(row.position, again(row)) for row in rows] == list(company.store.events())


def again(row: EventRow) -> Event:
    """Make the event that a row tells, by nothing but the row."""
    cls = EventMapper()._classes[row.topic]
    state = json.loads(row.state, parse_float=refuse_float)
    return cls.model_validate(
        {**state, "originator_id": UUID(row.stream), "originator_version": row.version}
    )


def refuse_float(text: str) -> None:
    raise AssertionError(f"{text} is a float")


def test_the_columns_of_an_event_are_those_of_its_state() -> None:
    company = Company()
    company.invoice(1, 1_000)
    (row,) = event_rows(company.store, COMPANY)
    state = json.loads(row.state)
    names = ("actor", "company", "currency", "customer_id", "command_id", "correlation_id")
    assert {name: getattr(row, name) for name in (*names, "event_id", "causation_id")} == {
        name: state[name] for name in (*names, "event_id", "causation_id")
    }


@given(histories)
def test_posting_rows_are_the_postings_of_each_event(company: Company) -> None:
    rows = [
        (row.position, row.seq, row.event_id, row.at, row.kind, row.amount, row.unit)
        for row in posting_rows(company.store, COMPANY)
    ]
    assert rows == [
        (at, seq, str(event.event_id), event.timestamp, account.kind, amount, account.unit)
        for at, event in company.store.events()
        for seq, (account, amount) in enumerate(postings(event))
    ]


def test_rows_after_a_position_go_on_where_an_export_ended() -> None:
    company = Company()
    company.invoice(1, 1_000)
    company.cash_sale(2, 1_000)
    company.grant("old", 5)
    assert [row.position for row in event_rows(company.store, COMPANY, after=1)] == [2, 3]
    whole = list(posting_rows(company.store, COMPANY))
    later = list(posting_rows(company.store, COMPANY, after=1))
    assert later == [row for row in whole if row.position > 1]
    assert later != whole
    assert list(posting_rows(company.store, COMPANY, after=3)) == []


def test_rows_of_other_companies_are_left_out() -> None:
    company = Company()
    company.invoice(1, 1_000)
    assert list(event_rows(company.store, "another")) == []
    assert list(posting_rows(company.store, "another")) == []


@given(histories)
def test_posting_rows_are_those_that_are_stored(company: Company) -> None:
    rows = [
        (row.position, row.kind, row.subject, row.refund, row.customer, row.item, row.amount)
        for row in posting_rows(company.store, COMPANY)
    ]
    assert rows == [
        (at, one.kind, one.subject, one.refund, one.customer, one.item, amount)
        for at, (one, amount) in company.store.postings(COMPANY)
    ]
