"""The dispatcher sends each part at most once and records whatever came of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from refund_adapters.dispatch.dispatcher import LONGEST_BUSY
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.faults import Fault
from refund_adapters.sandbox.refusals import Refusal
from refund_adapters.sandbox.switches import Switches
from refund_ledger import calling
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import StreamMovedError
from refund_ledger.events import CallInDoubt, CallSubmitted, Learned, Part, ReceiptPartCancelled
from refund_ledger.refund import PartStatus, Status, Waits
from refund_ledger.storing import Append
from support.ring import COMPANY, Ring, ring

CASH_SALE = "invoice_receipt:2/6923"
WRITES = ("Document.Cancel", "Document.New", "Receipt.Cancel", "Receipt.New")


def writes(house: Ring) -> list[str]:
    """The methods of the writes that arrived at the server, in order."""
    return [call.method for call in house.sandbox.log.calls if call.method in WRITES]


def test_a_whole_cash_sale_is_cancelled_by_two_calls_invoice_first() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=CASH_SALE, reason="returned_goods")

        house.dispatch()

        assert writes(house) == ["Document.Cancel", "Receipt.Cancel"]
        assert house.desk.refund("k").status is Status.COMPLETED


def test_a_part_of_a_cash_sale_is_two_new_documents() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=CASH_SALE, amount="10.01", reason="complaint")

        house.dispatch()

        assert writes(house) == ["Document.New", "Receipt.New"]
        assert house.desk.refund("k").receipt.booked == 1001


@pytest.mark.parametrize(
    "fault",
    [
        faults.ANSWER_LOST,
        faults.HTML_500_AFTER,
        faults.UNAVAILABLE_AFTER,
        faults.DATABASE_FAILED_AFTER,
        faults.TRUNCATED,
        faults.CUT,
        faults.EMPTY_ANSWER,
        faults.slow_after(100),
        faults.slow_before(100),
    ],
    ids=lambda fault: fault.name,
)
@pytest.mark.parametrize("amount", [None, "10.00"], ids=["cancel", "new"])
def test_a_lost_answer_is_found_again_and_nothing_is_sent_twice(
    fault: Fault, amount: str | None
) -> None:
    with ring() as house:
        house.import_all()
        fields = {} if amount is None else {"amount": amount}
        house.desk.request(key="k", original=CASH_SALE, reason="complaint", **fields)
        for method in WRITES:
            house.sandbox.faults.script(method, fault)

        house.dispatch()

        refund = house.desk.refund("k")
        assert refund.status is Status.COMPLETED
        assert len(writes(house)) == 2
        parts = [
            e for e in house.desk.store.stream(refund.id) if isinstance(e, ReceiptPartCancelled)
        ]
        assert [part.learned for part in parts] == [Learned.LOOK_UP]


@pytest.mark.parametrize(
    "fault", [faults.DROPPED_BEFORE, faults.HTML_500_BEFORE, faults.TOO_MANY_REQUESTS]
)
def test_a_new_document_is_sent_again_once_its_absence_is_proven(fault: Fault) -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=CASH_SALE, amount="10.00", reason="complaint")
        house.sandbox.faults.script("Document.New", fault)

        house.dispatch()

        refund = house.desk.refund("k")
        submitted = [e for e in house.desk.store.stream(refund.id) if isinstance(e, CallSubmitted)]
        resent = submitted[1]
        assert refund.status is Status.COMPLETED
        assert writes(house) == ["Document.New", "Document.New", "Receipt.New"]
        assert resent.reference == submitted[0].reference
        assert resent.evidence
        assert resent.looked_from is not None
        settled = submitted[0].send_by + timedelta(seconds=house.rivhit.settle_seconds)
        assert resent.looked_from >= settled


def test_an_absent_cancel_waits_for_a_person_unless_the_policy_says_otherwise() -> None:
    for resend in (False, True):
        with ring(resend_cancels=resend) as house:
            house.import_all()
            house.desk.request(key="k", original=CASH_SALE, reason="complaint")
            house.sandbox.faults.script("Document.Cancel", faults.DROPPED_BEFORE)

            house.dispatch()

            sent = writes(house).count("Document.Cancel")
            waits = house.desk.store.due("acme", Waits.PERSON)
            assert (sent, len(waits)) == ((2, 0) if resend else (1, 1))


def test_a_person_lets_an_absent_cancel_go_out_once_more() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=CASH_SALE, reason="complaint")
        house.sandbox.faults.script("Document.Cancel", faults.DROPPED_BEFORE)
        house.dispatch()

        house.desk.send_again("k", Part.INVOICE, why="looked in Rivhit, it is not there")
        house.dispatch()

        assert house.desk.refund("k").status is Status.COMPLETED
        assert writes(house) == ["Document.Cancel", "Document.Cancel", "Receipt.Cancel"]


def test_a_refusal_waits_for_a_person_and_books_nothing() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=CASH_SALE, amount="10.00", reason="complaint")
        house.sandbox.faults.script(
            "Document.New",
            faults.Fault(
                "refused",
                faults.Execution.NEVER,
                faults.Answer.REFUSAL,
                refusal=Refusal(-46, "COMMENTS_SIZE_TO_BIG"),
            ),
        )

        house.dispatch()

        refund = house.desk.refund("k")
        assert refund.invoice.status is PartStatus.REFUSED
        assert refund.invoice.refusal is not None
        assert refund.invoice.refusal.code.startswith("-46")
        assert [call.waits for call in house.desk.store.due("acme", Waits.PERSON)] == [Waits.PERSON]


def test_an_unreachable_server_spends_no_attempt_and_nothing_is_in_doubt() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=CASH_SALE, reason="complaint")
        house.network.is_down = True
        house.dispatch()
        before = house.desk.refund("k")

        house.network.is_down = False
        house.desk.dispatch()

        assert before.invoice.status is PartStatus.DUE
        assert house.desk.refund("k").status is Status.COMPLETED
        assert writes(house) == ["Document.Cancel", "Receipt.Cancel"]


def test_a_sender_that_was_held_up_past_its_time_does_not_send() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=CASH_SALE, reason="complaint")
        save = house.desk.store.append
        waits = iter([100.0])

        def slow_save(*batches: Append) -> None:
            save(*batches)
            events = [event for batch in batches for event in batch.events]
            if any(isinstance(event, CallSubmitted) for event in events):
                house.clock.advance(next(waits, 0.0))

        house.desk.store.append = slow_save  # type: ignore[method-assign]
        house.dispatch()

        assert writes(house) == ["Document.Cancel", "Receipt.Cancel"]
        assert [step.what for step in house.steps][:2] == ["submitted", "not sent"]


def test_a_call_whose_sender_died_is_in_doubt_after_its_time_and_then_looked_for() -> None:
    with ring() as house:
        house.import_all()
        refund = house.desk.request(key="k", original=CASH_SALE, reason="complaint").refund
        call = house.rivhit.prepare(refund.request, Part.INVOICE)
        send_by = house.clock() + timedelta(seconds=10)
        stamp = house.desk.stamp()
        house.desk.ledger.act(
            refund.id,
            lambda now, _: calling.submit(
                now,
                stamp,
                Part.INVOICE,
                method=call.method,
                reference=call.reference,
                marker=call.marker,
                request=call.request,
                digest=call.digest,
                send_by=send_by,
            ),
            on_version=refund.version,
        )
        house.rivhit.send(call)

        house.dispatch(patience=0)
        early = house.desk.refund("k").invoice.status
        house.dispatch()

        doubts = [e for e in house.desk.store.stream(refund.id) if isinstance(e, CallInDoubt)]
        assert early is PartStatus.SUBMITTED
        assert doubts[0].timestamp >= send_by + timedelta(seconds=house.rivhit.call_limit)
        assert house.desk.refund("k").status is Status.COMPLETED
        assert writes(house) == ["Document.Cancel", "Receipt.Cancel"]


def test_of_two_dispatchers_only_the_one_whose_save_wins_sends() -> None:
    with ring() as house:
        house.import_all()
        refund = house.desk.request(key="k", original=CASH_SALE, reason="complaint").refund
        house.desk.dispatcher().round()

        with pytest.raises(StreamMovedError):
            house.desk.ledger.act(refund.id, lambda *_: (), on_version=refund.version)

        assert writes(house).count("Document.Cancel") == 1


def test_calls_wait_while_an_excess_of_their_original_is_unexplained() -> None:
    with ring(switches=Switches()) as house:
        house.import_all()
        house.sandbox.faults.script("Document.Cancel", faults.EXECUTED_TWICE)
        house.desk.request(key="a", original=CASH_SALE, amount="10.00", reason="complaint")
        refund = house.desk.refund("a")
        house.desk.dispatcher().round()
        extra = refund.request
        # A second credit document of the same part turns up: more was booked than was asked.
        stamp = house.desk.stamp()
        doc = house.desk.refund("a").invoice.documents[0].model_copy(update={"number": 999_999})
        house.desk.ledger.fact(
            refund.id,
            lambda now, look: calling.succeeded(
                now, stamp, Part.INVOICE, doc, booked=29250, learned=Learned.LOOK_UP, look=look
            ),
        )

        house.dispatch()

        excess = house.desk.store.total("acme", AccountKind.EXCESS, subject=extra.sale)
        assert excess < 0
        assert house.desk.refund("a").receipt.status is PartStatus.DUE
        assert writes(house) == ["Document.New"]


def test_what_is_done_in_a_pause_is_done_without_one_too() -> None:
    with ring() as house:
        house.import_all()
        for number in range(60):
            house.desk.request(
                key=f"k{number}", original=CASH_SALE, amount="1.00", reason="complaint"
            )
        left: list[int] = []
        dispatcher = house.desk.dispatcher(watch=lambda _: house.clock.advance(2))
        dispatcher.idle = lambda: left.append(len(house.desk.store.due(COMPANY, Waits.SEND)))
        begun = house.clock.monotonic()

        dispatcher.run()

        busy = [due for due in left if due]
        assert left[-1] == 0
        assert 2 <= len(busy) <= (house.clock.monotonic() - begun) / LONGEST_BUSY
