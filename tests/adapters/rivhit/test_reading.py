"""Reading: single documents whatever they are shown as, and lists that are whole."""

from datetime import date
from itertools import pairwise

import pytest

from refund_adapters.rivhit.answers import UnreadableError
from refund_adapters.rivhit.client import Client, TokenRefusedError
from refund_adapters.rivhit.reading import Reading, named
from refund_adapters.sandbox.papers import Kind
from refund_ledger.originals import Document, Half
from refund_projections.sides import Nature
from support.loopback import envelope, no_data, scripted
from support.rivhits import company, offline, settings

DEMO_FROM, DEMO_TO = date(2024, 1, 1), date(2026, 12, 31)
INVOICE = Document(Half.DOCUMENT, 2, 6923)
RECEIPT = Document(Half.RECEIPT, 2, 6923)


def reading(url: str) -> Reading:
    """Read from a scripted server."""
    chosen = settings(url)
    return Reading(Client(chosen), chosen, today=lambda: date(2026, 11, 22))


@pytest.mark.parametrize("quirks", [True, False])
def test_a_document_is_read_with_and_without_its_quirks(*, quirks: bool) -> None:
    with company(hebrew_type_names=quirks) as there:
        found = there.rivhit.read(INVOICE)
    assert found is not None
    assert (found.customer_id, found.currency, found.amount) == ("1001", "ILS", 29250)
    assert found.issued_on == date(2024, 11, 14)
    assert found.is_cancelled is False


@pytest.mark.parametrize("details", [True, False])
@pytest.mark.parametrize("lists", [True, False])
def test_comments_are_found_where_anything_shows_them(*, details: bool, lists: bool) -> None:
    with company(details_shows_comments=details, list_shows_comments=lists) as there:
        number = there.api.invoice(comments="[RL:0b7c1d523a444e0e9c555d5a3c1f7a11-I] שלום")
        found = there.rivhit.read(Document(Half.DOCUMENT, 1, number))
    assert found is not None
    shows = details or lists
    assert found.markers == (
        frozenset({"[RL:0b7c1d523a444e0e9c555d5a3c1f7a11-I]"}) if shows else frozenset()
    )


def test_a_receipt_is_read_with_its_comments() -> None:
    with company() as there:
        number = there.api.receipt(comments="שלום [RL:0b7c1d523a444e0e9c555d5a3c1f7a11-R]")
        found = there.rivhit.read(Document(Half.RECEIPT, 1, number))
    assert found is not None
    assert (found.amount, found.is_cancelled) == (11800, None)
    assert found.markers == {"[RL:0b7c1d523a444e0e9c555d5a3c1f7a11-R]"}


@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_an_amount_is_positive_whatever_sign_a_credit_has(sign: str) -> None:
    with company(credit_sign_details=sign, credit_sign_list=sign) as there:
        there.api.ok("Document.Cancel", document_type=2, document_number=6923)
        there.api.ok("Receipt.Cancel", receipt_type=2, receipt_number=6923)
        credit = there.rivhit.read(Document(Half.DOCUMENT, 3, 802))
        back = there.rivhit.read(Document(Half.RECEIPT, 1, 3008))
    assert credit is not None
    assert back is not None
    assert (credit.amount, back.amount) == (29250, 29250)


@pytest.mark.parametrize("negative", [True, False])
@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_a_plus_tells_only_where_the_type_does_or_the_lists_show_a_minus(
    sign: str, *, negative: bool
) -> None:
    given = {"credits_are_negative": negative}
    with offline(credit_sign_details=sign, credit_sign_list=sign, given=given) as there:
        named = {
            Document(Half.DOCUMENT, 1, there.api.invoice()): Nature.SALE,
            Document(Half.DOCUMENT, 3, 801): Nature.REFUND,
            Document(Half.DOCUMENT, 4, there.api.invoice(document_type=4)): None,
            Document(Half.RECEIPT, 1, there.api.receipt()): None,
            Document(Half.RECEIPT, 1, there.api.receipt(-5)): None,
        }
        found = {document: there.rivhit.read(document) for document in named}
    if sign == "negative":
        told = Nature.SALE if negative else None
        expected = [Nature.SALE, Nature.REFUND, told, told, Nature.REFUND]
    else:
        expected = list(named.values())
    assert [each.nature for each in found.values() if each] == expected


