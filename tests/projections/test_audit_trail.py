"""The audit trail leaves out nothing that an event holds."""

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.examples import EXAMPLES
from projections.histories import COMPANY, Company, histories
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import (
    CallSubmitted,
    Event,
    How,
    Part,
    ReductionReason,
    RefundRequested,
    event_classes,
)
from refund_ledger.explaining import Explanation
from refund_ledger.originals import Kind, OriginalRef
from refund_ledger.outside import Outside
from refund_ledger.postings import postings
from refund_projections.audit_trail import (
    AMOUNTS,
    COUNTS,
    IN_THE_NAME,
    LABELS,
    QUANTITIES,
    entry,
    of_customer,
    of_original,
    of_period,
    of_refund,
    within,
)

OWN_FIELDS = {
    name: field.annotation
    for cls in event_classes().values()
    for name, field in cls.model_fields.items()
    if name not in Event.model_fields
}


def unpostable(event: Event) -> bool:
    """The examples fill every field at once, so those that move money do not balance."""
    return event.TOPIC.startswith("refund.") or event.TOPIC == "original.recorded"


def told(event: Event, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    if unpostable(event):
        monkeypatch.setattr("refund_projections.audit_trail.postings", lambda _: ())
    found: dict[str, list[str]] = {}
    for label, text in entry(event).details:
        found.setdefault(label, []).append(text)
    return found


def test_every_field_of_every_event_has_a_label() -> None:
    assert LABELS.keys() | IN_THE_NAME == OWN_FIELDS.keys()


def test_every_whole_number_is_known_as_amount_quantity_or_count() -> None:
    whole = {name for name, kind in OWN_FIELDS.items() if holds_whole_number(kind)}
    assert whole == AMOUNTS | QUANTITIES | COUNTS | IN_THE_NAME


def holds_whole_number(annotation: Any) -> bool:
    return annotation is int or int in get_args(annotation)


@pytest.mark.parametrize("topic", sorted(event_classes()))
def test_every_filled_field_is_told(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    event = EXAMPLES[topic]
    names = type(event).model_fields.keys() - Event.model_fields.keys() - IN_THE_NAME
    assert told(event, monkeypatch).keys() == {LABELS[name] for name in names}


def test_an_entry_says_who_when_and_because_of_what() -> None:
    event = EXAMPLES["refund.approved"]
    one = entry(event)
    assert (one.who, one.at, one.company) == ("dana", event.timestamp, "acme")
    assert (one.topic, one.stream, one.version) == ("refund.approved", UUID(int=1), 5)
    assert (one.command_id, one.correlation_id) == ("command-1", "correlation-1")
    assert (one.causation_id, one.event_id) == ("cause-1", event.event_id)


def test_a_call_is_told_with_its_redacted_request_its_reference_and_its_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = told(EXAMPLES[CallSubmitted.TOPIC], monkeypatch)
    assert found["method"] == ["Document.New"]
    assert found["request, redacted"] == ['{"customer_id":7}']
    assert found["reference"] == ["reference-1"]
    assert found["to be sent by"] == ["2026-03-01 09:30:10+00:00"]
    assert found["evidence"] == ["Document.List: one document carries our marker"]
    assert found["attempt"] == ["2"]


def test_amounts_and_quantities_are_told_in_their_units(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(EXAMPLES["refund.invoice_part_cancelled"], monkeypatch)
    assert (found["amount booked"], found["quantity"]) == (["11.70 ILS"], ["2"])
    request = told(EXAMPLES[RefundRequested.TOPIC], monkeypatch)
    assert request["prices include VAT"] == ["yes"]
    assert request["needs approval because"] == ["it is above the limit"]


def test_what_is_empty_is_left_out() -> None:
    company = Company()
    company.grant("a", 100)
    labels = [label for label, _ in entry(company.events()[0]).details]
    assert labels == ["reference", "why", "amount", "granted on", "digest"]


def test_false_is_told_as_no(monkeypatch: pytest.MonkeyPatch) -> None:
    event = EXAMPLES["refund.call_in_doubt"].model_copy(update={"for_person": False})
    assert told(event, monkeypatch)["a person decides"] == ["no"]


def test_a_refunds_story_is_its_stream_in_order() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    refund = company.ask("k", original=str(sale))
    company.finish(refund)
    company.ask("other", original=str(company.cash_sale(2, 500)))
    story = list(of_refund(company.events(), refund))
    assert [one.topic for one in story] == [
        "refund.requested",
        "refund.call_submitted",
        "refund.invoice_part_cancelled",
        "refund.call_submitted",
        "refund.receipt_part_cancelled",
        "refund.completed",
    ]
    assert story == [entry(event) for event in company.store.stream(refund)]


def test_an_originals_story_holds_its_payments_refunds_and_credit() -> None:
    company = Company()
    company.cash_sale(9, 100)
    invoice = company.invoice(1, 1_000)
    receipt = company.receipt(
        5, 1_500, closes=({"sale": str(invoice), "amount": 1_170},), overpaid=330
    )
    refund = company.ask("k", original=str(invoice), receipt=str(receipt), amount=200)
    company.ask("credit", kind="credit", customer_id="7", method="cash")
    told_of = [one.topic for one in of_original(company.events(), COMPANY, invoice)]
    assert told_of == [
        "original.recorded",
        "original.recorded",
        "original.paid",
        "refund.requested",
    ]
    told_of = [one.topic for one in of_original(company.events(), COMPANY, receipt)]
    assert told_of == [
        "original.recorded",
        "original.paid",
        "credit.granted",
        "refund.requested",
        "refund.requested",
    ]
    company.ledger.withdraw(refund, company.stamp())
    assert len(list(of_original(company.events(), COMPANY, invoice))) == 5
    assert list(of_original(company.events(), "other", invoice)) == []


def test_a_receipt_that_is_allocated_later_is_told_of_both() -> None:
    company = Company()
    invoice = company.invoice(1, 10_000)
    receipt = company.receipt(1, 11_700)
    company.receipt(1, 11_700, closes=({"sale": str(invoice), "amount": 11_700},))
    for original in (invoice, receipt):
        topics = [one.topic for one in of_original(company.events(), COMPANY, original)]
        assert set(topics) == {"original.recorded", "original.receipt_linked", "original.paid"}


def test_credit_used_on_a_sale_belongs_to_the_story_of_the_sale() -> None:
    company = Company()
    invoice = company.invoice(1, 1_000)
    company.grant("a", 300)
    company.ledger.reduce_credit(
        "a",
        company.stamp(),
        why=ReductionReason.USED_ON_SALE,
        amount=200,
        sale=OriginalRef(Kind.INVOICE, 1, 1),
    )
    topics = [one.topic for one in of_original(company.events(), COMPANY, invoice)]
    assert topics == ["original.recorded", "credit.reduced", "original.paid"]


def test_an_originals_story_holds_what_was_given_back_outside_and_its_explanation() -> None:
    company = Company()
    invoice = company.invoice(1, 1_000)
    other = company.invoice(2, 500)
    found = Outside(
        company=COMPANY,
        part=Part.INVOICE,
        series=3,
        number=9,
        customer_id="7",
        currency="ILS",
        amount=1_200,
        issued_on=company.now.date(),
        original=str(invoice),
        read_from="a list",
    )
    company.ledger.record_outside(found, company.stamp("import"))
    told = Explanation(
        company=COMPANY,
        reference="because",
        document=found.document,
        how=How.BELONGS_ELSEWHERE,
        original=str(other),
        why="it was for both",
    )
    company.ledger.explain(told, company.stamp("avi"))
    for original in (invoice, other):
        topics = [one.topic for one in of_original(company.events(), COMPANY, original)]
        assert topics[0] == "original.recorded"
        assert topics[-1] == "discrepancy.explained"
        assert ("outside.refund_recorded" in topics) == (original == invoice)


def test_a_customers_story_is_all_that_happened_to_that_customer() -> None:
    company = Company()
    company.grant("a", 100)
    company.grant("b", 200, customer_id="8")
    assert [one.document for one in of_customer(company.events(), COMPANY, "8")] == [""]
    assert list(of_customer(company.events(), "other", "8")) == []


@given(histories)
def test_every_event_can_be_told(company: Company) -> None:
    for event in company.events():
        one = entry(event)
        assert one.what
        assert one.postings == postings(event)
        assert all(label and text for label, text in one.details)


@given(histories)
def test_the_stories_of_all_refunds_are_all_events_of_refunds(company: Company) -> None:
    events = company.events()
    stories = [one for refund in company.refunds for one in of_refund(events, refund)]
    of_refunds = [event for event in events if event.TOPIC.startswith("refund.")]
    assert sorted(one.event_id for one in stories) == sorted(one.event_id for one in of_refunds)
    assert all(Part.INVOICE in one.what or one.what for one in stories)


@given(histories, st.sampled_from([None, "dana", "noa", "dispatcher"]))
def test_a_part_of_the_story_of_all_is_what_is_told_of_a_period(
    company: Company, actor: str | None
) -> None:
    events = company.events()
    whole = list(of_period(events, COMPANY))
    assert [one.event_id for one in whole] == [event.event_id for event in events]
    times = sorted({one.at for one in whole})
    for since, until in ((None, None), (times[0], times[-1]), (times[-1], None)):
        told = list(of_period(events, COMPANY, actor=actor, since=since, until=until))
        assert told == list(within(whole, actor=actor, since=since, until=until))
        assert all(until is None or one.at < until for one in told)
        assert all(since is None or one.at >= since for one in told)


def test_a_story_of_a_period_that_is_none_is_refused() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the mistake
    with pytest.raises(InvalidInputError, match="since: expected a time with its zone"):
        within([], since=naive)
    with pytest.raises(InvalidInputError, match="until: expected a time with its zone"):
        of_period([], COMPANY, until=naive)
