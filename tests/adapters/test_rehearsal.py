"""A rehearsal says row by row what really asking would come to, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_adapters.desk import Desk, RowResult
from refund_adapters.files import Numbered
from refund_adapters.rehearsal import RehearsalStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.application import Append
from refund_ledger.errors import ClaimedError, GuardError, StreamMovedError
from refund_ledger.events import DocumentId, InvoicePartCancelled, Learned
from refund_ledger.originals import Half, OriginalRef
from refund_ledger.policies import Terms
from refund_ledger.refund import Waits
from support.garbage import rows as garbage

COMPANY = "acme"
CUSTOMERS = ("7", "8")
TERMS = Terms(approval_above={"ILS": 5000})


@contextmanager
def desk() -> Iterator[Desk]:
    """A desk whose clock stands still, so that two judgements of one row are equal."""
    store = SqliteStore(None, now=lambda: datetime(2026, 11, 22, 10, tzinfo=UTC))
    with Desk(store, company=COMPANY, actor="dana", terms=TERMS) as opened:
        yield opened


# --- what there is and what is asked --------------------------------------------------------------


def _amount(agorot: int) -> str:
    return f"{agorot // 100}.{agorot % 100:02}"


@st.composite
def originals(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A few sales, each paid at once, in part by receipts, or not yet; and credits."""
    out: list[dict[str, Any]] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        lines: list[dict[str, Any]] = [
            {
                "number": line,
                "quantity": str(draw(st.integers(1, 4))),
                "net": _amount(draw(st.integers(0, 4000))),
                "vat": _amount(draw(st.integers(0, 700))),
            }
            for line in range(1, draw(st.integers(1, 3)) + 1)
        ]
        total = sum(_agorot(line["net"]) + _agorot(line["vat"]) for line in lines)
        common = {
            "number": number,
            "customer_id": draw(st.sampled_from(CUSTOMERS)),
            "currency": "ILS",
            "issued_on": "2026-02-28",
        }
        if draw(st.booleans()):
            paid = [{"number": 1, "method": "card", "amount": _amount(total)}]
            sale = {"kind": "invoice_receipt", "series": 2, "lines": lines, "payments": paid}
            out.append({"original": common | sale})
        else:
            bought = common | {"kind": "invoice", "series": 1, "lines": lines}
            out.append({"original": bought | {"open": _amount(total)}})
            part = draw(st.integers(0, total))
            closes = [{"sale": f"invoice:1/{number}", "amount": _amount(part)}]
            paid = [{"number": 1, "method": "cash", "amount": _amount(part)}]
            receipt = {"kind": "receipt", "series": 1, "closes": closes, "payments": paid}
            out.append({"original": common | receipt})
    for number in range(draw(st.integers(0, 3))):
        credit = {
            "reference": f"g{number}",
            "customer_id": draw(st.sampled_from(CUSTOMERS)),
            "currency": "ILS",
            "amount": _amount(draw(st.integers(1, 3000))),
            "why": "opening_balance",
            "granted_on": "2026-01-01",
        }
        out.append({"credit": credit})
    return out


def _agorot(amount: str) -> int:
    return int(amount.replace(".", ""))


@st.composite
def asked(draw: st.DrawFn, books: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of a file of requests, right or wrong, its key perhaps that of another."""
    known = [row["original"] for row in books if "original" in row]
    refs = [f"{one['kind']}:{one['series']}/{one['number']}" for one in known]
    row: dict[str, Any] = {
        "key": f"k{draw(st.integers(0, 8))}",
        "reason": draw(st.sampled_from(["complaint"] * 6 + ["whim"])),
    }
    original = draw(st.sampled_from([*refs, *refs, "invoice:1/99"]))
    amount = _amount(draw(st.integers(0, 2500)))
    match draw(st.sampled_from(["whole", "amount", "amount", "line", "both", "credit", "gift"])):
        case "whole":
            row |= {"original": original}
        case "amount":
            row |= {"original": original, "amount": amount}
        case "line":
            line = f"{draw(st.integers(1, 3))}:x{draw(st.integers(1, 2))}"
            row |= {"original": original, "lines": line}
        case "both":
            row |= {"original": original, "receipt": original.replace("invoice", "receipt")}
        case "credit":
            row |= {"kind": "credit", "currency": "ILS", "method": "cash", "amount": amount}
            row |= {"customer_id": draw(st.sampled_from(CUSTOMERS))}
        case _:
            row |= {"kind": "goodwill", "currency": "ILS", "customer_id": "7", "amount": amount}
    return row


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[dict[str, Any]], ...]:
    """What is recorded, what was asked before, and a file that is asked for now."""
    books = draw(originals())
    before = draw(st.lists(asked(books), max_size=4))
    odd = garbage(["key", "original", "amount", "lines"])
    file = draw(st.lists(asked(books) | asked(books) | asked(books) | odd, max_size=10))
    return books, before, file


def said(result: RowResult) -> tuple[object, ...]:
    """Everything that a result says, without the ids and times of one asking."""
    request = result.refund.request if result.refund else None
    drafted = request and request.model_dump(exclude={"event_id", "command_id", "correlation_id"})
    return result.number, result.key, result.outcome, result.detail, drafted


def numbered(rows: list[dict[str, Any]]) -> list[Numbered]:
    """The rows as a file gives them."""
    return [Numbered(number, row) for number, row in enumerate(rows, 1)]


@given(scene=scenes())
@settings(max_examples=80)
def test_a_rehearsal_says_what_really_asking_comes_to(
    scene: tuple[list[dict[str, Any]], ...],
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