@pytest.mark.parametrize("half", Half)
def test_what_does_not_exist_is_none(half: Half) -> None:
    with company() as there:
        assert there.rivhit.read(Document(half, 1, 999_999)) is None


def test_a_wrong_token_is_no_proof_of_absence() -> None:
    refused = envelope([], code=401, debug="401 : UNAUTHORIZED", status=500)
    for document in (INVOICE, RECEIPT):
        with scripted(refused) as server, pytest.raises(TokenRefusedError):
            reading(server.url).there(document)


def test_another_document_than_the_one_asked_for_is_not_taken() -> None:
    shown = {"customer_id": 5, "receipt_type": 2, "receipt_number": 7, "payments": []}
    with scripted(envelope(shown)) as server, pytest.raises(UnreadableError, match="another"):
        reading(server.url).there(RECEIPT)


def test_a_receipt_that_does_not_say_its_date_is_looked_up_in_the_list() -> None:
    shown = {"customer_id": 5, "comments": "c", "payments": [{"amount": 5}]}
    with scripted(envelope(shown)) as server, pytest.raises(UnreadableError, match="issued"):
        reading(server.url).there(RECEIPT)


def test_an_empty_answer_to_details_is_no_document() -> None:
    with scripted(no_data()) as server:
        assert reading(server.url).there(INVOICE) is None


@pytest.mark.parametrize("limit", [1, 2, 3, None])
@pytest.mark.parametrize("order", ["by_number", "oldest_first", "newest_first"])
def test_a_list_is_whole_however_few_rows_the_server_gives_at_once(
    limit: int | None, order: str
) -> None:
    with company(list_limit=limit, list_order=order) as there:
        found = there.rivhit._reading.listed(
            Half.DOCUMENT, types=(2, 2), since=DEMO_FROM, until=DEMO_TO
        )
        kept = [key for key in there.api.sandbox.books.documents if key.type == 2]
    assert sorted(named(row) for row in found) == sorted(kept)


def test_a_period_is_asked_for_only_where_there_can_be_documents() -> None:
    there = reading("https://api.example.com/api")

    pieces = list(there.pieces(date.min, date.max))

    assert pieces[0][0] == date(2000, 1, 1)
    assert pieces[-1][1] == date(2027, 11, 23), "a year from today"
    assert all(until < since for (_, until), (since, _) in pairwise(pieces))
    assert list(there.pieces(DEMO_FROM, DEMO_FROM)) == [(DEMO_FROM, DEMO_FROM)]
    assert list(there.pieces(date.max, date.max)) == []


@pytest.mark.parametrize("limit", [1, 3, None])
@pytest.mark.parametrize("half", Half)
def test_a_list_of_all_types_is_whole_too(limit: int | None, half: Half) -> None:
    with offline(list_limit=limit, list_order="newest_first") as there:
        found = there.rivhit._reading.listed(half, types=(0, 999), since=DEMO_FROM, until=DEMO_TO)
        kept = [paper.key for paper in there.api.sandbox.books.papers(Kind(half))]
    assert sorted(named(row) for row in found) == sorted(kept)


def test_a_list_that_ignores_numbers_still_ends() -> None:
    row = {
        "receipt_type": 1,
        "receipt_number": 5,
        "receipt_date": "22/11/2026",
        "amount": 1,
        "customer_id": 5,
    }
    with scripted(envelope({"receipt_list": [row]})) as server:
        found = reading(server.url).listed(
            Half.RECEIPT, types=(1, 1), since=DEMO_FROM, until=DEMO_TO
        )
        assert [named(each) for each in found] == [(1, 5)]
        assert len(server.received) == 3


def test_catalogues_are_read_once() -> None:
    with company() as there:
        for _ in range(2):
            assert there.rivhit._reading.payment_names["מזומן"] == 2
            assert there.rivhit._reading.names(Half.DOCUMENT)[3] == "חשבונית מס זיכוי"
            assert there.rivhit._reading.names(Half.RECEIPT)[1] == "קבלה"
        assert len(there.api.sandbox.log.of("Payment.TypeList")) == 1
