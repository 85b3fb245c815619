"""A customer's statement: opening, what happened, closing."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.histories import COMPANY, MORNING, Company, histories
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import Event, Part
from refund_projections.credit_balances import CreditBalance, Customer, fold
from refund_projections.statement import Standing, Statement, statement

customers = st.sampled_from(["7", "8", "nobody"])
moments = st.none() | st.integers(-1, 70).map(lambda minutes: MORNING + timedelta(minutes=minutes))


def of(
    company: Company,
    customer_id: str = "7",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Statement:
    return statement(
        company.events(),
        company=COMPANY,
        customer_id=customer_id,
        currency="ILS",
        since=since,
        until=until,
    )


def test_a_statement_tells_a_refund_of_a_cash_sale() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    refund = company.ask("return-1", original=str(sale))
    company.finish(refund)
    lines = of(company).lines
    assert [(line.document, line.debit, line.credit, line.balance.net) for line in lines] == [
        ("document 3/481", 0, 1_170, 1_170),
        ("receipt 3/482", 1_170, 0, 0),
    ]
    assert {(line.refund, line.key) for line in lines} == {(refund, "return-1")}
    assert lines[0].what == "Document 3/481 credits 11.70 ILS of invoice-receipt 2/1"


def test_an_unpaid_invoice_is_a_debit_and_its_payment_a_credit() -> None:
    company = Company()
    sale = company.invoice(1, 1_000)
    company.receipt(5, 1_200, closes=({"sale": str(sale), "amount": 1_200},))
    told = of(company)
    assert [(line.debit, line.credit, line.balance) for line in told.lines] == [
        (1_170, 0, Standing(-1_170, 0)),
        (0, 1_200, Standing(30, 30)),
    ]
    assert (told.debits, told.credits, told.closing) == (1_170, 1_200, Standing(30, 30))
    assert told.lines[0].refund is None
    assert told.lines[0].key == ""


def test_credit_set_aside_moves_what_is_available_and_not_the_net() -> None:
    company = Company()
    company.grant("a", 500)
    refund = company.ask("k", kind="credit", customer_id="7", amount=200, method="cash")
    company.ledger.withdraw(refund, company.stamp())
    assert [(line.debit, line.credit, line.balance) for line in of(company).lines] == [
        (0, 500, Standing(500, 500)),
        (0, 0, Standing(500, 300)),
        (0, 0, Standing(500, 500)),
    ]


def test_an_event_that_moves_none_of_the_customers_money_is_left_out() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    refund = company.ask("k", original=str(sale))
    company.submit(refund, Part.INVOICE)
    assert of(company).lines == ()


def test_lines_stand_in_the_order_of_their_times() -> None:
    company = Company()
    company.grant("a", 100)
    company.minutes = -60
    company.grant("b", 200)
    assert [line.credit for line in of(company).lines] == [200, 100]


def test_other_currencies_customers_and_companies_stay_out() -> None:
    company = Company()
    company.grant("a", 100, currency="USD")
    company.grant("b", 200, customer_id="8")
    assert of(company).lines == ()
    told = statement(company.events(), company="other", customer_id="8", currency="ILS")
    assert told.closing == Standing()


def test_a_period_has_its_times_zoned_and_in_order() -> None:
    company = Company()
    with pytest.raises(InvalidInputError, match="since: expected a time with its zone"):
        of(company, since=datetime(2026, 3, 1))  # noqa: DTZ001 - that is the mistake
    with pytest.raises(InvalidInputError, match="until: is before the period begins"):
        of(company, since=MORNING, until=MORNING - timedelta(days=1))


@given(histories, customers)
def test_the_closing_of_a_statement_is_the_balance(company: Company, customer_id: str) -> None:
    whose = Customer(COMPANY, customer_id, "ILS")
    balance = fold(company.events()).get(whose, CreditBalance(*whose))
    assert of(company, customer_id).closing == Standing(balance.net, balance.credit)


@given(histories, customers, moments, moments)
def test_opening_and_movements_make_the_closing(
    company: Company, customer_id: str, one: datetime | None, other: datetime | None
) -> None:
    since, until = sorted((one, other)) if one and other else (one, other)
    told = of(company, customer_id, since=since, until=until)
    assert told.opening.net - told.debits + told.credits == told.closing.net
    assert told.lines[-1].balance == told.closing if told.lines else told.opening == told.closing
    assert all(not since or line.at >= since for line in told.lines)
    assert all(not until or line.at < until for line in told.lines)


@given(histories, customers, moments)
def test_a_statement_may_be_split_at_any_time(
    company: Company, customer_id: str, at: datetime | None
) -> None:
    before, after = of(company, customer_id, until=at), of(company, customer_id, since=at)
    whole = of(company, customer_id)
    if at is None:
        assert before == after == whole
        return
    assert before.closing == after.opening
    assert after.closing == whole.closing
    assert (*before.lines, *after.lines) == whole.lines


@given(histories)
def test_a_statement_up_to_a_time_is_that_of_a_store_that_ends_there(company: Company) -> None:
    until = MORNING + timedelta(minutes=20)
    early = [event for event in company.events() if is_before(event, until)]
    told = statement(early, company=COMPANY, customer_id="7", currency="ILS")
    assert told.lines == of(company, until=until).lines


def is_before(event: Event, at: datetime) -> bool:
    return event.timestamp < at
