"""Whatever is changed behind the ledger's back is found, named rightly, and nothing else is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refund_adapters.store.findings import Finding, Kind
from refund_adapters.store.heads import KeptHead
from refund_adapters.store.sealing import Sealer
from refund_adapters.store.tree import EMPTY_ROOT
from refund_adapters.store.trees import tree_of
from refund_adapters.store.verifying import verify
from support.books import COMPANY, Books
from support.histories import histories
from support.tampering import Specimen, opened, sealed, specimen, tell_a_story

Made = tuple[Specimen, KeptHead]
tampered = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A sealed ledger, and the head that somebody kept of it."""
    original, head = specimen(tmp_path_factory.mktemp("sealed"))
    assert head is not None
    return original, head


@pytest.fixture(scope="module")
def unsealed(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """The same ledger, not sealed."""
    return specimen(tmp_path_factory.mktemp("unsealed"), seal=False)[0]


# --- intact ---------------------------------------------------------------------------------------


def test_a_ledger_that_nobody_touched_is_intact(made: Made) -> None:
    original, kept = made
    verified = original.judge(kept)
    assert verified.findings == ()
    assert verified.intact
    count = len(original.rows())
    assert (verified.events, verified.sealed, verified.unsealed) == (count, count, 0)
    assert (verified.heads, verified.kept_heads) == (-(-count // 7), 1)
    assert verified.root == kept.root


def test_an_empty_ledger_is_intact(books: Books) -> None:
    verified = verify(tree_of(books.store))
    assert verified.intact
    assert (verified.events, verified.sealed, verified.root) == (0, 0, EMPTY_ROOT)


def test_how_much_is_not_sealed_is_said(books: Books) -> None:
    tell_a_story(books)
    count = books.store.position()
    assert verify(tree_of(books.store)).unsealed == count
    kept = [sealed(books.store).head]
    books.grant("new", 100)
    books.grant("newer", 100)
    kept.append(sealed(books.store).head)
    books.grant("newest", 100)
    verified = verify(tree_of(books.store), [head.kept(COMPANY) for head in kept if head])
    assert verified.intact
    assert (verified.sealed, verified.unsealed, verified.kept_heads) == (count + 2, 1, 2)


@settings(max_examples=25, deadline=None)
@given(histories, st.integers(1, 9))
def test_every_story_is_intact_sealed_or_not(books: Books, batch: int) -> None:
    assert verify(tree_of(books.store)).intact
    sealed(books.store, batch)
    verified = verify(tree_of(books.store))
    assert verified.findings == ()
    assert verified.sealed == verified.events == books.store.position()
    books.store.close()


def test_progress_is_heard(books: Books) -> None:
    tell_a_story(books)
    heard: list[tuple[int, int]] = []
    verify(tree_of(books.store), heard=lambda done, total: heard.append((done, total)))
    assert heard == [(books.store.position(), books.store.position())]


def test_many_pages_are_read_to_the_end(monkeypatch: pytest.MonkeyPatch, made: Made) -> None:
    original, kept = made
    for module in ("verifying", "sealed_tables"):
        monkeypatch.setattr(f"refund_adapters.store.{module}.PAGE", 3)
    verified = original.judge(kept)
    assert verified.intact
    assert verified.events == len(original.rows())


def test_who_writes_and_seals_meanwhile_does_not_disturb(tmp_path: Path) -> None:
    path = str(tmp_path / "refunds.db")
    done = threading.Event()
    with Books(path) as books:
        tell_a_story(books)

        def write() -> None:
            with Books(path, minutes=1_000) as other:
                for number in range(60):
                    other.grant(f"g{number}", 100)
                    if number % 3 == 0:
                        Sealer(tree_of(other.store), batch=2).seal()
            done.set()

        writer = threading.Thread(target=write)
        writer.start()
        found: list[Finding] = []
        while not done.is_set():
            found += verify(tree_of(books.store)).findings
        writer.join(30)
        assert found == []
        assert verify(tree_of(books.store)).events == books.store.position()


def test_what_is_sealed_while_one_reads_counts_as_not_sealed(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refund_adapters.store.verifying.PAGE", 3)
    tell_a_story(books)
    count = books.store.position()

    def seal(*_: int) -> None:
        sealed(books.store)

    verified = verify(tree_of(books.store), heard=seal)
    assert verified.findings == ()
    assert (verified.sealed, verified.unsealed) == (0, count)
    assert verify(tree_of(books.store)).sealed == count


# --- whole events ---------------------------------------------------------------------------------


@pytest.mark.parametrize("with_meaning", [False, True])
def test_any_event_that_is_taken_away_is_missed(
    made: Made, tmp_path: Path, *, with_meaning: bool
) -> None:
    original, kept = made
    rows = original.rows()
    newest = {row.stream: row.position for row in rows}
    for row in rows:
        copy = original.copy(tmp_path)
        copy.take_out(row.position, with_meaning=with_meaning)
        found = copy.found(kept)
        is_last = newest[row.stream] == row.position
        assert set(found) == ({Kind.GONE} if is_last else {Kind.GONE, Kind.GAP}), row
        assert found[Kind.GONE].position == row.position
        assert f"position {row.position}, " in found[Kind.GONE].message
        assert found[Kind.GONE].places == 1


def test_an_unsealed_event_is_missed_in_the_middle_of_its_stream(
    unsealed: Specimen, tmp_path: Path
) -> None:
    rows = unsealed.rows()
    newest = {row.stream: row.position for row in rows}
    for row in rows:
        copy = unsealed.copy(tmp_path)
        copy.take_out(row.position, with_meaning=True)
        is_last = newest[row.stream] == row.position
        assert set(copy.found()) == (set() if is_last else {Kind.GAP}), row


def test_the_postings_of_an_unsealed_event_miss_it(unsealed: Specimen, tmp_path: Path) -> None:
    copy = unsealed.copy(tmp_path)
    newest = copy.rows()[-1]
    assert newest.topic == "refund.requested"
    copy.take_out(newest.position)
    found = copy.found()
    assert set(found) == {Kind.POSTINGS}
    assert "belongs to no event" in found[Kind.POSTINGS].message
    assert found[Kind.POSTINGS].position == newest.position


@pytest.mark.parametrize("with_meaning", [False, True])
def test_a_whole_stream_that_is_taken_away_is_missed(
    made: Made, tmp_path: Path, *, with_meaning: bool
) -> None:
    original, kept = made
    rows = original.rows()
    for stream in {row.stream for row in rows}:
        copy = original.copy(tmp_path)
        positions = [row.position for row in rows if row.stream == stream]
        copy.take_out(*positions, with_meaning=with_meaning)
        found = copy.found(kept)
        assert set(found) == {Kind.GONE}
        assert found[Kind.GONE].places == len(positions)
        assert found[Kind.GONE].position == positions[0]


@tampered
@given(data=st.data())
def test_two_events_that_changed_places_are_found(
    made: Made, tmp_path: Path, data: st.DataObject
) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    one, two = data.draw(
        st.lists(st.integers(1, kept.size), min_size=2, max_size=2, unique=True).map(sorted)
    )
    for table, column in (
        ("stored_events", "notification_id"),
        ("postings", "position"),
        ("claims", "position"),
    ):
        for old, new in ((one, -1), (two, one), (-1, two)):
            copy.meddle(f"UPDATE {table} SET {column} = {new} WHERE {column} = {old}")  # noqa: S608
    found = copy.found(kept)
    assert set(found) == {Kind.REWRITTEN}
    assert (found[Kind.REWRITTEN].position, found[Kind.REWRITTEN].places) == (one, 2)


def test_two_events_that_changed_contents_are_found(made: Made, tmp_path: Path) -> None:
    copy = made[0].copy(tmp_path)
    one, two = copy.rows()[4:6]
    for at, row in ((one.position, two), (two.position, one)):
        copy.meddle(
            "UPDATE stored_events SET topic = ?, state = ?, hash = ? WHERE notification_id = ?",
            row.topic,
            row.state,
            row.hash,
            at,
        )
    found = copy.found()
    assert set(found) == {Kind.CHANGED}
    assert found[Kind.CHANGED].position == one.position


def test_an_event_that_was_put_in_between_is_found(tmp_path: Path) -> None:
    """A forger who does everything else right finds a position that nobody has."""
    path = tmp_path / "refunds.db"
    ledger = Specimen(path)
    with Books(str(path)) as books:
        tell_a_story(books)
    free = len(ledger.rows()) + 1
    ledger.meddle("UPDATE sqlite_sequence SET seq = ?", free)
    with Books(str(path), minutes=1_000) as books:
        books.grant("new", 5)
        sealed(books.store)
    assert ledger.found() == {}
    forge(ledger, free)
    found = ledger.found()
    assert set(found) == {Kind.ORDER}
    assert (found[Kind.ORDER].position, found[Kind.ORDER].places) == (free, 1)
    assert "was put among events that were sealed without it" in found[Kind.ORDER].message


def test_an_event_before_all_others_is_found(
    made: Made, unsealed: Specimen, tmp_path: Path
) -> None:
    for original in (made[0], unsealed):
        copy = original.copy(tmp_path)
        forge(copy, 0)
        found = copy.found()
        assert set(found) == {Kind.ORDER}
        assert "at position 0 stands where no event is ever saved" in found[Kind.ORDER].message


def forge(ledger: Specimen, position: int) -> None:
    """Grant the same credit once more, with postings, balances and a chain that hold."""
    ledger.meddle(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, "
        "state, hash) SELECT ?, ?, 1, topic, state, hash FROM stored_events "
        "WHERE topic = 'credit.granted' ORDER BY notification_id LIMIT 1",
        position,
        "f" * 32,
    )
    account = "company, kind, subject, refund, customer, item, unit"
    ledger.meddle(
        f"INSERT INTO postings SELECT ?, seq, {account}, amount FROM postings WHERE position = "  # noqa: S608
        "(SELECT min(notification_id) FROM stored_events WHERE topic = 'credit.granted' "
        "AND notification_id <> ?)",
        position,
        position,
    )
    ledger.chain_anew()
    ledger.balance_anew()


# --- history written anew -------------------------------------------------------------------------

FORGED = (
    "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), ?, ?) AS BLOB) "
    "WHERE topic = 'refund.requested'"
)


def test_a_rewritten_chain_is_found_by_the_tree(made: Made, tmp_path: Path) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    assert copy.meddle(FORGED, '"actor":"dana"', '"actor":"nora"') == 3
    first = next(row.position for row in copy.rows() if row.topic == "refund.requested")
    copy.chain_anew()
    found = copy.found()
    assert set(found) == {Kind.REWRITTEN}
    assert found[Kind.REWRITTEN].position == first
    assert set(copy.found(kept)) == {Kind.REWRITTEN}


def test_a_rewritten_tree_is_found_by_a_head_from_outside_alone(made: Made, tmp_path: Path) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    copy.meddle(FORGED, '"actor":"dana"', '"actor":"nora"')
    copy.chain_anew()
    copy.seal_anew()
    assert copy.found() == {}
    found = copy.found(kept)
    assert set(found) == {Kind.KEPT_HEAD}
    assert "history was written anew" in found[Kind.KEPT_HEAD].message
    assert f"head of {kept.size} events" in found[Kind.KEPT_HEAD].message


def test_a_rewritten_event_that_was_never_sealed_is_not_found(
    unsealed: Specimen, tmp_path: Path
) -> None:
    """The reason for sealing: who can write can write a whole chain."""
    copy = unsealed.copy(tmp_path)
    copy.meddle(FORGED, '"actor":"dana"', '"actor":"nora"')
    copy.chain_anew()
    assert copy.found() == {}


def test_a_history_that_was_cut_short_is_found_by_a_head_from_outside(
    made: Made, tmp_path: Path
) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    copy.take_out(kept.size, with_meaning=True)
    copy.seal_anew()
    assert copy.found() == {}
    found = copy.found(kept)
    assert set(found) == {Kind.KEPT_HEAD}
    assert "reaches further than the store" in found[Kind.KEPT_HEAD].message


def test_an_old_head_from_outside_still_binds_its_beginning(made: Made, tmp_path: Path) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    with opened(copy.path) as store:
        old = [head for head in tree_of(store).heads(0) if head.size == 7]
    early = KeptHead(COMPANY, 7, old[0].root, kept.sealed_at)
    assert copy.found(early, kept) == {}
    wrong = KeptHead(COMPANY, 7, kept.root, kept.sealed_at)
    found = copy.found(kept, wrong)
    assert set(found) == {Kind.KEPT_HEAD}
    assert "head of 7 events" in found[Kind.KEPT_HEAD].message


# --- the tree itself ------------------------------------------------------------------------------


def test_leaves_that_are_taken_away_are_missed(made: Made, tmp_path: Path) -> None:
    original, kept = made
    for number in range(kept.size):
        copy = original.copy(tmp_path)
        copy.meddle("DELETE FROM tree_leaves WHERE number = ?", number)
        found = copy.found(kept)
        broken = Kind.TREE if number < kept.size - 1 else Kind.HEAD
        assert set(found) == {broken, Kind.KEPT_HEAD}
        if broken is Kind.TREE:
            assert f"leaf {number} of the tree" in found[Kind.TREE].message
            assert "cannot be compared" in found[Kind.KEPT_HEAD].message


def test_a_head_that_is_taken_away_is_missed_where_leaves_need_it(
    made: Made, tmp_path: Path
) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    copy.meddle("DELETE FROM tree_heads WHERE size = ?", kept.size)
    found = copy.found(kept)
    assert set(found) == {Kind.HEAD}
    assert f"has {kept.size} leaves" in found[Kind.HEAD].message


def test_a_tree_that_is_taken_away_leaves_everything_unsealed(made: Made, tmp_path: Path) -> None:
    original, kept = made
    copy = original.copy(tmp_path)
    copy.meddle("DELETE FROM tree_leaves")
    copy.meddle("DELETE FROM tree_heads")
    assert copy.judge().unsealed == kept.size
    assert set(copy.found(kept)) == {Kind.KEPT_HEAD}
