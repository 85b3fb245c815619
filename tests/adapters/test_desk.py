"""The desk is the one import for embedding: it opens, offers its verbs, and closes what it owns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from refund_adapters.desk import Desk, document_of
from refund_adapters.rivhit import Rivhit
from refund_adapters.settings import Settings
from refund_adapters.store.errors import StoreError
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.errors import InvalidInputError, NotFoundError, RefusedError
from refund_ledger.events import Part, ReductionReason
from refund_ledger.originals import Document, Half
from refund_ledger.policies import Terms
from refund_ledger.refund import Status
from support.ring import ring
from support.rivhits import settings

SALE = "invoice_receipt:2/6923"


def test_what_is_kept_in_a_file_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/refunds.db"
    grant = {
        "reference": "opening",
        "customer_id": "1",
        "currency": "ILS",
        "amount": "10.00",
        "why": "opening_balance",
        "granted_on": "2026-01-01",
    }
    with Desk.open(address, company="acme", actor="dana") as desk:
        assert desk.grant(**grant)

    with Desk.open(address, company="acme", actor="dana") as desk:
        assert not desk.grant(**grant)
        (balance,) = desk.questions.balances()

    assert balance.net == 1000


def test_a_closed_desk_says_so(tmp_path: Path) -> None:
    desk = Desk.open(f"sqlite:///{tmp_path}/refunds.db", company="acme", actor="dana")
    desk.close()

    with pytest.raises(StoreError):
        desk.refund("k")


def test_a_desk_without_an_accounting_system_does_not_send() -> None:
    with (
        Desk.open("memory:", company="acme", actor="dana") as desk,
        pytest.raises(InvalidInputError, match="without an accounting system"),
    ):
        desk.dispatch()


def test_a_desk_does_not_take_the_books_of_another_company(tmp_path: Path) -> None:
    kept = tmp_path / "refunds.db"
    with Rivhit(settings(company="acme")) as rivhit:
        with pytest.raises(InvalidInputError, match="is that of 'acme'") as caught:
            Desk.open(f"sqlite:///{kept}", company="other", actor="dana", accounting=rivhit)
        with closing(SqliteStore(None)) as store, pytest.raises(InvalidInputError, match="'acme'"):
            Desk(store, company="other", actor="dana", accounting=rivhit)

    assert caught.value.field == "company"
    assert not kept.exists(), "nothing is made for a desk that does not open"


def test_the_settings_build_the_house_and_close_what_they_opened(tmp_path: Path) -> None:
    settings = Settings(
        store=f"sqlite:///{tmp_path}/refunds.db",
        company="acme",
        actor="dana",
        rivhit_url="http://127.0.0.1:9/online/RivhitOnlineAPI.svc",
        rivhit_token="7d1a4c1e-0000-4000-8000-00000000cafe",  # type: ignore[arg-type]
        concurrency=3,
    )

    with Desk.from_settings(settings, calls=True) as desk:
        dispatcher = desk.dispatcher()

    assert dispatcher.concurrency == 3
    assert desk.accounting.name == "rivhit"


def test_a_refund_is_found_by_its_key_and_by_its_id() -> None:
    with ring() as house:
        house.import_all()
        asked = house.desk.request(key="k", original=SALE, reason="complaint").refund

        assert house.desk.refund("k") == asked
        assert house.desk.refund(str(asked.id)) == asked
        assert house.desk.refund(asked.id) == asked
        for unknown in ("nobody", str(uuid4())):
            with pytest.raises(NotFoundError):
                house.desk.refund(unknown)


def test_one_person_asks_and_another_agrees_to_exactly_that() -> None:
    with ring(terms=Terms(approval_above={"ILS": 100})) as house:
        house.import_all()
        asked = house.desk.request(key="k", original=SALE, reason="complaint").refund

        with pytest.raises(RefusedError, match="ask a second person"):
            house.desk.approve("k")
        with pytest.raises(RefusedError, match="digest"):
            house.desk.approve("k", digest="0" * 64, actor="noa")
        agreed = house.desk.approve("k", digest=asked.request.digest, actor="noa").refund

        assert (agreed.status, agreed.approved_by) == (Status.IN_PROGRESS, "noa")


def test_what_is_rejected_or_withdrawn_can_be_asked_for_anew() -> None:
    with ring(terms=Terms(approval_above={"ILS": 100})) as house:
        house.import_all()
        house.desk.request(key="a", original=SALE, reason="complaint")
        house.desk.reject("a", why="not agreed", actor="noa")
        house.desk.request(key="b", original=SALE, reason="complaint")
        house.desk.withdraw("b", why="a mistake")

        third = house.desk.request(key="c", original=SALE, reason="complaint")

        assert third.refund.status is Status.AWAITING_APPROVAL
        assert house.desk.refund("a").status is Status.REJECTED
        assert house.desk.refund("b").status is Status.WITHDRAWN


def test_a_granted_credit_is_reduced_once_for_each_key() -> None:
    with ring() as house:
        house.import_all()
        house.desk.grant(
            reference="g",
            customer_id="1004",
            currency="ILS",
            amount="50.00",
            why="opening_balance",
            granted_on="2026-01-01",
        )

        used = ReductionReason.USED_ON_SALE
        first = house.desk.reduce_credit("g", why=used, amount=2000, sale="invoice:1/5007", key="x")
        again = house.desk.reduce_credit("g", why=used, amount=2000, sale="invoice:1/5007", key="x")

        assert (first, again) == (True, False)
        (balance,) = house.desk.questions.balances(customer_id="1004")
        assert balance.credit == 3000


def test_an_alert_that_is_not_there_cannot_be_acknowledged() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=SALE, reason="complaint")

        with pytest.raises(NotFoundError, match="no alert"):
            house.desk.acknowledge("k", document="3/1", part=Part.INVOICE, why="seen")


@pytest.mark.parametrize("text", ["", "3", "3/", "/4", "3/x", "3/4/5", "-3/4", "3/99999999999"])
def test_a_document_is_named_by_type_and_number(text: str) -> None:
    with pytest.raises(InvalidInputError, match="expected type/number"):
        document_of(Part.INVOICE, text)


def test_the_half_of_a_document_follows_from_the_part() -> None:
    assert document_of(Part.INVOICE, " 3/481 ") == Document(Half.DOCUMENT, 3, 481)
    assert document_of(Part.RECEIPT, "1/77") == Document(Half.RECEIPT, 1, 77)


WRONG: list[tuple[str, Callable[[Desk, Any], object], Any]] = [
    ("1", lambda desk, wrong: asked(desk, details=wrong), {1: 2}),
    ("2", lambda desk, wrong: asked(desk, lines=wrong), [{"line": 1, 2: 3}]),
    ("actor", lambda desk, wrong: asked(desk, actor=wrong), 5),
    ("key", lambda desk, wrong: desk.refund(wrong), 5),
    ("key", lambda desk, wrong: desk.refund(wrong), "\ud800"),
    ("why", lambda desk, wrong: reduced(desk, why=wrong), []),
    ("key", lambda desk, wrong: reduced(desk, key=wrong), 5),
    ("sale", lambda desk, wrong: reduced(desk, sale=wrong), 5),
    (
        "part",
        lambda desk, wrong: desk.acknowledge("a", document="3/1", part=wrong, why="x"),
        "foo",
    ),
    (
        "document",
        lambda desk, wrong: desk.acknowledge("a", document=wrong, part=Part.INVOICE, why="x"),
        5,
    ),
    ("part", lambda desk, wrong: desk.happened("a", wrong, document="3/1", why="x"), "foo"),
    ("part", lambda desk, wrong: desk.send_again("a", wrong, why="x"), "foo"),
    ("why", lambda desk, wrong: desk.withdraw("a", why=wrong), 5),
    ("why", lambda desk, wrong: desk.reject("a", why=wrong), None),
    ("store", lambda _, wrong: Desk.open(wrong, company="acme", actor="dana"), None),
]


def asked(desk: Desk, **fields: Any) -> object:
    return desk.request(
        **{"key": "b", "original": SALE, "amount": "1.00", "reason": "complaint"} | fields
    )


def reduced(desk: Desk, **fields: Any) -> object:
    whole: dict[str, Any] = {"why": ReductionReason.EXPIRED, "amount": 100, "key": "k"} | fields
    return desk.reduce_credit("g", **whole)


def test_what_is_of_another_kind_is_refused_by_the_name_of_its_field() -> None:
    with ring() as house:
        house.import_all()
        asked(house.desk, key="a")
        position = house.desk.store.position()
        for field, act, wrong in WRONG:
            with pytest.raises(InvalidInputError) as caught:
                act(house.desk, wrong)
            assert caught.value.field == field
        assert house.desk.store.position() == position
