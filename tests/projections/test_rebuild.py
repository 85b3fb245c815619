"""A replay of the events equals what is live, and names whatever does not."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from projections.examples import EXAMPLES
from projections.histories import COMPANY, Company, histories
from refund_ledger.accounts import GUARDED, Account, AccountKind, Posting
from refund_ledger.events import Part
from refund_ledger.refund import CallDue, Waits
from refund_projections.rebuild import (
    AccountDiffers,
    BelowZero,
    CallDiffers,
    Kept,
    Rebuilt,
    rebuild,
)

Entries = list[tuple[Account, int]]


def rebuilt(
    company: Company,
    *,
    sums: Entries | None = None,
    balances: Entries | None = None,
    due: list[CallDue] | None = None,
) -> Rebuilt:
    store = company.store
    return rebuild(
        store.events(),
        company=COMPANY,
        sums=store.sums(COMPANY) if sums is None else sums,
        balances=store.balances(COMPANY) if balances is None else balances,
        due=store.due(COMPANY, *Waits) if due is None else due,
    )


@given(histories)
def test_what_is_rebuilt_equals_what_is_live(company: Company) -> None:
    found = rebuilt(company)
    assert found.equal, [str(one) for one in found.differences]
    assert found.events == len(company.events())
    assert found.position == company.store.position()
    assert found.accounts == len(company.store.sums(COMPANY))


@given(histories, st.data())
def test_a_balance_altered_behind_our_back_is_found_and_named(
    company: Company, data: st.DataObject
) -> None:
    balances = company.store.balances(COMPANY)
    place = data.draw(st.integers(0, len(balances) - 1))
    account, was = balances[place]
    now = data.draw(st.integers(-(10**9), 10**9).filter(lambda amount: amount != was))
    balances[place] = (account, now)
    found = rebuilt(company, balances=balances)
    first = first_touch(company, account)
    assert found.differences == (AccountDiffers(Kept.BALANCES, account, was, now, first),)
    assert not found.equal


@given(histories, st.data())
def test_a_posting_removed_is_found_and_named(company: Company, data: st.DataObject) -> None:
    postings = list(company.store.postings(COMPANY))
    _, gone = postings.pop(data.draw(st.integers(0, len(postings) - 1)))
    sums: dict[Account, int] = defaultdict(int)
    for _, posting in postings:
        sums[posting.account] += posting.amount
    left = sums[gone.account]
    found = rebuilt(company, sums=list(sums.items()))
    first = first_touch(company, gone.account)
    assert found.differences == (
        AccountDiffers(Kept.POSTINGS, gone.account, left + gone.amount, left, first),
    )


@given(histories, st.data())
def test_an_event_lost_from_the_end_shows_in_every_account_that_it_moved(
    company: Company, data: st.DataObject
) -> None:
    events = list(company.store.events())
    kept = events[: data.draw(st.integers(0, len(events) - 1))]
    lost = [
        posting for position, posting in company.store.postings(COMPANY) if position > len(kept)
    ]
    moved = {account for account, amount in summed(lost).items() if amount}
    assume(moved)
    found = rebuild(
        kept,
        company=COMPANY,
        sums=company.store.sums(COMPANY),
        balances=company.store.balances(COMPANY),
        due=company.store.due(COMPANY, *Waits),
    )
    differing = [one for one in found.differences if isinstance(one, AccountDiffers)]
    assert {one.account for one in differing if one.kept is Kept.POSTINGS} == moved
    assert {one.account for one in differing if one.kept is Kept.BALANCES} == {
        account for account in moved if account.kind in GUARDED
    }


def summed(postings: list[Posting]) -> dict[Account, int]:
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
    found = rebuilt(company, balances=[*balances, (ghost, 40)])
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
    found = rebuilt(company, due=[])
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
    assert rebuilt(company, due=[later]).differences == (
        CallDiffers(refund, Part.INVOICE, (due,), (later,)),
    )


def test_a_history_that_takes_more_than_there_was_is_named_though_the_live_side_agrees() -> None:
    reduced = EXAMPLES["credit.reduced"].model_copy(update={"exceeds": 0, "pays": 0, "sale": ""})
    overdrawn = Account("acme", AccountKind.CREDIT, "grant:2026-17", customer="7", unit="ILS")
    other = overdrawn._replace(kind=AccountKind.GRANTED, subject="used_on_sale")
    live = [(overdrawn, 300), (other, -300)]
    found = rebuild([(1, reduced)], company=COMPANY, sums=live, balances=live[:1], due=[])
    assert found.differences == (BelowZero(overdrawn, 300, 1),)
    assert str(found.differences[0]) == (
        "credit/grant:2026-17/7 ILS: the events leave it below zero (300)"
    )


def test_other_companies_are_passed_over() -> None:
    company = Company()
    company.grant("a", 500)
    found = rebuild(company.store.events(), company="other", sums=[], balances=[], due=[])
    assert found == Rebuilt(events=0, position=0, accounts=0, differences=())
