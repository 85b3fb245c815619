"""Looking: ours is found by marker or by our reference, what merely fits is not taken."""

from dataclasses import replace
from typing import Any

import pytest

from refund_adapters.accounting import Absent, Call, Finding, Found, Unclear
from refund_adapters.rivhit import Rivhit
from refund_adapters.rivhit.translation import call_of
from refund_adapters.sandbox.faults import ANSWER_LOST, EXECUTED_TWICE, HTML_500_BEFORE
from refund_ledger.events import Part, RefundRequested
from support.garbled import garble
from support.loopback import envelope, no_data, scripted
from support.rivhits import (
    AT,
    OTHER_REFUND,
    Company,
    company,
    offline,
    partial,
    refund,
    settings,
    submitted,
)
from support.sandboxes import TOKEN

BLIND: dict[str, Any] = {"status_retention_seconds": 1, "status_lag_seconds": 2}
"""Switches under which Status never knows anything."""
BOTH_WAYS = [pytest.param(refund(), id="cancel"), pytest.param(partial(), id="new")]
PARTS = pytest.mark.parametrize("part", Part)


def look(there: Company, call: Call, **given: Any) -> Finding:
    """Look for a call, and check that nothing said reveals token or name."""
    finding = there.rivhit.look(submitted(call, **given))
    said = repr(finding)
    assert finding.evidence
    assert TOKEN not in said
    assert "כהן" not in said
    return finding


def manual(there: Company, amount: int = -117, comments: str = "", **dated: str) -> None:
    """Let a clerk book a credit and a payment back by hand."""
    item = {"quantity": 1, "price_nis": amount, "description": "x"}
    there.api.invoice(item, document_type=3, comments=comments or None, **dated)
    there.api.receipt(amount, comments=comments or None, **dated)


@PARTS
@pytest.mark.parametrize("request_", BOTH_WAYS)
def test_a_call_that_was_never_carried_out_is_absent(request_: RefundRequested, part: Part) -> None:
    with company() as there:
        call = there.rivhit.prepare(request_, part)
        assert isinstance(look(there, call), Absent)


@PARTS
@pytest.mark.parametrize("request_", BOTH_WAYS)
@pytest.mark.parametrize("status", [{}, BLIND], ids=["status", "no status"])
@pytest.mark.parametrize("shown", [True, False], ids=["comments", "no comments"])
def test_a_lost_answer_is_found_by_reference_or_marker(
    request_: RefundRequested, part: Part, status: dict[str, Any], *, shown: bool
) -> None:
    switches = status | {"list_shows_comments": shown, "details_shows_comments": True}
    with company(**switches) as there:
        call = there.send(request_, part)
        finding = look(there, call)
        made = there.api.sandbox.log.of(call.method)[-1].made
    assert isinstance(finding, Found)
    assert finding.document.key[1:] == tuple(made[0][1])
    assert finding.booked == (29250 if request_ == refund() else 11700)


@PARTS
def test_two_refunds_of_equal_amount_on_one_original_are_not_taken_for_each_other(
    part: Part,
) -> None:
    with offline(**BLIND) as there:
        theirs = there.send(partial(originator_id=OTHER_REFUND), part)
        ours = there.rivhit.prepare(partial(), part)
        assert isinstance(look(there, ours), Absent)
        there.rivhit.send(ours)
        mine, other = look(there, ours), look(there, theirs)
    assert isinstance(mine, Found)
    assert isinstance(other, Found)
    assert mine.document.number == other.document.number + 1


@PARTS
@pytest.mark.parametrize("sign", ["positive", "negative"])
@pytest.mark.parametrize("shown", [True, False], ids=["comments", "no comments"])
def test_a_document_of_the_same_amount_and_day_is_not_ours(
    part: Part, sign: str, *, shown: bool
) -> None:
    with offline(credit_sign_list=sign, list_shows_comments=shown, **BLIND) as there:
        manual(there)
        finding = look(there, there.rivhit.prepare(partial(), part))
    if part is Part.RECEIPT and sign == "positive":
        assert isinstance(finding, Absent)
    else:
        assert isinstance(finding, Unclear)
        assert finding.for_person
        assert "fits, but carries no marker" in finding.why


@pytest.mark.parametrize("order", ["by_number", "oldest_first", "newest_first"])
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
@PARTS
def test_ours_is_found_in_a_list_that_is_cut_whatever_its_order(
    part: Part, limit: int, order: str
) -> None:
    with offline(list_limit=limit, list_order=order, **BLIND) as there:
        manual(there, -5)
        there.api.clock.advance(60)
        call = there.send(partial(), part)
        # Made after ours and dated before or after it: in a list by date, its number is no end.
        for day in ("21", "21", "23", "23"):
            there.api.clock.advance(60)
            manual(there, -5, issue_date=f"{day}/11/2026")
        assert isinstance(look(there, call), Found)


@PARTS
def test_ours_is_found_beside_a_document_that_only_fits(part: Part) -> None:
    with offline(**BLIND) as there:
        manual(there)
        finding = look(there, there.send(partial(), part))
    assert isinstance(finding, Found)


