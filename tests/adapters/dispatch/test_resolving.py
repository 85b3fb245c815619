"""A person's decision is checked against the accounting system before it is recorded."""

from __future__ import annotations

import pytest

from refund_adapters.sandbox import faults
from refund_adapters.sandbox.switches import Switches
from refund_ledger.errors import (
    ClaimedError,
    NotFoundError,
    RefusedError,
    WrongStateError,
)
from refund_ledger.events import Learned, Part, RefundClosed, Resolved
from refund_ledger.originals import Document, Half
from refund_ledger.refund import PartStatus, Status
from support.ring import Ring, ring
from support.sandboxes import Api, document

SALE = "invoice_receipt:2/6923"
OTHER = "invoice_receipt:2/6930"
"""Another sale to the same customer."""


def in_doubt(house: Ring, *, key: str = "k", original: str = SALE, **fields: str) -> None:
    """Leave the invoice part of a refund in doubt, its document made, and in front of a person."""
    house.desk.request(key=key, original=original, reason="complaint", **fields)
    house.sandbox.faults.script("Document.Cancel", faults.ANSWER_LOST)
    house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
    house.dispatch(patience=300)


def made(house: Ring, number: int = -1) -> str:
    """The type and number of a credit document that our calls made, the newest first asked."""
    keys = [
        key
        for call in house.sandbox.log.calls
        if call.method.startswith("Document.")
        for _, key in call.made
    ]
    return f"{keys[number].type}/{keys[number].number}"


BLIND = Switches(
    status_for_cancels="absent",  # type: ignore[arg-type]
    cancel_comment="replaces",  # type: ignore[arg-type]
    list_shows_comments=False,
)
"""A server on which a look cannot tell a cancel's document from others."""


def test_the_document_that_a_person_names_is_read_and_recorded_with_its_evidence() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        in_doubt(house)

        house.desk.happened("k", Part.INVOICE, document=made(house), why="saw it")

        refund = house.desk.refund("k")
        events = house.desk.store.stream(refund.id)
        (decided,) = [event for event in events if isinstance(event, Resolved)]
        assert refund.invoice.status is PartStatus.CANCELLED
        assert refund.invoice.booked == 29250
        assert decided.why == "saw it"
        assert "292.50 ILS" in decided.evidence[0].said
        after = events[events.index(decided) + 1]
        assert getattr(after, "learned", None) is Learned.PERSON


def test_a_document_that_does_not_exist_is_refused() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        in_doubt(house)

        with pytest.raises(NotFoundError, match="does not exist"):
            house.desk.happened("k", Part.INVOICE, document="3/999999", why="typo")


def test_the_original_itself_is_not_its_own_counter_document() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        in_doubt(house)
        before = house.desk.store.position()

        with pytest.raises((ClaimedError, RefusedError)):
            house.desk.happened("k", Part.INVOICE, document="2/6923", why="mixed up")

        assert house.desk.store.position() == before


def test_another_customers_document_is_refused() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        in_doubt(house)

        with pytest.raises(RefusedError, match="customer 1004's, not 1001's"):
            house.desk.happened("k", Part.INVOICE, document="3/801", why="wrong one")


def test_a_document_with_another_refunds_marker_is_refused() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="first", original=OTHER, amount="10.00", reason="complaint")
        house.dispatch()
        house.desk.request(key="k", original=SALE, reason="complaint")
        house.sandbox.faults.script("Document.Cancel", faults.DROPPED_BEFORE)
        house.dispatch(patience=300)

        with pytest.raises(RefusedError, match="marker of another refund"):
            house.desk.happened("k", Part.INVOICE, document=made(house), why="mixed up")


def test_a_document_that_serves_another_refund_is_refused_and_named() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        house.desk.request(key="first", original=OTHER, parts="invoice", reason="complaint")
        house.dispatch()
        in_doubt(house)

        with pytest.raises(ClaimedError, match="is already taken by"):
            house.desk.happened("k", Part.INVOICE, document=made(house, 0), why="mixed up")


