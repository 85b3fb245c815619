"""A look remembers what it read and counts what the decision posts."""

from __future__ import annotations

from refund_ledger.accounts import Account, AccountKind, Posting
from refund_ledger.balances import Look

OPEN = Account("acme", AccountKind.OPEN, "invoice:1/1", customer="7", unit="ILS")
CREDIT = Account("acme", AccountKind.CREDIT, "invoice:1/1", customer="7", unit="ILS")


def test_a_balance_is_read_once_and_shown_on_its_normal_side() -> None:
    reads: list[Account] = []

    def read(account: Account) -> int:
        reads.append(account)
        return {OPEN: 70, CREDIT: -30}[account]

    look = Look(read)
    assert [look(OPEN), look(CREDIT), look(OPEN)] == [70, 30, 70]
    assert reads == [OPEN, CREDIT]
    assert look.seen == {OPEN: 70, CREDIT: -30}


def test_what_the_decision_posts_is_counted_and_what_was_seen_stays() -> None:
    look = Look(lambda _: 0)
    look.post([Posting(CREDIT, -30), Posting(OPEN, 5)])
    assert [look(OPEN), look(CREDIT)] == [5, 30]
    assert look.seen == {OPEN: 0, CREDIT: 0}