@PARTS
def test_a_document_of_another_amount_or_customer_is_no_fit(part: Part) -> None:
    with offline() as there:
        manual(there, -50)
        there.api.receipt(-117, customer_id=1002)
        assert isinstance(look(there, there.rivhit.prepare(partial(), part)), Absent)


def test_a_document_of_today_is_no_fit_for_a_call_of_another_week() -> None:
    with offline(**BLIND) as there:
        manual(there)
        there.api.clock.advance(7 * 86_400)
        call = submitted(there.rivhit.prepare(partial(), Part.INVOICE))
        late = replace(call, first_sent_at=there.api.clock())
        assert isinstance(there.rivhit.look(late), Absent)


@PARTS
def test_a_comment_that_the_server_drops_leaves_the_decision_to_a_person(part: Part) -> None:
    with offline(cancel_comment="ignored", status_for_cancels="absent") as there:
        finding = look(there, there.send(refund(), part))
    assert isinstance(finding, Unclear)
    assert finding.for_person


@PARTS
@pytest.mark.parametrize("comment", ["joins", "replaces", "ignored"])
def test_status_finds_a_cancel_whatever_became_of_its_comment(part: Part, comment: str) -> None:
    with offline(cancel_comment=comment) as there:
        assert isinstance(look(there, there.send(refund(), part)), Found)


def test_a_bare_flag_is_for_a_person() -> None:
    with offline(list_lag_seconds=1000, status_for_cancels="absent") as there:
        finding = look(there, there.send(refund(), Part.INVOICE))
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert "nothing says by which document" in finding.why


def test_two_documents_with_our_marker_are_for_a_person() -> None:
    with offline(EXECUTED_TWICE) as there:
        finding = look(there, there.send(partial(), Part.INVOICE))
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert "both" in finding.why


def test_all_documents_of_a_part_are_traced_however_many_there_are() -> None:
    with offline(EXECUTED_TWICE) as there:
        call = there.send(partial(), Part.INVOICE)
        traces = there.rivhit.traces(submitted(call))
    assert [document.number for document, _ in traces.documents] == [802, 803]
    assert [booked for _, booked in traces.documents] == [11700, 11700]
    assert traces.complete


@PARTS
@pytest.mark.parametrize(
    "source", ["Status.AllRequests/JSON", "{half}.List", "{half}.Details"], ids=str
)
def test_a_source_that_cannot_be_read_leaves_it_open(part: Part, source: str) -> None:
    method = source.format(half=part.half.value.title())
    with offline(*[HTML_500_BEFORE] * 9, on=method) as there:
        call = there.rivhit.prepare(refund(), part)
        finding = look(there, call)
        traces = there.rivhit.traces(submitted(call))
    assert isinstance(finding, Unclear)
    assert not finding.for_person
    assert not traces.complete
    assert not finding.answered
    assert not traces.answered
    assert method.split("/")[0] in finding.why


def test_an_answer_still_being_made_is_no_absence() -> None:
    running = envelope([], code=-90006, debug="-90006 : SANDBOX_STILL_RUNNING", status=500)
    call = call_of(partial(), Part.INVOICE, settings())
    with scripted(running, no_data()) as server, Rivhit(settings(server.url)) as rivhit:
        finding, traces = rivhit.look(submitted(call)), rivhit.traces(submitted(call))
    assert isinstance(finding, Unclear)
    assert not finding.for_person
    assert finding.answered
    assert traces.answered


def test_a_refusal_stored_as_the_last_answer_does_not_hide_the_success_before_it() -> None:
    with offline(ANSWER_LOST) as there:
        call = there.send(partial(), Part.INVOICE)
        there.rivhit.send(there.rivhit.prepare(partial(), Part.INVOICE))
        finding = look(there, call)
    assert isinstance(finding, Found)
    assert any("-107" in each.said for each in finding.evidence)


def test_a_foreign_refund_is_found_with_what_it_was_booked_with() -> None:
    asked = partial(
        currency="USD",
        exchange_rate="3.65",
        customer_id="1005",
        sale="invoice_receipt:2/6928",
        receipt="invoice_receipt:2/6928",
    )
    with offline(**BLIND) as there:
        call = there.send(asked, Part.INVOICE)
        finding = look(there, call, currency="USD", customer_id="1005")
    assert isinstance(finding, Found)
    assert finding.booked == 11700


def status(*stored: str, then: bytes) -> Finding:
    """Look where Status holds these answers and everything else gives one answer."""
    call = call_of(partial(), Part.INVOICE, settings())
    with scripted(envelope(list(stored)), then) as server, Rivhit(settings(server.url)) as rivhit:
        return rivhit.look(submitted(call))


def stored(number: int = 801, customer_id: int = 1001) -> str:
    """Write an answer as Status holds it."""
    data = f'{{"document_type":3,"document_number":{number},"customer_id":{customer_id}}}'
    return f'{{"error_code":0,"client_message":"","debug_message":"","data":{data}}}'


