"""What every refund waits for, replayed, and why in words."""

from datetime import timedelta

import pytest
from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import InvariantError
from refund_ledger.events import How, Part, ReductionReason
from refund_ledger.explaining import Explanation
from refund_ledger.outside import Outside
from refund_ledger.policies import Terms
from refund_ledger.refund import Refund, Status, Waits, calls_due
from refund_projections.calls_due import Pending, Waiting, fold, pending


def sale_asked_back(terms: Terms | None = None) -> Company:
    company = Company(terms or Terms())
    company.ask("k", original=str(company.cash_sale(1, 1_000)))
    return company


def test_a_refund_that_is_closed_again_by_one_command_is_watched_all_the_same() -> None:
    company = sale_asked_back()
    (refund,) = company.refunds
    company.submit(refund, Part.INVOICE)
    company.doubt(refund, Part.INVOICE)
    company.close(refund)
    company.not_sent(refund, Part.INVOICE)
    last, before = company.events()[-1], company.events()[-2]
    assert (before.TOPIC, last.TOPIC) == ("refund.call_not_sent", "refund.closed")
    assert before.command_id == last.command_id
    assert fold(company.events()).due(COMPANY) == calls_due(company.refund(refund))
    assert [call.waits for call in company.store.due(COMPANY, *Waits)] == [Waits.WATCH]


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
    assert one.what_to_do == "somebody else than dana approves it, or anybody rejects it"
    assert fold(company.events()).due(COMPANY) == ()


def test_an_attempt_that_never_left_says_why() -> None:
    company = sale_asked_back()
    company.submit(company.refunds[0], Part.INVOICE)
    company.not_sent(company.refunds[0], Part.INVOICE)
    one = only(company)
    assert one.why == "the last attempt was not carried out: connection refused"
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
    assert [(one.status, one.part, one.document) for one in replayed] == [
        ("alert", Part.INVOICE, ""),
        ("unexplained", Part.INVOICE, "document 3/483"),
        ("alert", Part.RECEIPT, ""),
        ("unexplained", Part.RECEIPT, "receipt 3/484"),
    ]
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
    statuses = sorted((one.status, one.key) for one in found)
    assert statuses == [("alert", "k"), ("due", "k"), ("unexplained", "k")]
    of_refund = [one for one in found if one.status != "unexplained"]
    told = pending(company.refund(refund), {"invoice_receipt:2/1"})
    assert sorted(map(str, of_refund)) == sorted(map(str, told))
    (due,) = [one for one in found if one.status == "due"]
    assert due.why == "more was booked than invoice-receipt 2/1 had; no call goes out"
    assert due.what_to_do == "explain what was booked beyond it; then `dispatch` sends it"


def test_what_was_booked_beyond_an_original_waits_until_it_is_explained() -> None:
    company = sale_asked_back()
    refund = company.refunds[0]
    company.submit(refund, Part.INVOICE)
    company.answer(refund, Part.INVOICE, booked=1_200)
    company.submit(refund, Part.RECEIPT)
    company.answer(refund, Part.RECEIPT)
    (one,) = fold(company.events()).pending(COMPANY)
    assert (one.status, one.part, one.waits, one.key) == ("unexplained", Part.INVOICE, None, "")
    assert (one.refund, one.document, one.customer_id) == (refund, "document 3/481", "7")
    assert one.why == (
        "document 3/481: 0.30 ILS beyond what invoice-receipt 2/1 had and 0.30 ILS without a place "
        "in the books"
    )
    assert one.what_to_do == (
        "look at it in the accounting system, then `discrepancy explain invoice 3/481`"
    )
    document = company.refund(refund).invoice.documents[0]
    told = Explanation(
        company=COMPANY,
        reference="because",
        document=document,
        how=How.ACCEPTED,
        why="agreed by phone",
    )
    part_of_it = told.model_copy(update={"amount": 10, "reference": "a part"})
    company.ledger.explain(part_of_it, company.stamp("avi"), refund=refund)
    (left,) = fold(company.events()).pending(COMPANY)
    assert left.why.startswith("document 3/481: 0.20 ILS beyond")
    assert left.since == one.since
    company.ledger.explain(told, company.stamp("avi"), refund=refund)
    assert fold(company.events()).pending(COMPANY) == ()
    assert fold(company.events()).discrepancies == ()


