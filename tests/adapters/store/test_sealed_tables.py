"""What is asked of the tables of the tree is answered alike by every database."""

from __future__ import annotations

import pytest

from refund_adapters.store import sealed_tables
from refund_adapters.store.kept import flaw_of, leaf_of
from refund_adapters.store.sealed_tables import Balance, Leaf
from refund_adapters.store.sealing import Sealer
from refund_adapters.store.trees import tree_of
from refund_ledger.events import claims
from refund_ledger.postings import postings
from support.books import Books
from support.tampering import BATCH, Specimen, opened, sealed, specimen, tell_a_story


@pytest.fixture
def told(books: Books) -> Books:
    """Books after the whole story, sealed."""
    tell_a_story(books)
    sealed(books.store)
    return books


def test_every_event_stands_beside_the_one_before_it_and_its_leaf(told: Books) -> None:
    tree = tree_of(told.store)
    newest, leaves, size = tree.extent()
    assert leaves == size == told.store.position()
    found = tree.events(after=None, stop=newest, sealed=leaves, limit=100)
    assert [kept.position for kept in found] == [at for at, _ in told.store.events()]
    assert [kept.number for kept in found] == list(range(size))
    assert [flaw_of(kept) for kept in found] == [None] * size
    assert [kept.leaf for kept in found] == [leaf_of(kept) for kept in found]


def test_leaves_that_came_later_are_passed_over(told: Books) -> None:
    tree = tree_of(told.store)
    newest, *_ = tree.extent()
    found = tree.events(after=None, stop=newest, sealed=5, limit=100)
    assert [kept.number for kept in found][:6] == [0, 1, 2, 3, 4, None]


def test_events_are_read_a_page_at_a_time_up_to_a_position(told: Books) -> None:
    tree = tree_of(told.store)
    page = tree.events(after=4, stop=9, sealed=0, limit=3)
    assert [kept.position for kept in page] == [5, 6, 7]
    assert [kept.position for kept in tree.events(after=7, stop=9, sealed=0, limit=3)] == [8, 9]


def test_what_is_not_sealed_comes_after_the_last_leaf(told: Books) -> None:
    tree = tree_of(told.store)
    _, size, _ = tree.extent()
    told.grant("new", 5)
    newest, *_ = tree.extent()
    (kept,) = tree.unsealed(size, limit=10, stop=newest)
    assert (kept.topic, kept.number) == ("credit.granted", None)
    assert tree.unsealed(size, limit=10, stop=newest - 1) == []


def test_leaves_and_heads_are_read_a_page_at_a_time(
    told: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tree_of(told.store)
    _, size, _ = tree.extent()
    monkeypatch.setattr(sealed_tables, "PAGE", 2)
    assert [number for number, _ in tree.leaves(3, size)] == [3, 4]
    assert [number for number, _ in tree.leaves(3, 4)] == [3]
    assert [head.size for head in tree.heads(0)] == [BATCH, 2 * BATCH]
    assert next(head.size for head in tree.heads(BATCH)) == 2 * BATCH


def test_the_head_is_the_newest(told: Books) -> None:
    tree = tree_of(told.store)
    head = tree.head()
    assert head is not None
    newest = tree.heads(head.size - 1)[0]
    assert (newest.size, newest.root, newest.peaks) == (
        head.size,
        head.root,
        b"".join(head.peaks),
    )
    assert head.sealed_at.utcoffset() is not None
    assert abs((tree.now() - head.sealed_at).total_seconds()) < 60


def test_postings_and_claims_are_those_of_the_events(told: Books) -> None:
    tree = tree_of(told.store)
    events = dict(told.store.events())
    posted = tree.postings_of(list(events))
    assert [(p.position, p.seq, p.account, p.amount) for p in posted] == [
        (position, seq, tuple(map(str, posting.account)), posting.amount)
        for position, event in events.items()
        for seq, posting in enumerate(postings(event))
    ]
    assert all(p.sound and p.sealed for p in posted)
    claimed = tree.claims_of(list(events))
    assert [(c.position, c.claim) for c in claimed] == [
        (position, ("acme", str(one.half), one.series, one.number))
        for position, event in events.items()
        for one in sorted(claims(event))
    ]
    assert all(c.sound and c.sealed for c in claimed)
    assert tree.postings_of([999]) == []
    assert tree.postings_without_event() == []
    assert tree.claims_without_event() == []


def test_nothing_differs_and_nothing_is_gone(told: Books) -> None:
    tree = tree_of(told.store)
    assert tree.balances_that_differ() == []
    assert tree.leaves_without_event(999) is None


def test_a_leaf_without_its_event_is_told(told: Books) -> None:
    tree = tree_of(told.store)
    _, size, _ = tree.extent()
    head = tree.head()
    assert head is not None
    grown = type(head)(size + 2, head.root, head.peaks, head.sealed_at)
    tree.add(size, [Leaf(998, b"a" * 32), Leaf(999, b"b" * 32)], grown)
    assert tree.leaves_without_event(size) is None
    assert tree.leaves_without_event(size + 1) == (1, size, 998)
    assert tree.leaves_without_event(size + 2) == (2, size, 998)


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    return specimen(tmp_path_factory.mktemp("made"))[0]


@pytest.mark.parametrize("amount", [2**63 - 1, -(2**63), 10**18, 1])
def test_sums_are_exact_however_large_they_are(made: Specimen, amount: int) -> None:
    where = "kind = 'credit' AND subject = 'grant:old'"
    made.meddle(f"UPDATE balances SET balance = ? WHERE {where}", amount)  # noqa: S608
    other = min(1 - amount, 2**63 - 1)
    made.meddle(f"UPDATE postings SET amount = ? WHERE {where} AND amount = -700", other)  # noqa: S608
    account = "company, kind, subject, refund, customer, item, unit"
    made.meddle(
        f"INSERT INTO postings SELECT position, 99, {account}, amount FROM postings "  # noqa: S608
        f"WHERE {where} AND seq = 1"
    )
    with opened(made.path) as store:
        (row,) = tree_of(store).balances_that_differ()
    key = ("acme", "credit", "grant:old", "7", "", "ILS")
    assert row == Balance(key, 2 * other, amount, is_sound=True)


def test_sealing_twice_changes_nothing(told: Books) -> None:
    tree = tree_of(told.store)
    before = tree.heads(0), tree.leaves(0, 999)
    assert Sealer(tree).seal().added == 0
    assert (tree.heads(0), tree.leaves(0, 999)) == before
