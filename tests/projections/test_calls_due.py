"""What every refund waits for, replayed, and why in words."""

from datetime import timedelta

import pytest
from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_ledger.errors import InvariantError
from refund_ledger.events import Part
from refund_ledger.policies import Terms
from refund_ledger.refund import Refund, Status, Waits, calls_due
from refund_projections.calls_due import Pending, fold, pending


def sale_asked_back(terms: Terms | None = None) -> Company:
    company = Company(terms or Terms())
    company.ask("k", original=str(company.cash_sale(1, 1_000)))
    return company


def only(company: Company) -> Pending:
    """The one thing pending, told alike by a replay and by the loaded refund."""
    refund = company.refund(company.refunds[0])
    (replayed,) = fold(company.events()).pending(COMPANY)
    assert pending(refund) == (replayed,)
    assert (replayed.refund, replayed.key, replayed.customer_id) == (refund.id, "k", "7")
    return replayed


def test_a_request_waits_to_be_sent() -> None:
    company = sale_asked_back()
    one = only(company)
    assert (one.part, one.status, one.waits) == (Part.INVOICE, "due", Waits.SEND)
    assert one.why == "it is its turn to be sent"
    assert one.what_to_do == "`dispatch` sends it; until then it can be withdrawn"
    assert one.since == company.now


def test_a_large_request_waits_for_a_second_person() -> None:
    company = sale_asked_back(Terms(approval_above={"ILS": 100}))
    one = only(company)
    assert (one.part, one.status, one.waits) == (None, "awaiting approval", None)
    assert one.why == ("a second person has to agree: 11.70 ILS is above the limit of 1.00 ILS")
    assert one.what_to_do == ("somebody else than dana approves or rejects it, or it is withdrawn")
    assert fold(company.events()).due(COMPANY) == ()


def test_an_attempt_that_never_left_says_why() -> None:
    company = sale_asked_back()
    company.submit(company.refunds[0], Part.INVOICE)
    company.not_sent(company.refunds[0], Part.INVOICE)
    one = only(company)
    assert one.why == "the last attempt never left: connection refused"
    assert one.what_to_do == "`dispatch` sends it; until then it can be withdrawn"


def test_a_part_whose_other_part_is_booked_can_no_longer_be_withdrawn() -> None:
    company = sale_asked_back()
    company.submit(company.refunds[0], Part.INVOICE)
    company.answer(company.refunds[0], Part.INVOICE)
    assert only(company).what_to_do == "`dispatch` sends it"


def test_an_announced_call_waits_for_its_answer() -> None:
    company = sale_asked_back()
    company.submit(company.refunds[0], Part.INVOICE)
    one = only(company)
    assert (one.status, one.waits, one.since) == ("submitted", Waits.PARK, company.now)
    assert one.why == "a call was announced, and nobody has recorded its answer yet"
    assert one.what_to_do.startswith("wait; after 2026-03-01 08:03:10+00:00")


def test_a_call_in_doubt_is_looked_for() -> None:
    company = sale_asked_back()
    company.submit(company.refunds[0], Part.INVOICE)
    company.doubt(company.refunds[0], Part.INVOICE)
    one = only(company)
    assert (one.status, one.waits) == ("in doubt", Waits.LOOK)
    assert one.why == "it is not known what became of the call: no answer in time"
    assert one.since == company.now - timedelta(minutes=1)


def test_what_looking_did_not_settle_waits_for_a_person() -> None:
    company = sale_asked_back()
    company.submit(company.refunds[0], Part.INVOICE)
    company.doubt(company.refunds[0], Part.INVOICE, for_person=True)
    one = only(company)
    assert one.waits is Waits.PERSON
    assert one.why == "looking did not settle what became of the call: no answer in time"
    assert "`resolve`" in one.what_to_do


