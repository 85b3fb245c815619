"""An event counts from its document's day on, and else from its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.histories import COMPANY, Company
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import OriginalPaid, Part, ReductionReason
from refund_ledger.originals import Closes
from refund_projections import credit_balances
from refund_projections.moments import check_period, check_time, effective_on, effective_until

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


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


DAYS = st.integers(0, 9).map(lambda day: date(2026, 1, 10) + timedelta(days=day))


@given(
    sold=DAYS,
    paid=st.lists(st.tuples(DAYS, st.integers(1, 9_000)), min_size=1, max_size=4),
    data=st.data(),
)
def test_as_of_a_day_the_balance_does_not_depend_on_the_order_of_recording(
    sold: date, paid: list[tuple[date, int]], data: st.DataObject
) -> None:
    """Whatever was dated before what: on no day does anybody owe less than nothing."""

    def balances(receipts: list[tuple[int, tuple[date, int]]]) -> list[tuple[int, int, int]]:
        company = Company()
        sale = company.invoice(1, 10_000, issued_on=sold)
        for number, (day, amount) in receipts:
            closes = (Closes(sale=str(sale), amount=amount),)
            company.receipt(number, amount, closes=closes, issued_on=day)
        found = []
        for day in sorted({sold, *(day for day, _ in paid)}):
            balance = credit_balances.fold(effective_until(company.events(), day))
            found += [(one.open, one.credit, one.net) for one in balance.values()]
        return found

    numbered = list(enumerate(paid, 1))
    as_listed = balances(numbered)
    in_another = balances(data.draw(st.permutations(numbered)))
    assert [net for *_, net in as_listed] == [net for *_, net in in_another]
    assert as_listed[-1] == in_another[-1]
    assert min(amount for opened, credit, _ in as_listed for amount in (opened, credit)) >= 0


def test_a_receipt_of_before_its_sale_pays_from_the_sale_s_day_on() -> None:
    company = Company()
    sale = company.invoice(1, 10_000, issued_on=date(2026, 4, 1))
    closes = (Closes(sale=str(sale), amount=11_700),)
    company.receipt(1, 11_700, closes=closes, issued_on=date(2026, 3, 1))
    company.grant("old", 500)
    used = ReductionReason.USED_ON_SALE
    company.ledger.reduce_credit("old", company.stamp(), why=used, amount=500, sale=sale)
    of_the_sale = [e for e in company.events() if isinstance(e, OriginalPaid)]
    assert [effective_on(event) for event in of_the_sale] == [date(2026, 4, 1)] * 2
    assert credit_balances.fold(effective_until(company.events(), date(2026, 3, 31))) == {}


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
    night = datetime(2026, 3, 2, 1, tzinfo=timezone(timedelta(hours=2)))
    assert effective_on(last.model_copy(update={"timestamp": night})) == date(2026, 3, 1)


def test_only_what_counts_by_a_day_is_left() -> None:
    company = Company()
    company.cash_sale(1, 1_000, issued_on=date(2026, 1, 15))
    company.grant("a", 5, granted_on=date(2026, 1, 20))
    left = list(effective_until(company.events(), date(2026, 1, 15)))
    assert left == company.events()[:1]
    assert all(event.company == COMPANY for event in left)


def test_a_period_has_an_order_and_times_that_every_clock_knows() -> None:
    check_period(None, None)
    check_period(NOON, NOON)
    check_period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    with pytest.raises(InvalidInputError, match="until: is before the period begins"):
        check_period(NOON, NOON - timedelta(seconds=1))


@pytest.mark.parametrize(
    "at",
    [
        NOON.replace(tzinfo=None),
        NOON.date(),
        "2026-03-01T12:00:00Z",
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    ],
)
def test_what_is_no_time_everywhere_is_refused(at: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"^recorded: "):
        check_time(at, "recorded")
    for since, until, field in ((at, None, "since"), (None, at, "until")):
        with pytest.raises(InvalidInputError, match=f"^{field}: "):
            check_period(since, until)
