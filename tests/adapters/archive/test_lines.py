"""Lines hold an event whole, and what it posts, each with its place in the order of the feed."""

from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_adapters.archive.lines import (
    COLUMNS,
    Place,
    Table,
    document_lines,
    event_line,
    posting_lines,
)
from refund_adapters.exports.rows import event_rows, posting_rows
from refund_adapters.feed import feed
from refund_projections.moments import effective_on


@given(histories)
def test_lines_say_what_an_export_says(company: Company) -> None:
    fed = list(feed(company.store))
    lines = [event_line(one, Place(number, 1)) for number, one in enumerate(fed, 1)]
    exported = list(event_rows(company.store, COMPANY))
    for line, row in zip(lines, exported, strict=True):
        assert (line.position, line.happened_at, line.topic) == (row.position, row.at, row.topic)
        assert (line.stream, line.version, line.state) == (row.stream, row.version, row.state)
        assert (line.company, line.customer, line.currency) == (
            row.company,
            row.customer_id,
            row.currency,
        )
    posted = [line for one in fed for line in posting_lines(one, Place(1, 1))]
    rows = list(posting_rows(company.store, COMPANY))
    assert [
        (line.position, line.seq, line.kind, line.subject, line.refund, line.item, line.amount)
        for line in posted
    ] == [
        (row.position, row.seq, row.kind, row.subject, row.refund, row.item, row.amount)
        for row in rows
    ]


def test_an_event_counts_on_the_day_of_its_document() -> None:
    company = Company()
    company.invoice(1, 1_000)
    (fed,) = feed(company.store)
    place = Place(7, 5)
    line = event_line(fed, place)
    assert line.effective_on == effective_on(fed.event) < line.happened_at.date()
    assert (line.number, line.command) == (7, 5)
    assert {one.effective_on for one in posting_lines(fed, place)} == {line.effective_on}
    (document,) = document_lines(fed, place)
    assert (document.role, document.dated_on) == ("original", line.effective_on)
    assert bytes.fromhex(line.hash) == fed.hash


def test_each_table_has_its_columns() -> None:
    assert list(COLUMNS) == list(Table)
