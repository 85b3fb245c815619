"""A number is explained by events whose amounts add up to it, and by no others."""

from __future__ import annotations

from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_ledger.accounts import AccountKind
from refund_ledger.events import Part
from refund_projections.credit_balances import POSITION
from refund_projections.derivation import explain


def test_a_credit_is_explained_down_to_its_events() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    refund = company.ask("a", original=str(sale), parts="invoice")
    company.submit(refund, Part.INVOICE)
    company.answer(refund, Part.INVOICE)
    events = list(company.store.events())
    credit = frozenset({AccountKind.CREDIT})
    (step,) = explain(events, company=COMPANY, kinds=credit, customer="7", unit="ILS")
    assert (step.amount, step.balance, step.who) == (1_170, 1_170, "dispatcher")
    assert step.what.startswith("Document 3/481 credits 11.70 ILS")
    assert (step.stream, events[step.position - 1][1].originator_version) == (refund, step.version)


def test_what_is_left_of_an_original_is_explained() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    company.ask("a", original=str(sale), amount=500)
    left = frozenset({AccountKind.REFUNDABLE})
    steps = list(
        explain(
            company.store.events(),
            company=COMPANY,
            kinds=left,
            subject=str(sale),
            item="payment/1",
        )
    )
    assert [(step.amount, step.balance) for step in steps] == [(1_170, 1_170), (-500, 670)]
    assert not list(explain(company.store.events(), company="other"))


@given(histories)
def test_the_steps_of_every_account_add_up_to_its_live_sum(company: Company) -> None:
    steps = list(explain(company.store.events(), company=COMPANY))
    last = {step.account: step.balance for step in steps}
    live = {
        account: account.rule.side * amount
        for account, amount in company.store.sums(COMPANY)
        if account.kind in POSITION
    }
    assert {account: balance for account, balance in last.items() if balance} == live
    assert all(step.amount for step in steps)
