"""Sealing checks every link, goes on where it stopped, and is safe when several do it at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.heads import Head
from refund_adapters.store.sealed_tables import Leaf
from refund_adapters.store.sealing import (
    MOST_LOST,
    BrokenLinkError,
    Sealed,
    SealedMeanwhileError,
    Sealer,
)
from refund_adapters.store.sqlite_tree import SqliteTree
from refund_adapters.store.tree import root_of
from refund_adapters.store.trees import tree_of
from refund_adapters.store.verifying import verify
from support.books import Books
from support.histories import histories
from support.tampering import Specimen, opened, specimen, tell_a_story

GOLDEN = (Path(__file__).parent / "golden_events.jsonl").read_text("utf-8").splitlines()[:20]
GOLDEN_ROOT = "4b89e1b7c01a9a151c14d39590c5210257b6854616a6df0fc3e44c67ea5861d5"


def test_an_empty_ledger_has_nothing_to_seal(books: Books) -> None:
    assert Sealer(tree_of(books.store)).seal() == Sealed(0, None)
    assert tree_of(books.store).head() is None


def test_everything_is_sealed_once(books: Books) -> None:
    tell_a_story(books)
    tree, count = tree_of(books.store), books.store.position()
    first = Sealer(tree).seal()
    assert first.added == count
    assert first.head is not None
    assert first.head.size == count
    assert Sealer(tree).seal() == Sealed(0, first.head)


def test_the_same_events_have_the_same_root_everywhere(books: Books) -> None:
    lines = [json.loads(line) for line in GOLDEN]
    for start in (0, 10):
        stream = UUID(int=1 + start)
        books.store.recorder.insert_events(
            [
                StoredEvent(stream, version, line["topic"], line["state"].encode())
                for version, line in enumerate(lines[start : start + 10], 1)
            ]
        )
    head = Sealer(tree_of(books.store), batch=3).seal().head
    assert head is not None
    assert (head.size, head.root.hex()) == (20, GOLDEN_ROOT)


@settings(max_examples=25, deadline=None)
@given(histories, st.integers(1, 30), st.integers(0, 5))
def test_the_root_does_not_depend_on_how_often_one_seals(
    books: Books, batch: int, more: int
) -> None:
    tree = tree_of(books.store)
    Sealer(tree, batch=batch).seal()
    for number in range(more):
        books.grant(f"more {number}", 5)
        Sealer(tree, batch=batch).seal()
    head = tree.head()
    assert head is not None
    assert head.root == root_of(leaf for _, leaf in tree.leaves(0, head.size))
    assert [number for number, _ in tree.leaves(0, head.size)] == list(range(head.size))
    assert head.size == books.store.position()
    books.store.close()


def test_sealing_goes_on_where_the_process_before_it_ended(tmp_path: Path) -> None:
    path = str(tmp_path / "refunds.db")
    with Books(path) as books:
        tell_a_story(books)
        before = Sealer(tree_of(books.store), batch=4).seal()
    with Books(path, minutes=1_000) as books:
        books.grant("new", 5)
        after = Sealer(tree_of(books.store), batch=4).seal()
        assert verify(tree_of(books.store)).intact
    assert before.head is not None
    assert after.head is not None
    assert (after.added, after.head.size) == (1, before.head.size + 1)


@pytest.mark.parametrize("address", ["file", "server"], indirect=True)
def test_several_sealers_and_writers_at_once_make_one_tree(address: str) -> None:
    with Books(address) as books:
        tell_a_story(books)
        added: list[int] = []

        def write(name: str) -> None:
            with Books(address, minutes=1_000) as other:
                for number in range(25):
                    other.grant(f"{name}{number}", 5)

        def seal() -> None:
            with Books(address) as other:
                added.extend(Sealer(tree_of(other.store), batch=2).seal().added for _ in range(15))

        threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
        threads += [threading.Thread(target=seal) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        added.append(Sealer(tree_of(books.store)).seal().added)
        verified = verify(tree_of(books.store))
        assert verified.findings == ()
        events = sum(1 for _ in books.store.events())
        assert (verified.sealed, sum(added)) == (events, events)


def test_the_later_of_two_sealers_gives_way(books: Books) -> None:
    tell_a_story(books)
    tree = tree_of(books.store)
    head = Sealer(tree).seal().head
    assert head is not None
    late = Head(head.size, head.root, head.peaks, head.sealed_at)
    with pytest.raises(SealedMeanwhileError):
        tree.add(0, [Leaf(99, b"a" * 32)], late)
    assert tree.head() == head
    assert verify(tree).intact


class AlwaysLate(SqliteTree):
    """A tree where another sealer is always first."""

    tries = 0

    def add(self, first: int, leaves: object, head: object) -> None:
        del first, leaves, head
        self.tries += 1
        raise SealedMeanwhileError("another sealer was first")


def test_a_sealer_that_is_always_late_leaves_it_to_the_others(tmp_path: Path) -> None:
    made, _ = specimen(tmp_path, seal=False)
    with opened(made.path) as store:
        tree = AlwaysLate(store)
        with pytest.raises(SealedMeanwhileError, match=f"{MOST_LOST} times in a row; leave it"):
            Sealer(tree).seal()
        assert tree.tries == MOST_LOST


# --- what is not sealed ---------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path: Path) -> Specimen:
    return specimen(tmp_path)[0]


def test_an_event_that_is_not_what_was_saved_is_not_sealed(tmp_path: Path) -> None:
    made, _ = specimen(tmp_path, seal=False)
    made.meddle("UPDATE stored_events SET state = x'7b7d' WHERE notification_id = 9")
    with opened(made.path) as store:
        with pytest.raises(BrokenLinkError, match=r"event \d+ \(.*\) of .* at position 9 is not "):
            Sealer(tree_of(store), batch=4).seal()
        head = tree_of(store).head()
        assert head is not None
        assert head.size == 8, "whole batches before it are"


def test_nothing_is_sealed_on_top_of_a_head_that_contradicts_itself(made: Specimen) -> None:
    for change in ("root = zeroblob(32)", "peaks = zeroblob(32)", "peaks = x''"):
        copy = made.copy(made.path.parent)
        copy.meddle(f"UPDATE tree_heads SET {change}")  # noqa: S608
        with Books(str(copy.path), minutes=1_000) as books:
            books.grant("new", 5)
            with pytest.raises(DamagedStoreError, match="contradicts itself; nothing was sealed"):
                Sealer(tree_of(books.store)).seal()


@pytest.mark.parametrize("table", ["tree_heads", "tree_leaves"])
def test_nothing_is_sealed_where_leaves_and_heads_do_not_fit(made: Specimen, table: str) -> None:
    made.meddle(f"DELETE FROM {table}")  # noqa: S608
    with (
        opened(made.path) as store,
        pytest.raises(DamagedStoreError, match="its newest head speaks of"),
    ):
        Sealer(tree_of(store)).seal()
