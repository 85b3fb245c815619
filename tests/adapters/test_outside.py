"""What was given back outside is read as people write it, and what they say of it is checked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from refund_adapters.desk import Desk
from refund_adapters.outside import document_of, outside_of
from refund_ledger import calling
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import InvalidInputError, KeyReusedError, NotFoundError, RefusedError
from refund_ledger.events import DocumentId, Learned, Part
from refund_ledger.originals import Document, Half
from refund_ledger.refund import PartStatus, Status
from support.ring import ring

NOTE: dict[str, Any] = {
    "part": "invoice",
    "document": "3/900",
    "customer_id": "1001",
    "currency": "ILS",
    "amount": "40.00",
    "issued_on": "2026-03-01",
    "read_from": "a list",
}
SALE = "invoice_receipt:2/6923"
TOLD = {"part": "invoice", "document": "3/900", "how": "accepted", "why": "agreed", "key": "a"}


def test_a_refund_made_outside_is_read_field_by_field() -> None:
    items = ["1:30.00", "2:5.00:x1.5", {"number": 3, "amount": "1.00", "quantity": "2"}]
    found = outside_of(
        {
            **NOTE,
            "document": " 3/900 ",
            "vat": "5.81",
            "original": SALE,
            "items": items,
            "source_account": "till",
            "comment": "by hand",
            "identity": "8f3a",
        },
        company="acme",
    )
    assert (found.part, found.series, found.number, found.identity) == (
        Part.INVOICE,
        3,
        900,
        "8f3a",
    )
    assert (found.amount, found.vat, found.issued_on) == (4_000, 581, date(2026, 3, 1))
    assert [(one.number, one.amount, one.quantity) for one in found.items] == [
        (1, 3_000, 0),
        (2, 500, 1_500_000),
        (3, 100, 2_000_000),
    ]
    assert (found.source_account, found.comment, found.original) == ("till", "by hand", SALE)
    assert outside_of({**NOTE, "items": "1:30.00; 2:5.00"}, company="acme").items[1].number == 2


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"part": "both"}, "part: expected invoice or receipt, got 'both'"),
        ({"part": None}, "part: expected invoice or receipt, got None"),
        ({"document": "481"}, "document: expected type/number such as 3/481"),
        ({"amount": "0"}, "amount: expected more than zero"),
        ({"amount": 1.5}, "amount: expected a plain decimal"),
        ({"currency": "XXQ"}, "currency: 'XXQ' is not an ISO 4217 code"),
        ({"issued_on": "1.3.2026"}, "issued_on: expected a date"),
        ({"customer_id": ""}, "customer_id: expected some text"),
        ({"items": ["1"]}, "item 1 amount: expected"),
        ({"items": ["x:5.00"]}, "items: expected a whole number"),
        ({"items": ["1:5.00:x0.0000001"]}, "item 1 quantity: "),
        ({"items": [{"line": 1}]}, "line: is no field of a line or payment given back"),
        ({"colour": "red"}, "colour: is no field of a refund made outside"),
        ({"company": "other"}, "company: is no field of a refund made outside"),
    ],
)
def test_what_cannot_be_read_is_named(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        outside_of({**NOTE, **fields}, company="acme")


def test_the_name_of_a_document_has_its_half_from_its_part() -> None:
    assert document_of(Part.INVOICE, "3/481") == Document(Half.DOCUMENT, 3, 481)
    assert document_of(Part.RECEIPT, "1/9") == Document(Half.RECEIPT, 1, 9)
    with pytest.raises(InvalidInputError, match="reversed_by: expected type/number"):
        document_of(Part.INVOICE, "x", field="reversed_by")


@pytest.fixture
def explained() -> Callable[..., bool]:
    """A desk with a credit note of nobody knows what, to be explained."""

    def explain(**fields: Any) -> bool:
        with Desk.open("memory:", company="acme", actor="dana") as desk:
            desk.record_outside(**NOTE)
            return desk.explain(**{**TOLD, **fields})

    return explain


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"how": "forgotten"}, "how: expected one of reversed, accepted, written_off, belongs"),
        ({"how": None}, "how: expected one of"),
        ({"why": " "}, "why: expected some text"),
        ({"key": ""}, "reference: expected some text"),
        ({"part": "x"}, "part: expected invoice or receipt"),
        ({"amount": "x"}, "amount: expected a plain decimal"),
        ({"reversed_by": "x"}, "reversed_by: expected type/number"),
        ({"colour": "red"}, "colour: is no field of an explanation"),
    ],
)
def test_an_explanation_that_cannot_be_read_names_its_field(
    explained: Callable[..., bool], fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        explained(**fields)


def test_what_is_not_recorded_here_is_not_explained(explained: Callable[..., bool]) -> None:
    with pytest.raises(NotFoundError, match="document 3/901 is not recorded here"):
        explained(document="3/901")
    with pytest.raises(NotFoundError, match="receipt 3/900 is not recorded here"):
        explained(part="receipt")
    with pytest.raises(NotFoundError, match="opening is not recorded here"):
        explained(grant="opening")


def test_an_outside_refund_is_recorded_and_explained_once() -> None:
    with Desk.open("memory:", company="acme", actor="dana") as desk:
        assert desk.record_outside(actor="noa", **NOTE)
        assert not desk.record_outside(**NOTE)
        with pytest.raises(KeyReusedError):
            desk.record_outside(**{**NOTE, "amount": "41.00"})
        assert desk.explain(**TOLD, amount="15.00")
        assert not desk.explain(**TOLD, amount="15.00")
        with pytest.raises(RefusedError, match=r"25\.00 ILS of document 3/900 is left"):
            desk.explain(**{**TOLD, "key": "b"}, amount="25.01")
        assert desk.explain(
            actor="noa", **{**TOLD, "key": "b", "how": "reversed"}, reversed_by="3/901"
        )
        assert desk.questions.balances() == ()
        actors = [event.actor for _, event in desk.store.events()]
        assert actors == ["noa", "dana", "noa"]
        assert desk.questions.pending() == ()


def test_a_reduced_credit_is_explained_by_its_reference() -> None:
    with Desk.open("memory:", company="acme", actor="dana") as desk:
        grant = {"reference": "opening", "customer_id": "1001", "currency": "ILS", "amount": "5.00"}
        desk.grant(**grant, why="opening_balance", granted_on="2026-01-01")
        desk.reduce_credit("opening", why="expired", amount=700, key="r")  # type: ignore[arg-type]
        assert desk.explain(grant="opening", how="written_off", why="too small", key="a")
        assert desk.questions.balances() == ()


# --- the ring -------------------------------------------------------------------------------------


def test_calls_that_an_excess_held_back_go_on_when_it_is_explained() -> None:
    with ring() as house:
        house.import_all()
        desk = house.desk
        refund = desk.request(key="a", original=SALE, reason="complaint").refund
        customer = refund.request.customer_id
        made = {**NOTE, "customer_id": customer, "original": SALE}
        desk.record_outside(**made)
        house.dispatch(patience=1)
        assert desk.refund("a").invoice.status is PartStatus.DUE
        waiting = {one.status: one for one in desk.questions.pending()}
        assert "no call goes out" in waiting["due"].why
        assert waiting["unexplained"].what_to_do.endswith("`discrepancy explain invoice 3/900`")
        reversed_there = {**TOLD, "how": "reversed", "reversed_by": "3/901"}
        assert desk.explain(**reversed_there)
        house.dispatch()
        assert desk.refund("a").status is Status.COMPLETED
        assert desk.questions.pending() == ()
        assert desk.questions.rebuild().equal


def test_a_late_document_is_explained_by_its_name_alone() -> None:
    with ring() as house:
        house.import_all()
        desk = house.desk
        desk.request(key="a", original=SALE, reason="complaint")
        house.dispatch()
        done = desk.refund("a")
        first = done.invoice.documents[0].key
        told = {**TOLD, "document": f"{first.series}/{first.number}"}
        with pytest.raises(NotFoundError, match="see `pending`"):
            desk.explain(**told)
        late = DocumentId(half=Half.DOCUMENT, series=3, number=900)
        stamp, learned = desk.stamp(), Learned.LOOK_UP
        desk.ledger.fact(
            done.id,
            lambda now, look: calling.succeeded(
                now, stamp, Part.INVOICE, late, booked=None, learned=learned, look=look
            ),
        )
        statuses = [(one.status, one.refund) for one in desk.questions.pending()]
        assert sorted(statuses) == [("alert", done.id), ("unexplained", done.id)]
        assert desk.explain(**{**TOLD, "how": "reversed"}, reversed_by="3/901")
        desk.acknowledge("a", document="3/900", part=Part.INVOICE, why="reversed by 3/901")
        assert desk.questions.pending() == ()
        assert desk.store.total("acme", AccountKind.EXCESS) == 0
