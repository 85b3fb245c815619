"""A replay of the events equals what is live, and names whatever does not."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from projections.examples import EXAMPLES
from projections.histories import COMPANY, Company, histories
from refund_adapters.sorting import SortedLines
from refund_adapters.store.replaying import live_side
from refund_ledger.accounts import GUARDED, Account, AccountKind, Posting
from refund_ledger.events import Part
from refund_ledger.refund import Waits
from refund_projections import replay
from refund_projections.rebuild import (
    AccountDiffers,
    BelowZero,
    CallDiffers,
    Kept,
    Live,
    Rebuilt,
    rebuild,
)
from refund_projections.replay import Recorded
from support.stores import rows

Entries = list[tuple[Account, int]]


def live(company: Company, **altered: Any) -> Live:
    """What is live of a company, with some of it altered."""
    return replace(live_side(company.store, COMPANY, lambda _, __: None), **altered)


def posted(company: Company, account: Account) -> Iterator[tuple[int, Posting]]:
    columns = account._asdict()
    return company.store.postings(columns.pop("company"), **columns)


def rebuilt(company: Company, **altered: Any) -> Rebuilt:
    with SortedLines() as aside:
        return rebuild(live(company, **altered), company=COMPANY, aside=aside)


def with_balances(company: Company, balances: Entries) -> Rebuilt:
    return rebuilt(company, balances=lambda: balances)


@given(histories)
def test_what_is_rebuilt_equals_what_is_live(company: Company) -> None:
    found = rebuilt(company)
    assert found.equal, [str(one) for one in found.differences]
    assert found.events == len(company.events())
    assert found.position == company.store.position()
    assert found.accounts == len(company.store.balances(COMPANY))
    assert found.unnamed == 0


@given(histories, st.data())
def test_a_balance_altered_behind_our_back_is_found_and_named(
    company: Company, data: st.DataObject
) -> None:
    balances = company.store.balances(COMPANY)
    place = data.draw(st.integers(0, len(balances) - 1))
    account, was = balances[place]
    now = data.draw(st.integers(-(10**9), 10**9).filter(lambda amount: amount != was))
    balances[place] = (account, now)
    found = with_balances(company, balances)
    first = first_touch(company, account)
    assert found.differences == (AccountDiffers(Kept.BALANCES, account, was, now, first),)
    assert not found.equal


@given(histories, st.data())
def test_a_posting_removed_is_found_and_named(company: Company, data: st.DataObject) -> None:
    rows = tampered(company)
    there = list(company.store.postings(COMPANY))
    number = data.draw(st.integers(0, len(there) - 1))
    position, gone = there[number]
    seq = number - next(n for n, (at, _) in enumerate(there) if at == position)
    first = first_touch(company, gone.account)
    rows("DELETE FROM postings WHERE position = ? AND seq = ?", position, seq)
    left = sum(posting.amount for _, posting in posted(company, gone.account))
    assert rebuilt(company).differences == (
        AccountDiffers(
            Kept.POSTINGS, gone.account, left + gone.amount, left, first, appears_at=position
        ),
    )


@given(histories, st.data())
def test_a_posting_moved_to_another_event_is_found_although_every_sum_is_right(
    company: Company, data: st.DataObject
) -> None:
    rows = tampered(company)
    places = company.store.ask("SELECT position, seq FROM postings ORDER BY 1, 2", ())
    position, seq = data.draw(st.sampled_from(places))
    other = data.draw(st.integers(1, company.store.position()).filter(lambda to: to != position))
    before = company.store.sums(COMPANY)
    rows(
        "UPDATE postings SET position = ?, seq = 1000 WHERE position = ? AND seq = ?",
        *(other, position, seq),
    )
    assert company.store.sums(COMPANY) == before
    (found,) = rebuilt(company).differences
    assert isinstance(found, AccountDiffers)
    assert found.replayed == found.live
    assert found.appears_at == min(position, other)


def test_a_posting_that_differs_is_said_with_the_place_where_it_does() -> None:
    company = Company()
    company.grant("a", 500)
    tampered(company)("UPDATE postings SET amount = -501 WHERE kind = 'credit'")
    (found,) = rebuilt(company).differences
    assert str(found) == (
        "credit/grant:a/7 ILS: the events say -500, the live postings -501; they part at position 1"
    )


@pytest.mark.parametrize("damage", ["kind = 'gone'", "amount = 'much'"])
def test_a_posting_that_is_none_is_named_by_the_account_that_lacks_it(damage: str) -> None:
    company = Company()
    company.grant("a", 500)
    rows = tampered(company)
    rows("PRAGMA ignore_check_constraints = ON")
    rows(f"UPDATE postings SET {damage} WHERE kind = 'credit'")  # noqa: S608 - our own words
    found = rebuilt(company, posted=lambda _: ())
    account = Account(COMPANY, AccountKind.CREDIT, "grant:a", customer="7", unit="ILS")
    assert found.differences == (AccountDiffers(Kept.POSTINGS, account, -500, 0, 1, 1),)


@given(histories, st.data())
def test_an_event_lost_from_the_end_shows_in_every_account_that_it_moved(
    company: Company, data: st.DataObject
) -> None:
    recorded = list(company.store.recorded())
    kept = recorded[: data.draw(st.integers(0, len(recorded) - 1))]
    lost = [one for one in company.store.postings(COMPANY) if one[0] > len(kept)]
    moved = {account for account, amount in summed(p for _, p in lost).items() if amount}
    assume(moved)
    found = rebuilt(company, recorded=lambda: kept, strays=lambda: lost)
    differing = [one for one in found.differences if isinstance(one, AccountDiffers)]
    assert moved <= {one.account for one in differing if one.kept is Kept.POSTINGS}
    assert all(
        one.replayed != one.live or one.account not in moved
        for one in differing
        if one.kept is Kept.POSTINGS
    )
    assert {one.account for one in differing if one.kept is Kept.BALANCES} == {
        account for account in moved if account.kind in GUARDED
    }


def test_what_differs_beyond_the_most_that_is_named_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replay, "MOST_NAMED", 1)
    company = Company()
    company.grant("a", 500)
    company.grant("b", 500)
    rows = tampered(company)
    rows("UPDATE postings SET amount = amount + 1 WHERE kind = 'credit'")
    rows("UPDATE balances SET balance = balance - 1")
    found = rebuilt(company)
    differing = [one for one in found.differences if isinstance(one, AccountDiffers)]
    assert [(one.kept, one.account.subject) for one in differing] == [
        (Kept.POSTINGS, "grant:a"),
        (Kept.BALANCES, differing[1].account.subject),
    ]
    assert (found.equal, found.unnamed) == (False, 2)


def tampered(company: Company) -> Callable[..., object]:
    """Take the guards off a store in memory; what it returns changes anything."""

    def run(statement: str, *values: object) -> object:
        return rows(company.store, statement, *values)

    for name in ("postings_stay", "postings_remain"):
        run(f"DROP TRIGGER {name}")
    return run


def summed(postings: Iterable[Posting]) -> dict[Account, int]:
    sums: dict[Account, int] = defaultdict(int)
    for account, amount in postings:
        sums[account] += amount
    return sums


def first_touch(company: Company, account: Account) -> int:
    return next(
        position
        for position, posting in company.store.postings(COMPANY)
        if posting.account == account
    )


def test_a_difference_says_what_where_and_since_when() -> None:
    company = Company()
    company.grant("a", 500)
    ghost = Account(COMPANY, AccountKind.OPEN, "invoice:1/9", customer="7", unit="ILS")
    balances = [(account, amount - 1) for account, amount in company.store.balances(COMPANY)]
    found = with_balances(company, [*balances, (ghost, 40)])
    assert [str(one) for one in found.differences] == [
        (
            "credit/grant:a/7 ILS: the events say -500, the live balances -501; "
            "first touched at position 1"
        ),
        "open/invoice:1/9/7 ILS: the events say 0, the live balances 40; no event touches it",
    ]


def test_a_call_that_the_live_side_forgot_is_named() -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    (due,) = company.store.due(COMPANY, *Waits)
    found = rebuilt(company, due=list)
    assert found.differences == (CallDiffers(refund, Part.INVOICE, (due,), ()),)
    assert str(found.differences[0]) == (
        f"invoice part of refund {refund}: the events say send from 2026-03-01T08:02:00+00:00, "
        "the live calls due nothing"
    )


def test_a_call_due_at_another_time_is_named() -> None:
    company = Company()
    refund = company.ask("k", original=str(company.cash_sale(1, 1_000)))
    (due,) = company.store.due(COMPANY, *Waits)
    later = replace(due, not_before=due.not_before + timedelta(seconds=1))
    assert rebuilt(company, due=lambda: [later]).differences == (
        CallDiffers(refund, Part.INVOICE, (due,), (later,)),
    )


def test_a_history_that_takes_more_than_there_was_is_named_though_the_live_side_agrees() -> None:
    plain = {"exceeds": 0, "pays": 0, "sale": "", "to_cover": 0}
    reduced = EXAMPLES["credit.reduced"].model_copy(update=plain)
    overdrawn = Account("acme", AccountKind.CREDIT, "grant:2026-17", customer="7", unit="ILS")
    other = overdrawn._replace(kind=AccountKind.GRANTED, subject="used_on_sale")
    rows = [(*overdrawn, 300), (*other, -300)]
    found = rebuilt(
        Company(),
        recorded=lambda: [Recorded(1, reduced, 2)],
        rows=lambda _: rows,
        lines=lambda: 2,
        balances=lambda: [(overdrawn, 300)],
    )
    assert found.differences == (BelowZero(overdrawn, 300, 1),)
    assert str(found.differences[0]) == (
        "credit/grant:2026-17/7 ILS: the events leave it below zero (300)"
    )


def test_other_companies_are_passed_over() -> None:
    company = Company()
    company.grant("a", 500)
    with SortedLines() as aside:
        others = live(company, balances=list, due=list)
        found = rebuild(others, company="other", aside=aside)
    assert found == Rebuilt(events=0, position=0, accounts=0, differences=())