def test_a_decision_on_an_older_look_is_refused() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        in_doubt(house)
        seen = house.desk.refund("k").version - 1

        with pytest.raises(WrongStateError, match="look at it again"):
            house.desk.happened("k", Part.INVOICE, document=made(house), why="late", seen=seen)


def test_closing_gives_back_what_a_fresh_look_proves_absent() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=SALE, reason="complaint")
        house.sandbox.faults.script("Document.Cancel", faults.DROPPED_BEFORE)
        house.dispatch(patience=300)

        house.desk.close_refund("k", why="settled otherwise")

        assert house.desk.refund("k").status is Status.CLOSED
        closed = house.desk.store.stream(house.desk.refund("k").id)[-1]
        assert isinstance(closed, RefundClosed)
        assert (closed.absent, closed.in_doubt) == ((Part.INVOICE,), ())
        assert "Document.List" in {seen.source for seen in closed.evidence}
        house.desk.request(key="again", original=SALE, reason="complaint")


def test_closing_before_a_look_can_prove_anything_keeps_what_is_reserved() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=SALE, reason="complaint")
        house.sandbox.faults.script("Document.Cancel", faults.DROPPED_BEFORE)
        house.dispatch(patience=0)

        house.desk.close_refund("k", why="in a hurry")

        assert house.desk.refund("k").invoice.status is PartStatus.IN_DOUBT
        with pytest.raises(RefusedError, match="nothing is left to refund"):
            house.desk.request(key="again", original=SALE, reason="complaint")


def test_a_refund_whose_document_is_there_is_not_closed() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=SALE, reason="complaint")
        house.sandbox.faults.script("Document.Cancel", faults.ANSWER_LOST)
        house.dispatch(patience=0)
        house.clock.advance(3600)

        with pytest.raises(RefusedError, match="did happen"):
            house.desk.close_refund("k", why="gave up")


def test_a_document_that_was_recorded_as_something_else_lets_its_refund_be_closed() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=SALE, amount="50.00", reason="complaint")
        house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
        house.dispatch(patience=0)
        house.desk.record_outside(
            part="invoice",
            document=made(house),
            customer_id="1001",
            amount="50.00",
            currency="ILS",
            issued_on=str(house.clock().date()),
            read_from="a clerk",
            original=SALE,
        )
        house.dispatch()
        with pytest.raises(ClaimedError, match=r"taken by outside\.refund_recorded"):
            house.desk.happened("k", Part.INVOICE, document=made(house), why="it is there")

        house.desk.close_refund("k", why="a clerk recorded it as made by hand")
        house.clock.advance(7 * 24 * 3600)
        house.dispatch()

        refund = house.desk.refund("k")
        closed = next(e for e in house.desk.store.stream(refund.id) if isinstance(e, RefundClosed))
        assert (closed.absent, closed.in_doubt) == ((Part.INVOICE,), ())
        assert "outside.refund_recorded" in closed.evidence[-1].said
        assert house.desk.questions.pending() == ()
        assert house.desk.questions.calls_left() == ()
        with pytest.raises(RefusedError):
            house.desk.request(key="more", original=SALE, amount="242.51", reason="complaint")
        house.desk.request(key="rest", original=SALE, amount="242.50", reason="complaint")


def test_a_decision_needs_its_reason() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        in_doubt(house)

        with pytest.raises(RefusedError, match="say why"):
            house.desk.send_again("k", Part.INVOICE, why=" ")


def test_a_document_older_than_the_call_is_refused() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        in_doubt(house, original="invoice:1/5003", parts="invoice")

        # The same customer's, and no refund's: but it was there a month before the call.
        with pytest.raises(RefusedError, match="document 3/801 is older than the call"):
            house.desk.happened("k", Part.INVOICE, document="3/801", why="it looks right")


def test_a_document_of_the_day_of_the_call_is_taken_in_any_time_zone() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        # Late in the evening here is early on the next day where the documents are dated.
        house.clock.advance(12.5 * 3600)
        in_doubt(house)

        house.desk.happened("k", Part.INVOICE, document=made(house), why="saw it")

        assert house.desk.refund("k").invoice.status is PartStatus.CANCELLED