def test_a_refusal_waits_for_a_person() -> None:
    company = sale_asked_back()
    company.submit(company.refunds[0], Part.INVOICE)
    company.refuse(company.refunds[0], Part.INVOICE)
    one = only(company)
    assert (one.status, one.waits, one.since) == ("refused", Waits.PERSON, company.now)
    assert one.why == (
        "Attempt 1 to book the invoice part was refused: no such customer (code -12); "
        "nothing was booked"
    )


def test_a_finished_refund_waits_for_nothing_and_is_let_go() -> None:
    company = sale_asked_back()
    company.finish(company.refunds[0])
    waiting = fold(company.events())
    assert (waiting.refunds, waiting.due(COMPANY), waiting.pending(COMPANY)) == ({}, (), ())


def test_a_second_document_is_an_alert_until_somebody_has_seen_it() -> None:
    company = sale_asked_back()
    refund = company.refunds[0]
    company.finish(refund)
    second = company.answer(refund, Part.INVOICE)
    third = company.answer(refund, Part.RECEIPT)
    replayed = fold(company.events()).pending(COMPANY)
    assert [one.status for one in replayed] == ["alert", "alert"]
    assert replayed[0].key == ""
    assert replayed[0].what_to_do == (
        "look at document 3/483 in the accounting system, then acknowledge this"
    )
    assert [one.key for one in pending(company.refund(refund))] == ["k", "k"]
    company.ledger.acknowledge(refund, company.stamp(), second, why="reversed by hand")
    (left,) = fold(company.events()).alerts
    assert left.document == third
    assert fold(company.events()).pending("other") == ()


def test_an_alert_of_a_refund_that_still_waits_names_its_key() -> None:
    company = sale_asked_back()
    refund = company.refunds[0]
    company.submit(refund, Part.INVOICE)
    company.answer(refund, Part.INVOICE)
    company.answer(refund, Part.INVOICE)
    found = fold(company.events()).pending(COMPANY)
    assert sorted((one.status, one.key) for one in found) == [("alert", "k"), ("due", "k")]
    assert sorted(map(str, found)) == sorted(map(str, pending(company.refund(refund))))


def test_a_closed_refund_is_watched_while_a_part_is_in_doubt() -> None:
    company = sale_asked_back()
    refund = company.refunds[0]
    company.submit(refund, Part.INVOICE)
    company.doubt(refund, Part.INVOICE)
    company.close(refund)
    assert only(company).waits is Waits.LOOK
    company.refuse(refund, Part.INVOICE)
    company.close(refund)
    assert [call.waits for call in fold(company.events()).due(COMPANY)] == [Waits.WATCH]
    assert fold(company.events()).pending(COMPANY) == ()


def test_a_stream_without_its_request_is_damaged() -> None:
    company = sale_asked_back()
    company.submit(company.refunds[0], Part.INVOICE)
    torn = [event for event in company.events() if event.TOPIC != "refund.requested"]
    with pytest.raises(InvariantError, match="does not follow a request; the history is damaged"):
        fold(torn)


@given(histories)
def test_replayed_calls_are_the_live_ones(company: Company) -> None:
    live = company.store.due(COMPANY, *Waits)
    assert sorted(fold(company.events()).due(COMPANY), key=str) == sorted(live, key=str)


@given(histories)
def test_whatever_is_unsettled_is_pending_and_nothing_else(company: Company) -> None:
    waiting = fold(company.events())
    refunds = {refund: company.refund(refund) for refund in company.refunds}
    assert {one.refund for one in waiting.pending(COMPANY)} == {
        id_ for id_, refund in refunds.items() if is_unsettled(refund)
    }
    assert waiting.refunds == {
        id_: refund for id_, refund in refunds.items() if id_ in waiting.refunds
    }
    assert len(waiting.pending(COMPANY)) == sum(len(pending(one)) for one in refunds.values())


def is_unsettled(refund: Refund) -> bool:
    calls = [call for call in calls_due(refund) if call.waits is not Waits.WATCH]
    return bool(refund.status is Status.AWAITING_APPROVAL or calls or refund.alerts)
