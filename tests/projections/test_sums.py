"""Every account's sum, and where it was first touched."""

from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_ledger.accounts import Account, AccountKind
from refund_projections.sums import sum_up


@given(histories)
def test_the_sums_of_events_are_the_sums_of_the_live_postings(company: Company) -> None:
    sums = sum_up(company.store.events())
    assert dict(sums) == dict(company.store.sums(COMPANY))
    assert sums.events == len(company.events())


@given(histories)
def test_every_account_knows_the_position_that_first_touched_it(company: Company) -> None:
    sums = sum_up(company.store.events())
    first: dict[Account, int] = {}
    for position, posting in company.store.postings(COMPANY):
        first.setdefault(posting.account, position)
    assert {account: sums.first_position(account) for account in first} == first


def test_an_account_that_no_event_touched_has_no_first_position() -> None:
    assert sum_up(()).first_position(Account(COMPANY, AccountKind.OPEN)) is None