def test_a_document_in_another_currency_is_refused() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        item = {"quantity": 1, "price_nis": -100, "description": "credit"}
        shekels = Api(house.sandbox).ok(
            "Document.New", **document(item, document_type=3, customer_id=1005)
        )
        in_doubt(house, original="invoice_receipt:2/6928")

        with pytest.raises(RefusedError, match="is in ILS, the refund in USD"):
            house.desk.happened(
                "k", Part.INVOICE, document=f"3/{shekels['document_number']}", why="mixed up"
            )


def test_a_receipt_is_not_the_document_of_an_invoice_part() -> None:
    with ring(switches=BLIND) as house:
        house.import_all()
        in_doubt(house)
        refund, resolver = house.desk.refund("k"), house.desk._resolver()
        receipt = Document(Half.RECEIPT, 1, 3007)

        with pytest.raises(RefusedError, match="booked as a document, not as a receipt"):
            resolver.happened(
                refund.id,
                house.desk.stamp(),
                Part.INVOICE,
                receipt,
                why="mixed up",
                seen=refund.version,
            )


def booked_by_hand(house: Ring, part: Part, amount: int) -> str:
    """Book a document of a part by hand: a sale or money received, or with a minus a credit."""
    books = Api(house.sandbox)
    if part is Part.RECEIPT:
        return f"1/{books.receipt(amount, customer_id=1001)}"
    kind = 3 if amount < 0 else 1
    item = {"quantity": 1, "price_nis": amount, "description": "by hand"}
    return f"{kind}/{books.invoice(item, document_type=kind, customer_id=1001)}"


def never_made(house: Ring, part: Part) -> None:
    """Leave the only part of a refund in front of a person, its document never made."""
    house.import_all()
    house.desk.request(key="k", original=SALE, parts=part.value, reason="complaint")
    method = "Document.Cancel" if part is Part.INVOICE else "Receipt.Cancel"
    house.sandbox.faults.script(method, faults.HTML_500_BEFORE)
    house.dispatch(patience=300)


@pytest.mark.parametrize("part", Part)
def test_a_sale_or_money_received_gives_nothing_back(part: Part) -> None:
    with ring(switches=BLIND) as house:
        never_made(house, part)
        named = booked_by_hand(house, part, 292)

        with pytest.raises(RefusedError, match="a sale or money received: it gives nothing back"):
            house.desk.happened("k", part, document=named, why="I saw it")

        assert house.desk.refund("k").part(part).status is PartStatus.IN_DOUBT


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("in_lists", ["negative", "positive"])
@pytest.mark.parametrize("in_details", ["negative", "positive"])
@pytest.mark.parametrize("flag", [True, False], ids=["flagged", "not flagged"])
def test_what_gives_something_back_is_taken_however_it_is_shown(
    part: Part, in_lists: str, in_details: str, *, flag: bool
) -> None:
    shown = BLIND.with_(
        credit_sign_list=in_lists,
        credit_sign_details=in_details,
        credit_carries_is_cancelled=flag,
        cancelled_flag_on_receipts=flag,
        is_cancelled_after_partial_credit="when_partial",
    )
    with ring(switches=shown) as house:
        never_made(house, part)
        named = booked_by_hand(house, part, -292)

        house.desk.happened("k", part, document=named, why="I saw it")

        events = house.desk.store.stream(house.desk.refund("k").id)
        (decided,) = [event for event in events if isinstance(event, Resolved)]
        tells = part is Part.INVOICE or "negative" in {in_lists, in_details}
        assert house.desk.refund("k").part(part).status is PartStatus.CANCELLED
        assert ("a credit or money given back" in decided.evidence[0].said) is tells
        assert ("nothing tells" in decided.evidence[0].said) is not tells


def test_a_flag_is_told_and_refuses_nothing() -> None:
    with ring(switches=BLIND.with_(credit_carries_is_cancelled=True)) as house:
        house.import_all()
        in_doubt(house)

        house.desk.happened("k", Part.INVOICE, document=made(house), why="saw it")

        events = house.desk.store.stream(house.desk.refund("k").id)
        (decided,) = [event for event in events if isinstance(event, Resolved)]
        assert decided.evidence[0].said.endswith("money given back, shown as cancelled")
