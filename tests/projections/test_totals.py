"""Totals add up to what was booked, whatever they are told apart by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given

from projections.histories import COMPANY, MORNING, Company, histories
from refund_ledger.events import (
    Event,
    How,
    InvoicePartCancelled,
    LateSuccessFound,
    OutsideRefundRecorded,
    Part,
    ReceiptPartCancelled,
)
from refund_projections.totals import By, Total, totals
from support.books import Books, a_cash_sale, a_line, an_invoice
from support.outsides import an_outside, explain, outside, reverse


def test_refunds_are_told_apart_by_reason_method_account_and_month() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    other = company.cash_sale(2, 2_000)
    company.finish(company.ask("a", original=str(sale), reason="complaint"))
    company.finish(
        company.ask(
            "b",
            original=str(other),
            reason="overcharged",
            method="bank_transfer",
            source_account="bank 12",
            details={"bank": 12, "branch": 600, "account": "12345"},
        )
    )
    events = company.events()

    def told(by: By) -> list[tuple[str, int, int, int]]:
        found = totals(events, company=COMPANY, by=by)
        return [(one.group, one.refunds, one.credited, one.paid_back) for one in found]

    assert told(By.REASON) == [("complaint", 1, 1_170, 1_170), ("overcharged", 1, 2_340, 2_340)]
    assert told(By.METHOD) == [
        ("as it was paid", 1, 1_170, 1_170),
        ("bank_transfer", 1, 2_340, 2_340),
    ]
    assert [one[0] for one in told(By.SOURCE_ACCOUNT)] == ["bank 12", "cash"]
    assert told(By.MONTH) == [("2026-03", 2, 3_510, 3_510)]


def test_a_period_counts_what_was_booked_in_it() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    company.finish(company.ask("a", original=str(sale)))
    events, last = company.events(), company.now
    assert totals(events, company=COMPANY, by=By.REASON, until=MORNING) == ()
    assert totals(events, company=COMPANY, by=By.REASON, since=last + timedelta(minutes=1)) == ()
    assert totals(events, company="other", by=By.REASON) == ()
    assert totals(events, company=COMPANY, by=By.REASON, since=MORNING, until=last)


def test_a_month_is_of_the_calendar_that_a_period_is_of() -> None:
    company = Company()
    january = an_outside(50, 117, issued_on=date(2026, 1, 5))
    company.ledger.record_outside(january, company.stamp("import"))
    march = datetime(2026, 3, 1, tzinfo=UTC)
    (one,) = totals(company.events(), company=COMPANY, by=By.MONTH, since=march)
    assert (one.group, one.credited) == ("2026-03", 117)
    night = datetime(2026, 4, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    late = [event.model_copy(update={"timestamp": night}) for event in company.events()]
    assert [one.group for one in totals(late, company=COMPANY, by=By.MONTH)] == ["2026-03"]


def booked(events: Iterable[Event]) -> dict[Part, int]:
    """What the documents come to that credit a sale, and those that pay back."""
    sums = dict.fromkeys(Part, 0)
    for event in events:
        match event:
            case InvoicePartCancelled():
                sums[Part.INVOICE] += event.booked
            case ReceiptPartCancelled():
                sums[Part.RECEIPT] += event.booked
            case LateSuccessFound() | OutsideRefundRecorded():
                sums[event.part] += event.booked
            case _:
                pass
    return sums


@pytest.mark.parametrize("by", list(By))
@given(company=histories)
def test_the_groups_together_are_what_the_documents_come_to(by: By, company: Company) -> None:
    events = company.events()
    found: tuple[Total, ...] = totals(events, company=COMPANY, by=by)
    documents = booked(events)
    assert sum(one.credited for one in found) == documents[Part.INVOICE]
    assert sum(one.paid_back for one in found) == documents[Part.RECEIPT]


@pytest.mark.parametrize("by", list(By))
def test_what_was_reversed_there_was_never_credited_or_paid_back(by: By) -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 200, 34)))
        refund = books.ask("a", original=str(sale), amount=117, source_account="till")
        books.finish(refund)
        for number, part in enumerate(Part):
            made = books.refund(refund).part(part).documents[0]
            reverse(books, made, 9_000 + number, refund=refund)
        reverse(books, outside(books, 50, 117, original=sale, vat=17), 9_010)
        for one in totals(books.events(), company=COMPANY, by=by):
            assert one.group != "discrepancy.explained"
            assert (one.net, one.vat, one.paid_back) == (0, 0, 0)
            assert one.refunds <= 2


def test_vat_of_what_belongs_elsewhere_is_of_the_sale_that_it_gives_back() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100, 17)))
        made = outside(books, 50, 117)
        explain(books, made, How.BELONGS_ELSEWHERE, original=sale)
        (one,) = totals(books.events(), company=COMPANY, by=By.REASON)
        assert (one.refunds, one.net, one.vat) == (1, 100, 17)
