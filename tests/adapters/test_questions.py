"""Questions over a ledger's store: consistent, in words, and never writing."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from refund_adapters.desk import Desk
from refund_adapters.intake import original_of
from refund_adapters.questions import Questions
from refund_adapters.store import sql_store
from refund_ledger.errors import InvalidInputError, NotFoundError
from refund_ledger.originals import OriginalRef
from refund_projections.totals import By
from support.command_line import CASH_SALE, INVOICE

REF = OriginalRef.parse("invoice_receipt:2/6923")
OTHER = OriginalRef.parse("invoice:1/17")


@pytest.fixture
def desk() -> Desk:
    """Open a desk in memory with a cash sale and an unpaid invoice."""
    opened = Desk.open("memory:", company="acme", actor="dana")
    record(opened, CASH_SALE, INVOICE)
    return opened


def record(desk: Desk, *rows: dict[str, Any]) -> None:
    """Record originals."""
    for row in rows:
        original = original_of(row, company="acme")
        desk.ledger.record_original(original, desk.stamp(), read_from="a test")


def ask(desk: Desk, key: str, original: OriginalRef = REF, **fields: str) -> None:
    """Ask for a refund of the cash sale, unless another original is named."""
    desk.request(key=key, original=str(original), reason="overcharged", **fields)


def grant(desk: Desk, reference: str, amount: str) -> None:
    desk.grant(
        reference=reference,
        customer_id="1001",
        currency="ILS",
        amount=amount,
        why="opening_balance",
        granted_on=date(2026, 1, 1),
    )


def test_what_is_left_counts_every_refund_of_an_original(desk: Desk) -> None:
    questions = Questions(desk.store, "acme")
    ask(desk, "order-1", amount="100.00")
    ask(desk, "order-2", amount="50.00")
    ask(desk, "order-3", OTHER)
    desk.withdraw("order-2")

    standing = questions.original(REF)

    assert standing.remaining.sale.left == 19_250
    assert standing.remaining.money.in_flight == 10_000
    assert [refund.request.key for refund in standing.refunds] == ["order-1", "order-2"]
    assert questions.original(OTHER).remaining.sale.left == 0
    with pytest.raises(NotFoundError):
        questions.original(OriginalRef.parse("invoice:1/18"))


def test_credit_is_listed_by_age_and_by_customer(desk: Desk) -> None:
    questions = Questions(desk.store, "acme")
    for reference in ("b", "a"):
        grant(desk, reference, "5.00")

    (balance,) = questions.balances(customer_id="1001")

    assert (balance.open, balance.credit) == (29_250, 1000)
    assert [source.source for source in balance.sources] == ["grant:b", "grant:a"]
    assert questions.balances() == (balance,)
    assert questions.balances(customer_id="1002") == ()
    assert Questions(desk.store, "other").balances() == ()


def test_credit_that_a_refund_holds_is_counted_once(desk: Desk) -> None:
    grant(desk, "a", "50.00")
    desk.request(
        key="payout-1",
        kind="credit",
        customer_id="1001",
        currency="ILS",
        amount="20.00",
        method="cash",
        reason="paid_twice",
    )

    (balance,) = Questions(desk.store, "acme").balances()

    assert (balance.credit, balance.held) == (3000, 2000)


def test_stories_of_a_refund_an_original_and_a_customer(desk: Desk) -> None:
    questions = Questions(desk.store, "acme")
    ask(desk, "order-1")

    story = questions.story(desk.refund("order-1").id)

    assert [entry.topic for entry in story] == ["refund.requested"]
    assert [entry.topic for entry in questions.story_of_original(REF)] == [
        "original.recorded",
        "refund.requested",
    ]
    assert len(questions.story_of_customer("1001")) == 3
    with pytest.raises(NotFoundError):
        questions.story(UUID(int=0))


def test_a_grant_is_found_by_its_reference(desk: Desk) -> None:
    grant(desk, "a", "5.00")
    questions = Questions(desk.store, "acme")

    assert questions.grant("a").amount == 500
    with pytest.raises(NotFoundError):
        questions.grant("b")


def test_what_a_dispatcher_has_left_is_each_part_once(desk: Desk) -> None:
    questions = Questions(desk.store, "acme")
    ask(desk, "order-1", amount="10.00")
    ask(desk, "order-2", amount="10.00")

    assert [entry.key for entry in questions.calls_left()] == ["order-1", "order-2"]
    assert {entry.key for entry in questions.pending()} == {"order-1", "order-2"}


def test_of_much_that_is_left_the_longest_waiting_is_told_and_all_is_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refund_adapters.questions.AT_ONCE", 2)
    questions = Questions(desk.store, "acme")
    keys = [f"order-{number}" for number in range(5)]
    for key in keys:
        ask(desk, key, amount="10.00")
    desk.withdraw("order-2")

    assert questions.refunds_left() == 4
    assert {entry.key for entry in questions.calls_left()} == {*keys} - {"order-2"}
    asked = desk.store.now() + timedelta(seconds=1)
    assert all(entry.since < asked for entry in questions.calls_left(limit=3))
    assert [entry.key for entry in questions.calls_left(limit=3)] == keys[:2] + keys[3:4]


def test_a_trail_that_is_read_halfway_leaves_its_thread_free(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_store, "PAGE", 2)
    ask(desk, "order-1", amount="10.00")
    questions = Questions(desk.store, "acme")
    before = desk.store.position()

    trail = questions.trail(actor="dana")
    read = [next(trail)]
    # A snapshot that was left open would still read as it was before.
    ask(desk, "order-2", amount="10.00")
    assert desk.refund("order-2").request.key == "order-2"
    read += trail

    assert len(read) == before
    assert len(list(questions.trail(actor="dana"))) == desk.store.position() > before
    assert list(Questions(desk.store, "other").trail()) == []


def test_the_trail_of_an_empty_ledger_is_empty() -> None:
    with Desk.open("memory:", company="acme", actor="dana") as empty:
        assert list(Questions(empty.store, "acme").trail()) == []


def test_a_rebuild_hears_how_far_it_is_and_equals(desk: Desk) -> None:
    heard: list[tuple[int, int]] = []
    ask(desk, "order-1")

    rebuilt = Questions(desk.store, "acme", heard=lambda *now: heard.append(now)).rebuild()

    assert rebuilt.equal
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_what_is_read_is_of_one_moment_whoever_writes_meanwhile(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/refunds.db"
    with (
        Desk.open(address, company="acme", actor="dana") as desk,
        Desk.open(address, company="acme", actor="noa") as other,
    ):
        record(desk, CASH_SALE, INVOICE)
        keys = iter(range(1000))

        def write(*_: int) -> None:
            ask(other, f"order-{next(keys)}", amount="1.00")

        rebuilt = Questions(desk.store, "acme", heard=write).rebuild()
        assert (rebuilt.equal, rebuilt.events) == (True, 2)
        again = Questions(desk.store, "acme").rebuild()
        assert (again.equal, again.events) == (True, 4)


def test_a_statement_is_of_one_customer_and_currency(desk: Desk) -> None:
    questions = Questions(desk.store, "acme")

    drawn = questions.statement(customer_id="1001", currency="ILS")

    assert drawn.closing.net == -29_250
    assert questions.statement(customer_id="1001", currency="USD").lines == ()
    assert questions.now() >= drawn.lines[0].at


def test_a_question_of_another_kind_is_refused_by_its_name(desk: Desk) -> None:
    asked, naive = desk.questions, datetime(2026, 1, 1)  # noqa: DTZ001 - that is the mistake
    wrong: Any = "foo"
    with pytest.raises(InvalidInputError, match="by: expected one of reason, "):
        asked.totals(wrong)
    with pytest.raises(InvalidInputError, match="since: expected a time with its zone"):
        asked.totals(By.REASON, since=naive)
    with pytest.raises(InvalidInputError, match="until: expected a time with its zone"):
        asked.trail(until=naive)
    with pytest.raises(NotFoundError, match="invoice:1/999 is not recorded"):
        asked.story_of_original(OriginalRef.parse("invoice:1/999"))
    by: Any = "method"
    assert asked.totals(by) == asked.totals(By.METHOD)
