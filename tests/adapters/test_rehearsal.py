"""A rehearsal says row by row what really asking would come to, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from refund_adapters.desk import Desk, RowResult
from refund_adapters.files import Numbered
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.application import Append
from refund_ledger.errors import ClaimedError, GuardError, StreamMovedError
from refund_ledger.events import DocumentId, InvoicePartCancelled, Learned
from refund_ledger.originals import Half, OriginalRef
from refund_ledger.policies import Terms
from refund_ledger.refund import Waits
from refund_ledger.rehearsing import RehearsalStore
from support.scenes import Scene, numbered, scenes

COMPANY = "acme"
TERMS = Terms(approval_above={"ILS": 5000})


@contextmanager
def desk() -> Iterator[Desk]:
    """A desk whose clock stands still, so that two judgements of one row are equal."""
    store = SqliteStore(None, now=lambda: datetime(2026, 11, 22, 10, tzinfo=UTC))
    with Desk(store, company=COMPANY, actor="dana", terms=TERMS) as opened:
        yield opened


def said(result: RowResult) -> tuple[object, ...]:
    """Everything that a result says, without the ids and times of one asking."""
    request = result.refund.request if result.refund else None
    drafted = request and request.model_dump(exclude={"event_id", "command_id", "correlation_id"})
    return result.number, result.key, result.outcome, result.detail, drafted


@given(scene=scenes())
@settings(max_examples=80)
def test_a_rehearsal_says_what_really_asking_comes_to(
    scene: Scene,
) -> None:
    books, before, file = scene
    with desk() as house:
        rows = house._rows(house.ledger)
        imported = list(rows.imported(numbered(books), read_from="books.jsonl"))
        list(house.request_rows(numbered(before)))
        position, sums = house.store.position(), house.store.sums(COMPANY)

        rehearsed = [said(result) for result in house.rehearse(numbered(file))]

        assert house.store.position() == position
        assert house.store.sums(COMPANY) == sums
        assert rehearsed == [said(result) for result in house.request_rows(numbered(file))]
        assert {one.outcome for one in imported} <= {"recorded", "refused"}


def test_rows_of_a_file_compete_for_what_is_left_in_a_rehearsal_too() -> None:
    with desk() as house:
        sold(house)
        file = numbered(
            [
                {"key": "a", "original": "invoice_receipt:2/1", "amount": "30.00"},
                {"key": "b", "original": "invoice_receipt:2/1", "amount": "30.00"},
                {"key": "a", "original": "invoice_receipt:2/1", "amount": "30.00"},
                {"key": "a", "original": "invoice_receipt:2/1", "amount": "5.00"},
            ]
        )
        for row in file:
            assert isinstance(row.row, dict)
            row.row["reason"] = "complaint"

        found = house.rehearse(file)

        assert [one.outcome for one in found] == ["requested", "refused", "known", "refused"]
        assert "only 20.00 ILS is left" in found[1].detail
        assert "was used before with other content" in found[3].detail
        assert house.store.due(COMPANY, *Waits) == []


def sold(house: Desk) -> None:
    """One cash sale over 50.00."""
    sale = {
        "kind": "invoice_receipt",
        "series": 2,
        "number": 1,
        "customer_id": "7",
        "currency": "ILS",
        "issued_on": "2026-02-28",
        "lines": [{"number": 1, "net": "50.00"}],
        "payments": [{"number": 1, "method": "card", "amount": "50.00"}],
    }
    (done,) = house._rows(house.ledger).imported([Numbered(1, {"original": sale})], read_from="t")
    assert done.outcome == "recorded"


# --- the store beneath it -------------------------------------------------------------------------


def test_the_store_of_a_rehearsal_keeps_the_rules_of_a_real_one() -> None:
    with desk() as house:
        sold(house)
        store = RehearsalStore(house.store)
        request = house.ledger.draft(
            house._rows(house.ledger).read(
                {"key": "a", "original": "invoice_receipt:2/1", "reason": "complaint"}
            ),
            house.stamp(),
        )
        store.append(Append((request,)))

        with pytest.raises(StreamMovedError):
            store.append(Append((request,)))
        another = request.model_copy(
            update={"originator_id": OriginalRef.parse("receipt:1/9").stream("x")}
        )
        with pytest.raises(GuardError):
            store.append(Append((another,)))

        assert store.stream(request.originator_id) == [request]
        assert house.store.stream(request.originator_id) == []


def test_a_document_is_claimed_once_in_a_rehearsal() -> None:
    with desk() as house:
        sold(house)
        store = RehearsalStore(house.store)
        document = DocumentId(half=Half.DOCUMENT, series=3, number=481)

        def cancelled(number: int) -> InvoicePartCancelled:
            return house.stamp().event(
                InvoicePartCancelled,
                OriginalRef.parse(f"invoice:1/{number}").stream("streams"),
                1,
                company=COMPANY,
                currency="ILS",
                customer_id="7",
                document=document,
                learned=Learned.ANSWER,
                asked=0,
                booked=0,
                net=0,
                vat=0,
                from_reserved=0,
                excess=0,
                quantity=0,
                sale="",
                fall={"source": "refund:x"},
            )

        store.append(Append((cancelled(1),)))

        with pytest.raises(ClaimedError):
            store.append(Append((cancelled(2),)))


def test_balances_of_a_rehearsal_are_those_below_with_what_was_asked_since() -> None:
    with desk() as house:
        house.grant(
            reference="g",
            customer_id="7",
            currency="ILS",
            amount="10.00",
            why="opening_balance",
            granted_on="2026-01-01",
        )
        store = RehearsalStore(house.store)
        ask = {
            "key": "a",
            "kind": "credit",
            "customer_id": "7",
            "currency": "ILS",
            "amount": "4.00",
            "method": "cash",
            "reason": "complaint",
        }
        request = house.ledger.draft(house._rows(house.ledger).read(ask), house.stamp())
        store.append(Append((request,)))

        account = Account(COMPANY, AccountKind.CREDIT, "grant:g", customer="7", unit="ILS")
        assert (store.balance(account), house.store.balance(account)) == (-600, -1000)
        assert store.credits(COMPANY, "7", "ILS") == [("grant:g", 600)]
        assert store.credits(COMPANY, "8", "ILS") == []
        assert store.total(COMPANY, AccountKind.CREDIT, customer="7") == -600
