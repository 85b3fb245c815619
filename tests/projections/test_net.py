"""What is posted nets out the same whether or not it fits into memory."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, histories
from refund_adapters.sorting import SortedLines
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.postings import postings
from refund_projections.net import Net

accounts = st.builds(
    Account,
    st.just(COMPANY),
    st.sampled_from(AccountKind),
    *[st.sampled_from(["", "a", "b\n", "\t", 'ש"', "a]"])] * 3,
)
amounts = st.integers(-3, 3).filter(bool)


@given(st.lists(st.tuples(accounts, amounts)), st.integers(0, 9))
def test_whatever_does_not_fit_is_summed_all_the_same(
    posted: list[tuple[Account, int]], in_memory: int
) -> None:
    wanted: Counter[Account] = Counter()
    with SortedLines(in_memory=3, most_files=2) as aside:
        net = Net(aside, in_memory=in_memory)
        for account, amount in posted:
            net.add(account, amount)
            wanted[account] += amount
        left = list(net.left())
    assert len(dict(left)) == len(left)
    assert dict(left) == {account: amount for account, amount in wanted.items() if amount}
    assert all(isinstance(account.kind, AccountKind) for account, _ in left)


@pytest.mark.parametrize("in_memory", [0, 1000])
@given(company=histories)
def test_what_is_posted_to_guarded_accounts_is_their_balances(
    in_memory: int, company: Company
) -> None:
    with SortedLines() as aside:
        net = Net(aside, in_memory=in_memory)
        for event in company.events():
            net.add_guarded(postings(event))
        assert dict(net.left()) == dict(company.store.balances(COMPANY))


def test_what_comes_to_zero_is_not_held() -> None:
    account = Account(COMPANY, AccountKind.OPEN)
    with SortedLines() as aside:
        net = Net(aside)
        net.add(account, 5)
        net.add(account, -5)
        assert list(net.left()) == []
