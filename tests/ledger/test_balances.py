"""A look remembers what it read and counts what the decision posts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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


# --- as much as is wanted -------------------------------------------------------------------------


def test_of_what_is_wanted_an_account_gives_what_it_holds_and_no_more() -> None:
    look = Look(lambda account: {OPEN: 70, CREDIT: -30}[account])
    assert [look.up_to(OPEN, 50), look.up_to(CREDIT, 50)] == [50, 30]


def test_what_is_not_wanted_is_not_read() -> None:
    look = Look(lambda _: 70)
    assert look.up_to(OPEN, 0) == 0
    assert look.seen == {}


def test_what_the_save_takes_of_enough_is_left_to_the_guard() -> None:
    look = Look(lambda _: 70)
    look.up_to(OPEN, 50)
    assert look.rests_on({OPEN: -50}) == {}
    for change in ({}, {OPEN: -49}, {OPEN: -51}, {OPEN: 50}):
        assert look.rests_on(change) == {OPEN: 70}


def test_a_credit_is_taken_on_its_own_side() -> None:
    look = Look(lambda _: -70)
    look.up_to(CREDIT, 50)
    assert look.rests_on({CREDIT: 50}) == {}
    assert look.rests_on({CREDIT: -50}) == {CREDIT: -70}


def test_what_was_not_enough_or_was_read_whole_must_not_have_moved() -> None:
    look = Look(lambda account: {OPEN: 70, CREDIT: -30}[account])
    look.up_to(CREDIT, 50)
    look.up_to(OPEN, 50)
    look(OPEN)
    look.up_to(OPEN, 20)
    assert look.rests_on({OPEN: -50, CREDIT: 30}) == {OPEN: 70, CREDIT: -30}


def test_what_is_wanted_twice_is_needed_together() -> None:
    look = Look(lambda _: 70)
    for wanted in (30, 20):
        look.post([Posting(OPEN, -look.up_to(OPEN, wanted))])
    assert look.rests_on({OPEN: -50}) == {}
    assert look.up_to(OPEN, 30) == 20
    assert look.rests_on({OPEN: -70}) == {OPEN: 70}


Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["take", "look", "want", "read", "post"]), st.integers(0, 12)),
    max_size=6,
)


def decided(account: Account, balance: int, planned: list[Step]) -> tuple[list[int], int, Look]:
    """What a decision on a balance answers, what it changes, and the look that it made."""
    look, answers, change = Look(lambda _: account.rule.side * balance), list[int](), 0
    for what, amount in planned:
        posted = 0
        if what in {"take", "want"}:
            answers.append(look.up_to(account, amount))
            posted = -answers[-1] if what == "take" else 0
        elif what in {"look", "read"}:
            answers.append(look(account))
            posted = -min(answers[-1], amount) if what == "look" else 0
        else:
            posted = amount
        look.post([Posting(account, account.rule.side * posted)])
        change += posted
    return answers, change, look


@given(st.sampled_from([OPEN, CREDIT]), st.integers(0, 20), st.integers(0, 20), steps)
def test_a_save_that_is_not_refused_is_what_would_have_been_decided_then(
    account: Account, seen: int, there: int, planned: list[Step]
) -> None:
    answers, change, look = decided(account, seen, planned)

    rests = look.rests_on({account: account.rule.side * change} if change else {})
    is_refused = there + change < 0 or rests.get(account) not in {None, account.rule.side * there}

    if not is_refused:
        assert decided(account, there, planned)[:2] == (answers, change)
