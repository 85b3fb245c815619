"""What holds of every ledger at any time, whatever was asked of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from refund_ledger.accounts import QUANTITY, Account, AccountKind, Book, Posting
from refund_ledger.discrepancies import fold
from refund_ledger.events import Part
from refund_ledger.originals import OriginalRef
from refund_ledger.postings import net_changes, postings
from refund_ledger.refund import PartStatus, Refund

if TYPE_CHECKING:
    from support.books import Books


def check(books: Books) -> None:
    """Every invariant that needs no knowledge of what was asked."""
    _check_postings(books)
    refunds = [books.refund(each) for each in books.refund_ids()]
    _check_finished(books, refunds)
    _check_held(books, refunds)
    _check_discrepancies(books)


def _check_postings(books: Books) -> None:
    """Each event sums to zero, guarded accounts stay on their side, balances equal a replay."""
    replayed: Counter[Account] = Counter()
    for event in books.events():
        per_book: Counter[tuple[Book, str]] = Counter()
        for account, amount in postings(event):
            per_book[account.rule.book, account.unit] += amount
            replayed[account] += amount
        assert not any(per_book.values()), event
    stored = books.sums()
    assert stored == net_changes(Posting(*each) for each in replayed.items())
    guarded = {account: amount for account, amount in stored.items() if account.rule.guarded}
    assert dict(books.store.balances(books.company)) == guarded
    for account, amount in guarded.items():
        assert account.rule.side * amount >= 0, account


def _check_finished(books: Books, refunds: list[Refund]) -> None:
    """What is over, and not in doubt, holds nothing."""
    own = {AccountKind.RESERVED, AccountKind.HELD_CREDIT}
    holding = {account.refund for account in books.sums() if account.kind in own}
    for refund in refunds:
        doubt = any(refund.part(part).status is PartStatus.IN_DOUBT for part in refund.parts)
        if refund.status.is_over and not doubt:
            assert str(refund.id) not in holding, refund.status
            assert not any(left.held or left.cover for left in refund.left_sources.values())


def _check_held(books: Books, refunds: list[Refund]) -> None:
    """What the accounts say that a refund holds is what the refund itself says."""
    promised: Counter[str] = Counter()
    for refund in refunds:
        name = str(refund.id)
        reserved = [
            books.total(AccountKind.RESERVED, refund=name, item="sale"),
            books.total(AccountKind.RESERVED, refund=name, item="quantity", unit=QUANTITY),
            books.total(AccountKind.RESERVED, refund=name, item="money"),
        ]
        assert reserved == [refund.left_sale, refund.left_quantity, refund.left_money]
        for source, left in refund.left_sources.items():
            assert books.total(AccountKind.HELD_CREDIT, source, refund=name) == left.held
            promised[source] += left.cover
    pools = (AccountKind.PROMISED_COVER, AccountKind.PROMISED_CREDIT)
    pooled: Counter[str] = Counter()
    for account, amount in books.sums().items():
        if account.kind in pools:
            pooled[account.subject] += account.rule.side * amount
    assert +pooled == +promised


def _check_discrepancies(books: Books) -> None:
    """What the accounts hold as excess and unexplained is what there is left to explain."""
    beyond: Counter[tuple[str, str]] = Counter()
    nowhere: Counter[str] = Counter()
    for found in fold(books.events()).values():
        sale = found.part is Part.INVOICE
        assert min(found.excess, found.unexplained) >= 0
        beyond[found.original, "sale" if sale else "money"] += found.excess
        nowhere[found.source] += found.unexplained if sale else -found.unexplained
    excess: Counter[tuple[str, str]] = Counter()
    unexplained: Counter[str] = Counter()
    for account, amount in books.sums().items():
        if account.kind is AccountKind.EXCESS:
            excess[account.subject, account.item] += account.rule.side * amount
        if account.kind is AccountKind.UNEXPLAINED:
            unexplained[account.subject] += account.rule.side * amount
    assert {key: n for key, n in excess.items() if n} == {k: n for k, n in beyond.items() if n}
    assert {key: n for key, n in unexplained.items() if n} == {
        k: n for k, n in nowhere.items() if n
    }


def check_sale(books: Books, sale: OriginalRef) -> None:
    """What stands on a sale is what was recorded of it less what was issued.

    What stands there beyond the original's rights takes nothing off it. Exact as long as no
    duplicate that took lines of it waits for its explanation: those were credited twice, and stand
    once.
    """
    standing = (AccountKind.OPEN, AccountKind.COVERED, AccountKind.PROMISED_COVER)
    stands = sum(books.total(kind, sale) for kind in standing)
    recorded = books.total(AccountKind.RECORDED, sale, item="sale")
    issued = books.total(AccountKind.ISSUED, sale, item="sale")
    excess = books.total(AccountKind.EXCESS, sale, item="sale")
    allowed = books.total(AccountKind.ALLOWED, sale, item="sale")
    seen = (stands, recorded, issued, excess, allowed)
    assert stands == recorded - issued + excess + allowed, seen
