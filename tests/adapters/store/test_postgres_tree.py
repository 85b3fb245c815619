"""The tree in PostgreSQL: the order of the feed, two sealers at once, an owner who tampers."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.findings import Kind
from refund_adapters.store.heads import Head, KeptHead
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.sealed_tables import Leaf
from refund_adapters.store.sealing import SealedMeanwhileError, Sealer
from refund_adapters.store.trees import tree_of
from refund_adapters.store.verifying import verify
from support.books import COMPANY, Books
from support.ledger_servers import OWNER
from support.tampering import sealed, tell_a_story

Owner = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def told(postgres_ledger: str) -> Iterator[Books]:
    """Books on a server after the whole story."""
    with Books(postgres_ledger) as books:
        tell_a_story(books)
        yield books


@pytest.fixture
def owner(postgres_ledger: str) -> Iterator[Owner]:
    """Somebody who may do everything, and turns the triggers off."""
    place = Address.parse(postgres_ledger)
    with psycopg.connect(place.conninfo, user=OWNER, autocommit=True) as connection:
        connection.execute(f"SET search_path = {place.schema}".encode())
        connection.execute("SET session_replication_role = replica")
        yield connection


@pytest.fixture
def kept(told: Books) -> KeptHead:
    """The head after everything is sealed."""
    head = sealed(told.store).head
    assert head is not None
    return head.kept(COMPANY)


def test_a_later_position_that_was_saved_first_is_sealed_first(told: Books, owner: Owner) -> None:
    """Order is that of transactions; the highest position need not be the last event."""
    own = "ALTER TABLE stored_events ALTER notification_id SET GENERATED"
    owner.execute(f"{own} BY DEFAULT".encode())
    owner.execute("UPDATE stored_events SET notification_id = 1000 - notification_id")
    owner.execute("UPDATE postings SET position = 1000 - position")
    owner.execute("UPDATE claims SET position = 1000 - position")
    tree = tree_of(told.store)
    newest, *_ = tree.extent()
    positions = [at for at, _ in told.store.events()]
    assert positions[0] == max(positions) == 999
    assert newest == positions[-1] < max(positions)
    head = Sealer(tree, batch=4).seal().head
    assert head is not None
    assert head.size == len(positions)
    page = tree.events(after=None, stop=newest, sealed=head.size, limit=99)
    assert [kept.number for kept in page] == list(range(head.size))
    assert verify(tree).findings == ()


def test_what_is_not_settled_is_not_sealed(told: Books, owner: Owner) -> None:
    before = told.store.position()
    with owner.transaction():
        owner.execute("CREATE TABLE busy ()")
        told.grant("new", 5)
        assert Sealer(tree_of(told.store)).seal().added == before
        assert verify(tree_of(told.store)).intact
    assert Sealer(tree_of(told.store)).seal().added == 1


def test_two_sealers_meet_at_the_number_of_a_leaf(told: Books, kept: KeptHead) -> None:
    tree = tree_of(told.store)
    head = tree.head()
    assert head is not None
    late = Head(head.size + 1, head.root, head.peaks, head.sealed_at)
    with pytest.raises(SealedMeanwhileError):
        tree.add(kept.size - 1, [Leaf(998, b"a" * 32)], late)
    with pytest.raises(SealedMeanwhileError):
        tree.add(kept.size, [], head)
    with pytest.raises(DamagedStoreError, match="holds one event twice"):
        tree.add(kept.size, [Leaf(1, b"a" * 32)], late)
    assert tree.head() == head
    assert verify(tree, [kept]).intact


ACTOR = (
    "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'), "
    "'\"actor\":\"dana\"', '\"actor\":\"nora\"'), 'UTF8') WHERE topic = 'refund.requested'"
)
ANEW = """
DO $$ DECLARE row record; last bytea; BEGIN
  FOR row IN SELECT * FROM stored_events ORDER BY originator_id, originator_version LOOP
    IF row.originator_version = 1 THEN last := decode(repeat('00', 32), 'hex'); END IF;
    last := link(last, row.originator_id, row.originator_version, row.topic, row.state);
    UPDATE stored_events SET hash = last WHERE notification_id = row.notification_id;
  END LOOP;
END $$"""


@pytest.mark.parametrize(
    ("statements", "kinds"),
    [
        ([ACTOR], {Kind.CHANGED}),
        ([ACTOR, ANEW], {Kind.REWRITTEN}),
        (
            ["UPDATE stored_events SET hash = hash || hash WHERE notification_id = 1"],
            {Kind.CHANGED},
        ),
        (["UPDATE stored_events SET originator_version = 7 WHERE notification_id = 1"], {Kind.GAP}),
        (["DELETE FROM stored_events WHERE topic = 'credit.granted'"], {Kind.GONE}),
        (
            ["DELETE FROM stored_events WHERE topic LIKE '%submitted'"],
            {Kind.GONE, Kind.GAP},
        ),
        (["UPDATE stored_events SET xid = '3' WHERE notification_id = 5"], {Kind.ORDER}),
        (["UPDATE stored_events SET era = 0 WHERE notification_id = 5"], {Kind.ORDER}),
        (["UPDATE postings SET amount = -900 WHERE kind = 'credit'"], {Kind.POSTINGS}),
        (["DELETE FROM postings WHERE kind = 'credit'"], {Kind.POSTINGS}),
        (["UPDATE postings SET position = 999 WHERE position = 1"], {Kind.POSTINGS}),
        (["UPDATE claims SET series = 77"], {Kind.CLAIMS}),
        (["UPDATE claims SET position = 999"], {Kind.CLAIMS}),
        (["UPDATE balances SET balance = -900 WHERE kind = 'credit'"], {Kind.BALANCES}),
        (["DELETE FROM balances WHERE kind = 'credit'"], {Kind.BALANCES}),
        (
            ["UPDATE tree_leaves SET hash = sha256(hash) WHERE number = 3"],
            {Kind.REWRITTEN, Kind.HEAD, Kind.KEPT_HEAD},
        ),
        (["DELETE FROM tree_leaves WHERE number = 3"], {Kind.TREE, Kind.KEPT_HEAD}),
        (["UPDATE tree_heads SET root = sha256(root)"], {Kind.HEAD}),
        (["UPDATE tree_heads SET peaks = peaks || root"], {Kind.HEAD}),
    ],
)
def test_what_the_owner_of_the_tables_changes_is_found(
    told: Books, kept: KeptHead, owner: Owner, statements: list[str], kinds: set[Kind]
) -> None:
    assert verify(tree_of(told.store), [kept]).findings == ()
    for statement in statements:
        owner.execute(statement.encode())
    found = verify(tree_of(told.store), [kept]).findings
    assert {finding.kind for finding in found} == kinds


def test_a_tree_that_was_written_anew_is_found_by_a_head_from_outside(
    told: Books, kept: KeptHead, owner: Owner
) -> None:
    for statement in (ACTOR, ANEW, "DELETE FROM tree_leaves", "DELETE FROM tree_heads"):
        owner.execute(statement.encode())
    tree = tree_of(told.store)
    Sealer(tree).seal()
    assert verify(tree).findings == ()
    assert {finding.kind for finding in verify(tree, [kept]).findings} == {Kind.KEPT_HEAD}
