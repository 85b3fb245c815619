"""What a look is for, and what the words of its sources come to."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.accounting import Absent, AnsweredError, Found, UnavailableError, Unclear
from refund_adapters.rivhit.answers import DocumentRow, ReceiptRow, UnreadableError
from refund_adapters.rivhit.gathering import Gathered, Sought, sought
from refund_adapters.rivhit.translation import call_of
from refund_ledger.errors import InvalidInputError, LedgerError
from refund_ledger.events import DocumentId, Part, RefundRequested
from refund_ledger.originals import Document, Half
from support.rivhits import line, partial, refund, settings, submitted

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
CREDIT = DocumentId(half=Half.DOCUMENT, series=3, number=801)
NAMED = DocumentId(half=Half.DOCUMENT, series=3, number=801, identity="guid")


def seek(request: RefundRequested, part: Part, *, currency: str = "ILS", **given: Any) -> Sought:
    """Say what a look for a call is for."""
    chosen = settings(**given)
    call = submitted(call_of(request, part, chosen), currency=currency)
    return sought(call, chosen, now=NOW)


def document_row(amount: object, series: int = 3) -> DocumentRow:
    """A row of Document.List."""
    return DocumentRow(
        document_type=series,
        document_number=801,
        document_date="22/11/2026",  # type: ignore[arg-type]
        amount=Decimal(str(amount)),
        customer_id=1001,
    )


def receipt_row(amount: object, series: int = 1) -> ReceiptRow:
    """A row of Receipt.List."""
    return ReceiptRow(
        receipt_type=series,
        receipt_number=801,
        receipt_date="22/11/2026",  # type: ignore[arg-type]
        amount=Decimal(str(amount)),
        customer_id=1001,
    )


def test_a_new_document_is_sought_in_its_type_for_what_it_was_asked_to_come_to() -> None:
    lines = (line(quantity=2_000_000), line(line=2, net=100, vat=17))
    found = seek(partial(lines=lines), Part.INVOICE)
    assert (found.types, found.amount, found.is_cancel) == ((3,), 11817, False)
    assert (found.since, found.until) == (date(2026, 11, 21), date(2026, 11, 26))
    back = seek(partial(), Part.RECEIPT)
    assert (back.types, back.amount, back.half) == ((1,), 11700, Half.RECEIPT)


def test_a_cancel_is_sought_where_its_counter_document_may_be() -> None:
    credit = seek(refund(), Part.INVOICE)
    assert (credit.types, credit.amount) == ((3,), None)
    assert credit.original == Document(Half.DOCUMENT, 2, 6923)
    back = seek(refund(), Part.RECEIPT)
    assert (back.types, back.original) == ((1, 2), Document(Half.RECEIPT, 2, 6923))


def test_net_prices_do_not_say_what_a_document_comes_to() -> None:
    asked = partial(price_includes_vat=False)
    assert seek(asked, Part.INVOICE, prices="as_original").amount is None


def test_a_day_in_israel_begins_before_it_does_in_london() -> None:
    call = call_of(partial(), Part.INVOICE, settings())
    late = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    found = sought(submitted(call), settings(date_slack_days=1), now=late)
    assert found.until == date(2026, 11, 24)


def test_a_recorded_call_that_says_nothing_is_refused() -> None:
    call = submitted(call_of(partial(), Part.INVOICE, settings()))
    for text in ("[]", "{}"):
        with pytest.raises(InvalidInputError):
            sought(replace(call, request=text), settings(), now=NOW)


@pytest.mark.parametrize(
    ("amount", "near"), [("-117", True), ("117", True), ("-116.00", True), ("-115.99", False)]
)
def test_an_amount_is_near_within_one_unit(amount: str, *, near: bool) -> None:
    assert seek(partial(), Part.INVOICE).near(document_row(amount)) is near


def test_in_a_foreign_currency_no_amount_of_a_list_excludes_anything() -> None:
    found = seek(partial(currency="USD"), Part.INVOICE, currency="USD")
    assert found.near(document_row("-427.05"))


def test_only_what_may_be_a_credit_may_be_ours_without_a_marker() -> None:
    found = seek(refund(), Part.INVOICE)
    found.amount = 11700
    assert found.may_be(document_row(-117), shows_comments=True)
    assert found.may_be(document_row(117), shows_comments=True)
    assert found.may_be(document_row(-117, series=11), shows_comments=True)
    assert not found.may_be(document_row(117, series=1), shows_comments=True)
    assert not found.may_be(document_row(-500), shows_comments=True)


def test_a_positive_receipt_is_an_ordinary_one_where_ours_would_show_its_marker() -> None:
    new, cancel = seek(partial(), Part.RECEIPT), seek(refund(), Part.RECEIPT)
    cancel.amount = 11700
    assert not new.may_be(receipt_row(117), shows_comments=True)
    assert new.may_be(receipt_row(117), shows_comments=False)
    assert new.may_be(receipt_row(-117), shows_comments=True)
    assert cancel.may_be(receipt_row(117), shows_comments=True)


def test_silence_everywhere_is_absence() -> None:
    gathered = Gathered()
    gathered.say("Status.AllRequests", "nothing")
    assert gathered.finding() == Absent(tuple(gathered.evidence))


def test_one_document_is_found_and_its_fuller_name_kept() -> None:
    gathered = Gathered()
    gathered.take(CREDIT, None)
    gathered.take(NAMED, 11700)
    gathered.take(CREDIT, 5)
    assert gathered.finding() == Found(NAMED, 11700, ())


def test_two_documents_are_for_a_person_even_if_a_source_is_silent() -> None:
    gathered = Gathered()
    gathered.take(CREDIT, 1)
    gathered.take(DocumentId(half=Half.DOCUMENT, series=3, number=802), 1)
    gathered.could_not_read("Document.List", UnavailableError("busy"))
    finding = gathered.finding()
    assert isinstance(finding, Unclear)
    assert finding.for_person
    assert "3/801 and document 3/802" in finding.why


@given(
    unread=st.sampled_from([None, UnavailableError("busy"), AnsweredError("-90006")]),
    unreadable=st.sampled_from(
        [None, UnreadableError("HTML"), InvalidInputError("amount", "no amount")]
    ),
    fits=st.integers(0, 9),
    against=st.booleans(),
    found=st.booleans(),
)
def test_absence_needs_every_source_and_no_fit(
    *,
    unread: UnavailableError | None,
    unreadable: LedgerError | None,
    fits: int,
    against: bool,
    found: bool,
) -> None:
    gathered = Gathered()
    if unreadable:
        gathered.could_not_read("Status.AllRequests", unreadable)
        gathered.could_not_read("Status.AllRequests", unreadable)
    if unread:
        gathered.could_not_read("Document.List", unread)
    gathered.fits += [f"document 3/{number} fits" for number in range(fits)]
    if against:
        gathered.contradictions.append("Status names another")
    if found:
        gathered.take(CREDIT, None)
    finding = gathered.finding()
    assert isinstance(finding, Absent) is not bool(unread or unreadable or fits or against or found)
    assert isinstance(finding, Found) is (found and not against)
    if isinstance(finding, Unclear):
        assert finding.for_person is (against or not unread)
        assert finding.answered is (not finding.for_person and isinstance(unread, AnsweredError))
        assert len(finding.why) < 300


def test_evidence_is_cut_to_what_an_event_holds() -> None:
    gathered = Gathered()
    gathered.say("x", "y" * 5000)
    assert len(gathered.evidence[0].said) == 2000
