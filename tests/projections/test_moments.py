"""An event counts from its document's day on, and else from its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from projections.histories import COMPANY, Company
from refund_ledger.events import OriginalPaid, Part
from refund_ledger.originals import Closes
from refund_projections import credit_balances
from refund_projections.moments import effective_on, effective_until


def test_a_document_counts_from_its_own_day() -> None:
    company = Company()
    company.cash_sale(1, 1_000, issued_on=date(2026, 1, 15))
    company.grant("a", 5, granted_on=date(2026, 1, 20))
    assert [effective_on(event) for event in company.events()] == [
        date(2026, 1, 15),
        date(2026, 1, 20),
    ]


def test_what_a_receipt_pays_counts_from_the_receipt_s_day_on() -> None:
    company = Company()
    sale = company.invoice(1, 10_000, issued_on=date(2026, 1, 10))
    closes = (Closes(sale=str(sale), amount=11_700),)
    company.receipt(1, 13_700, closes=closes, overpaid=2_000, issued_on=date(2026, 1, 20))
    day, before = date(2026, 1, 20), date(2026, 1, 19)

    (at_the_end,) = credit_balances.fold(effective_until(company.events(), day)).values()
    (a_day_sooner,) = credit_balances.fold(effective_until(company.events(), before)).values()

    assert (at_the_end.open, at_the_end.credit, at_the_end.net) == (0, 2_000, 2_000)
    assert (a_day_sooner.open, a_day_sooner.credit) == (11_700, 0)


def test_a_payment_that_was_stored_without_its_day_counts_when_it_was_recorded() -> None:
    company = Company()
    sale = company.invoice(1, 10_000)
    company.receipt(1, 10_000, closes=(Closes(sale=str(sale), amount=10_000),))
    (paid,) = (event for event in company.events() if isinstance(event, OriginalPaid))
    assert effective_on(paid.model_copy(update={"issued_on": None})) == paid.timestamp.date()


def test_what_has_no_document_of_its_own_day_counts_when_it_happened() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    refund = company.ask("a", original=str(sale), parts="invoice")
    company.submit(refund, Part.INVOICE)
    last = company.events()[-1]
    assert effective_on(last) == last.timestamp.date()
    night = last.model_copy(update={"timestamp": datetime(2026, 3, 1, 23, tzinfo=UTC)})
    assert effective_on(night) == date(2026, 3, 1)
    assert effective_on(night, timezone(timedelta(hours=2))) == date(2026, 3, 2)


def test_only_what_counts_by_a_day_is_left() -> None:
    company = Company()
    company.cash_sale(1, 1_000, issued_on=date(2026, 1, 15))
    company.grant("a", 5, granted_on=date(2026, 1, 20))
    left = list(effective_until(company.events(), date(2026, 1, 15)))
    assert left == company.events()[:1]
    assert all(event.company == COMPANY for event in left)