def test_money_that_took_credit_is_only_beyond_its_payments() -> None:
    company = Company()
    sale = company.cash_sale(1, 100)
    refund = company.ask("k", original=str(sale), amount=30, parts="receipt")
    company.submit(refund, Part.RECEIPT)
    company.doubt(refund, Part.RECEIPT)
    company.close(refund, absent=frozenset({Part.RECEIPT}))
    company.finish(company.ask("other", original=str(sale), parts="receipt"))
    company.grant("old", 40)
    why = ReductionReason.USED_ON_SALE
    company.ledger.reduce_credit("old", company.stamp(), why=why, amount=40, sale=sale)
    company.answer(refund, Part.RECEIPT)
    found = fold(company.events()).pending(COMPANY)
    (one,) = [one for one in found if one.status == "unexplained"]
    assert one.why == "receipt 3/482: 0.30 ILS beyond what invoice-receipt 2/1 had"


def test_what_belongs_to_no_refund_is_named_by_its_document_or_credit() -> None:
    company = Company()
    company.grant("old", 100)
    why = ReductionReason.EXPIRED
    company.ledger.reduce_credit("old", company.stamp(), why=why, amount=130)
    found = Outside(
        company=COMPANY,
        part=Part.RECEIPT,
        series=1,
        number=9,
        customer_id="7",
        currency="ILS",
        amount=50,
        issued_on=company.now.date(),
        read_from="a list",
    )
    company.ledger.record_outside(found, company.stamp("import"))
    grant, receipt = fold(company.events()).pending(COMPANY)
    assert (grant.refund, grant.key, grant.part) == (None, "", None)
    assert grant.why == "grant old: 0.30 ILS without a place in the books"
    assert grant.what_to_do.endswith("`discrepancy explain grant old`")
    assert (receipt.refund, receipt.part, receipt.document) == (None, Part.RECEIPT, "receipt 1/9")
    assert receipt.what_to_do.endswith("`discrepancy explain receipt 1/9`")
    assert fold(company.events()).pending("other") == ()


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


def test_a_document_of_a_call_that_was_taken_back_is_watched() -> None:
    company = sale_asked_back()
    refund = company.refunds[0]
    company.submit(refund, Part.INVOICE)
    company.doubt(refund, Part.INVOICE)
    company.not_sent(refund, Part.INVOICE)
    company.ledger.withdraw(refund, company.stamp())
    company.grant("later", 1)
    assert fold(company.events()).due(COMPANY) == ()
    company.answer(refund, Part.INVOICE)
    assert company.events()[-1].TOPIC == "refund.late_success_found"
    assert fold(company.events()).due(COMPANY) == tuple(company.store.due(COMPANY, *Waits))


def test_ends_of_one_long_command_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refund_projections.calls_due.MOST_OVER", 0)
    company = sale_asked_back()
    (refund,) = company.refunds
    company.ledger.withdraw(refund, company.stamp())
    company.grant("later", 1)
    waiting, left = Waiting(), list[int]()
    for event in company.events():
        waiting.add(event.model_copy(update={"command_id": "one"}))
        left.append(len(waiting.refunds))
    assert left == [0, 1, 1, 0]


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
    told = [one for one in waiting.pending(COMPANY) if one.status != "unexplained"]
    assert {one.refund for one in told} == {
        id_ for id_, refund in refunds.items() if is_unsettled(refund)
    }
    assert waiting.refunds == {
        id_: refund for id_, refund in refunds.items() if id_ in waiting.refunds
    }
    assert len(told) == sum(len(pending(one)) for one in refunds.values())
    alerts = {AccountKind.EXCESS, AccountKind.UNEXPLAINED}
    beyond = {
        account.subject for account, _ in company.store.sums(COMPANY) if account.kind in alerts
    }
    unexplained = waiting.discrepancies
    assert len(waiting.pending(COMPANY)) == len(told) + len(unexplained)
    assert beyond <= {one.original for one in unexplained} | {one.source for one in unexplained}


def is_unsettled(refund: Refund) -> bool:
    calls = [call for call in calls_due(refund) if call.waits is not Waits.WATCH]
    return bool(refund.status is Status.AWAITING_APPROVAL or calls or refund.alerts)
