"""Totals add up to what was booked, whatever they are told apart by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given

from projections.histories import COMPANY, MORNING, Company, histories
from refund_ledger.accounts import AccountKind
from refund_projections.totals import By, Total, totals


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


@pytest.mark.parametrize("by", list(By))
@given(company=histories)
def test_the_groups_together_are_what_was_posted(by: By, company: Company) -> None:
    found: tuple[Total, ...] = totals(company.events(), company=COMPANY, by=by)
    posted = {
        kind: sum(
            account.rule.side * amount
            for account, amount in company.store.sums(COMPANY)
            if account.kind is kind
        )
        for kind in (AccountKind.RETURNS, AccountKind.VAT, AccountKind.PAID)
    }
    assert sum(one.net for one in found) == posted[AccountKind.RETURNS]
    assert sum(one.vat for one in found) == posted[AccountKind.VAT]
    assert sum(one.paid_back for one in found) == posted[AccountKind.PAID]