@pytest.mark.parametrize("answer", ["not json", "", "<html>", "5", "[]"])
def test_a_stored_answer_that_cannot_be_read_is_for_a_person(answer: str) -> None:
    finding = status(answer, then=no_data())
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert finding.why == "Status.AllRequests answered, and what it said cannot be read"
    assert any("could not be read: a stored answer" in each.said for each in finding.evidence)


def test_a_stored_answer_that_cannot_be_read_hides_no_document_with_our_marker() -> None:
    with offline(ANSWER_LOST) as there:
        call = there.send(partial(), Part.INVOICE)
        garble(there.rivhit, "Status.AllRequests/JSON", ["<html>an old answer</html>"])
        finding = look(there, call)
    assert isinstance(finding, Found)


@pytest.mark.parametrize(
    ("method", "data"),
    [
        ("Document.Details", {"document_total": "much"}),
        ("Document.List", {"rows": []}),
        ("Document.List", {"document_list": [{"document_type": 3}]}),
    ],
)
def test_an_answer_of_another_shape_is_for_a_person_and_never_an_absence(
    method: str, data: object
) -> None:
    with offline() as there:
        call = there.rivhit.prepare(refund(), Part.INVOICE)
        garble(there.rivhit, method, data)
        finding = look(there, call)
        traces = there.rivhit.traces(submitted(call))
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert finding.why.startswith(f"{method} answered, and what it said cannot be read")
    assert any("cannot be read (" in e.said or "no list" in e.said for e in finding.evidence)
    assert (traces.documents, traces.complete) == ((), True)


@pytest.mark.parametrize("data", [{}, "text", [1], [{"error_code": 0}]])
def test_a_status_that_is_no_list_of_answers_is_for_a_person(data: object) -> None:
    call = call_of(partial(), Part.INVOICE, settings())
    with scripted(envelope(data), no_data()) as server, Rivhit(settings(server.url)) as rivhit:
        finding = rivhit.look(submitted(call))
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert any("is not a list of answers" in each.said for each in finding.evidence)


def test_more_stored_answers_than_are_read_are_for_a_person() -> None:
    with offline(given={"look_at_most": 1}) as there:
        call = there.send(partial(), Part.INVOICE)
        there.rivhit.send(call)
        finding = look(there, call)
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert "2 answers" in finding.why


def test_a_stored_success_that_names_no_document_is_for_a_person() -> None:
    finding = status(stored(number=0), then=no_data())
    assert isinstance(finding, Unclear)
    assert finding.for_person


def test_a_stored_success_whose_document_does_not_exist_is_for_a_person() -> None:
    finding = status(stored(), then=no_data())
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert "does not exist" in finding.why


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"customer_id": 7}, "belongs to customer 7"),
        ({"currency_id": 2}, "is in USD"),
        ({"comments": f"[RL:{OTHER_REFUND.hex}-I]"}, "marker of another refund"),
    ],
)
def test_a_document_that_says_otherwise_is_not_taken_from_status(
    members: dict[str, object], why: str
) -> None:
    shown = {
        "customer_id": 1001,
        "document_type": 3,
        "document_number": 801,
        "document_date": "22/11/2026",
        "total_vat": 0,
        "total_without_vat": 0,
        "document_total": -117,
        "comments": "",
    }
    call = call_of(partial(), Part.INVOICE, settings())
    answers = (envelope([stored()]), envelope(shown | members), no_data())
    with scripted(*answers) as server, Rivhit(settings(server.url)) as rivhit:
        finding = rivhit.look(submitted(call))
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert why in finding.why


def test_an_original_that_does_not_exist_is_for_a_person() -> None:
    call = call_of(refund(), Part.INVOICE, settings())
    with scripted(no_data()) as server, Rivhit(settings(server.url)) as rivhit:
        finding = rivhit.look(submitted(call))
    assert isinstance(finding, Unclear)
    assert finding.for_person


def test_more_fits_than_are_opened_one_by_one_are_for_a_person() -> None:
    with offline(given={"look_at_most": 2}, list_shows_comments=False, **BLIND) as there:
        for _ in range(4):
            manual(there, comments="[RL:ffffffffffffffffffffffffffffffff-I]")
        finding = look(there, there.rivhit.prepare(partial(), Part.INVOICE))
        opened = there.api.sandbox.log.of("Document.Details")
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert len(opened) == 2


def test_the_first_call_of_the_look_is_dated_as_the_call_was() -> None:
    call = submitted(call_of(partial(), Part.INVOICE, settings()))
    assert call.first_sent_at == AT
    with scripted(no_data()) as server, Rivhit(settings(server.url), now=lambda: AT) as rivhit:
        rivhit.look(call)
        (asked,) = server.bodies("Document.List")
    assert (asked["from_date"], asked["to_date"]) == ("21/11/2026", "23/11/2026")
    assert asked["from_customer_id"] == asked["to_customer_id"] == 1001
    assert asked["from_document_type"] == asked["to_document_type"] == 3
