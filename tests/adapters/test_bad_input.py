"""What bad input gets at the desk: one clear sentence, and nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from refund_adapters.files import Numbered
from refund_adapters.intake import rows_of
from refund_ledger.asking import Request
from refund_ledger.errors import (
    InvalidInputError,
    KeyReusedError,
    LedgerError,
    NotFoundError,
    RefusedError,
)
from refund_ledger.events import Part
from support.garbage import rows as garbage
from support.ring import COMPANY, Ring, ring

SALE = "invoice_receipt:2/6927"
"""Three lines: 199.60, 240.00 and 118.00; three payments: 100.00, 257.60 and 200.00."""
INVOICE = "invoice:1/5001"
RECEIPT = "receipt:1/3001"
TRANSFER = {"method": "bank_transfer", "bank": 12, "branch": 600, "account": "123", "number": 7}


@pytest.fixture(scope="module")
def house() -> Iterator[Ring]:
    """The ring with its originals; nothing in this module is ever written."""
    with ring() as opened:
        opened.import_all()
        yield opened


def refused(house: Ring, **fields: Any) -> str:
    """The sentence with which a request is refused; nothing is written by it."""
    position = house.desk.store.position()
    with pytest.raises(LedgerError) as error:
        house.desk.request(**{"key": "k", "reason": "complaint"} | fields)
    sentence = str(error.value)
    assert house.desk.store.position() == position
    assert isinstance(error.value, InvalidInputError | NotFoundError | RefusedError)
    assert sentence.isprintable()
    assert len(sentence) < 500
    return sentence


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"amount": 10.5}, r"^amount: .* not as a float; got 10\.5$"),
        ({"pay_back": 10.5}, "^pay_back: .* not as a float"),
        ({"lines": [{"line": 1, "amount": 10.5}]}, "^line 1 amount: .* not as a float"),
        ({"lines": [{"line": 1, "quantity": 1.0}]}, "^line 1 quantity: .* not as a float"),
        ({"payments": [{"payment": 1, "amount": 1.0}]}, "^payment 1 amount: .* not as a float"),
        ({"details": {"bank": 12.0}}, "^bank: expected a whole number"),
        ({"amount": "0"}, "^amount: expected more than zero"),
        ({"amount": "-1.00"}, "^amount: expected more than zero, got '-1.00'"),
        ({"amount": Decimal("NaN")}, "^amount: expected a plain decimal"),
        ({"amount": "Infinity"}, "^amount: expected a plain decimal"),
        ({"amount": "1e3"}, "^amount: expected a plain decimal"),
        ({"amount": "10.001"}, "^amount: 10.001 has more than the 2 places of ILS"),
        ({"amount": "9" * 18}, "^amount: .* is too large"),
        ({"amount": True}, "^amount: expected a plain decimal"),
        ({"amount": ["1.00"]}, "^amount: .* got a list"),
        ({"amount": "1.00", "currency": "USD"}, "is in ILS; refund it in that currency"),
        ({"amount": "1", "currency": "JPY"}, "is in ILS; refund it in that currency"),
        ({"amount": "1", "currency": "QQQ"}, "^currency: 'QQQ' is not an ISO 4217 code"),
        ({"comment": ["a"]}, "^comment: expected text, got a list"),
        ({"comment": "x" * 201}, "^comment: .*longer than 200"),
        ({"comment": "a\u202eb"}, r"^comment: holds the invisible character U\+202E"),
        ({"comment": "a\u200fb"}, r"^comment: holds the invisible character U\+200F"),
        ({"comment": "a\tb"}, r"^comment: holds the invisible character U\+0009"),
        ({"key": "k\x00"}, r"^key: holds the invisible character U\+0000"),
        ({"key": "x" * 121}, "^key: .*longer than 120"),
        ({"key": ["k"]}, "^key: expected text, got a list"),
        ({"amonut": "1.00"}, "^amonut: is no field of a request; it has account, amount,"),
        ({"kind": "gift"}, "^kind: .*'original', 'credit' or 'goodwill'"),
        ({"parts": "some"}, "^parts: .*'auto', 'both', 'invoice' or 'receipt'"),
        ({"method": "gold"}, "^method: .*'cash', 'cheque', 'card', 'bank_transfer' or 'other'"),
        ({"reason": "whim"}, "reason 'whim' is not in the catalogue; use one of returned_goods,"),
        ({"reason": ""}, "^reason: field required"),
        ({"lines": "9"}, f"line 9 is not on {SALE}; it has 1, 2, 3"),
        ({"lines": "1;1"}, "the same line is named twice"),
        ({"lines": "1:x5"}, "line 1: only a quantity of 4 is left, 5 was asked"),
        ({"lines": "1:199.61"}, "line 1: only 199.60 ILS is left to refund, 199.61 ILS was asked"),
        ({"lines": "1:x1:5.00"}, "line 1: say a quantity or an amount, not both"),
        ({"lines": "1:x1:returned=2"}, "line 1: more was returned than is credited"),
        ({"lines": "1", "amount": "5.00"}, "the lines come to 199.60 ILS, not 5.00 ILS"),
        ({"amount": "557.61"}, "only 557.60 ILS is left to refund on .*, 557.61 ILS was asked"),
        ({"payments": "4"}, f"payment 4 is not on {SALE}"),
        ({"payments": "1;1"}, "the same payment is named twice"),
        ({"payments": "1:100.01"}, "payment 1: only 100.00 ILS is left to pay back"),
        ({"parts": "receipt", "amount": "557.61"}, "only 557.60 ILS is left to pay back"),
        ({"parts": "receipt", "lines": "1"}, "lines belong to an invoice part"),
        ({"parts": "receipt", "amount": "5", "pay_back": "7"}, "7.00 ILS would be paid back, not"),
        ({"parts": "receipt", "amount": "5", "payments": "1:7"}, "7.00 ILS would be paid back"),
        ({"parts": "invoice", "pay_back": "5"}, "pay_back: no money goes back here"),
        ({"parts": "invoice", "payments": "1"}, "payments: no money goes back here"),
        ({"parts": "invoice", "method": "cash"}, "method: no money goes back here"),
        ({"parts": "invoice", "bank": "12"}, "details: no money goes back here"),
        ({"customer_id": "1001"}, f"{SALE} belongs to customer 1006, not 1001"),
        ({"vat": "1.00"}, "^vat: follows from the original"),
        ({"credits": "grant:a"}, "^credits: belong to the refund of a credit"),
        ({"receipt": RECEIPT}, "^receipt: .* has payments of its own; leave it out"),
        ({"original": "invoice:1/99999"}, "^invoice:1/99999 is not recorded; import it first"),
        ({"original": "17"}, "^original: expected kind:series/number"),
        ({"original": "credit:3/801"}, "^original: expected kind:series/number"),
        ({"original": "invoice:1/" + "9" * 5000}, "^original: "),
        ({"original": ""}, "^currency: say in which currency"),
        ({"original": "", "currency": "ILS"}, "^original: name the original"),
    ],
)
def test_a_request_for_a_cash_sale_is_refused_with_the_reason(
    house: Ring, fields: dict[str, Any], sentence: str
) -> None:
    assert re.search(sentence, refused(house, **{"original": SALE} | fields))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"receipt": "receipt:1/9999"}, "^receipt:1/9999 is not recorded; import it first"),
        ({"receipt": SALE}, f"^receipt: {SALE} is not a receipt"),
        ({"receipt": INVOICE}, f"^receipt: {INVOICE} is not a receipt"),
        ({"receipt": "receipt:1/3003"}, "receipt:1/3003 paid 0.00 ILS of invoice:1/5001"),
        ({"receipt": RECEIPT, "parts": "invoice"}, "receipt: no money goes back here"),
        ({"parts": "receipt"}, "an invoice has no receipt part; name the receipt that paid it"),
        ({"payments": "1:10.00"}, "payments: no money goes back here"),
        ({"original": RECEIPT, "parts": "invoice"}, "a receipt has no invoice part"),
        ({"original": RECEIPT, "parts": "both"}, "a receipt has no invoice part"),
        ({"original": RECEIPT, "lines": "1"}, "lines belong to an invoice part"),
        ({"original": RECEIPT, "amount": "4095.01"}, "only 4095.00 ILS is left to pay back"),
        ({"original": RECEIPT, "receipt": RECEIPT}, "^receipt: .* leave it out"),
    ],
)
def test_a_request_for_an_invoice_or_a_receipt_is_refused_with_the_reason(
    house: Ring, fields: dict[str, Any], sentence: str
) -> None:
    assert re.search(sentence, refused(house, **{"original": INVOICE} | fields))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "customer 9999 has no credit in ILS to pay out"),
        ({"customer_id": ""}, "^customer_id: say whose credit it is"),
        ({"customer_id": "1002", "amount": "1.00"}, "only 0.00 ILS of 1.00 ILS is there"),
        ({"credits": "grant:none"}, "customer 9999 has no credit under 'grant:none'"),
        ({"original": SALE}, "^original: a refund of kind credit has no original"),
        ({"lines": "1"}, "^lines: a refund of kind credit has no lines"),
        ({"vat": "1.00"}, "^vat: follows from the credit"),
        ({"parts": "invoice"}, "^parts: the refund of a credit has a receipt part only"),
        ({"kind": "goodwill", "parts": "receipt"}, "^parts: a goodwill is credited first"),
        ({"kind": "goodwill", "credits": "grant:a"}, "^credits: belong to the refund of a credit"),
        ({"kind": "goodwill"}, "a goodwill needs an amount"),
        ({"kind": "goodwill", "amount": "1", "vat": "2"}, "the VAT is more than the amount"),
        ({"kind": "goodwill", "amount": "1"}, "method: no money goes back here"),
    ],
)
def test_a_request_without_an_original_is_refused_with_the_reason(
    house: Ring, fields: dict[str, Any], sentence: str
) -> None:
    given = {"kind": "credit", "customer_id": "9999", "currency": "ILS", "method": "cash"}
    assert re.search(sentence, refused(house, **given | fields))


def test_every_reason_is_given_at_once(house: Ring) -> None:
    said = refused(house, original=SALE, reason="whim", lines="1:x5;9")

    assert "reason 'whim'" in said
    assert "line 1: only" in said
    assert "line 9 is not on" in said


@given(row=garbage([name for name in Request.model_fields if name != "company"]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_is_read_or_refused_and_a_refusal_writes_nothing(
    house: Ring, row: dict[str, Any]
) -> None:
    fields = {"key": "k", "original": SALE, "reason": "complaint"} | row
    position = house.desk.store.position()

    (result,) = house.desk.rehearse([Numbered(1, fields)])

    assert result.outcome in {"requested", "awaiting approval", "refused"}
    assert result.detail.isprintable()
    assert house.desk.store.position() == position


# --- the same key again ---------------------------------------------------------------------------


def test_the_same_key_and_content_again_is_nothing_new() -> None:
    with ring() as house:
        house.import_all()
        ask: dict[str, Any] = {"key": "k", "original": SALE, "reason": "complaint"}
        first = house.desk.request(**ask, amount="10.00")
        position = house.desk.store.position()

        again = house.desk.request(**ask, amount=Decimal("10.0"), currency="ILS")

        assert (first.repeated, again.repeated) == (False, True)
        assert again.refund == first.refund
        assert house.desk.store.position() == position


def test_the_same_key_with_other_content_is_refused_and_both_digests_are_named() -> None:
    with ring() as house:
        house.import_all()
        ask: dict[str, Any] = {"key": "k", "original": SALE, "reason": "complaint"}
        first = house.desk.request(**ask, amount="10.00").refund.request
        position = house.desk.store.position()

        with pytest.raises(KeyReusedError) as refused:
            house.desk.request(**ask, amount="10.01")

        assert refused.value.first_digest == first.digest
        assert refused.value.second_digest != first.digest
        for digest in (refused.value.first_digest, refused.value.second_digest):
            assert digest[:16] in str(refused.value)
        assert house.desk.store.position() == position


def test_what_refunds_in_progress_hold_is_not_left_for_others() -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="a", original=SALE, lines="1:x3", reason="complaint")

        assert "line 1: only a quantity of 1 is left" in refused(house, original=SALE, lines="1:x2")
        assert "only 407.90 ILS is left" in refused(house, original=SALE, amount="407.91")
        assert "payment 1: only 0.00 ILS is left" in refused(
            house, original=SALE, parts="receipt", payments="1:99.00"
        )


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["", "  ", "a\u202eb", "x" * 1001])
def test_a_decision_needs_a_reason_that_can_be_read(why: str) -> None:
    with ring() as house:
        house.import_all()
        house.desk.request(key="k", original=SALE, reason="complaint")
        position = house.desk.store.position()

        with pytest.raises(LedgerError):
            house.desk.close_refund("k", why=why)
        with pytest.raises(LedgerError):
            house.desk.reject("k", why=why)
        with pytest.raises(LedgerError):
            house.desk.send_again("k", Part.INVOICE, why=why)

        assert house.desk.store.position() == position


@pytest.mark.parametrize("actor", ["  ", "a\u202eb", "x" * 121])
def test_an_actor_is_somebody_who_can_be_read(actor: str) -> None:
    with ring() as house:
        house.import_all()

        with pytest.raises(InvalidInputError, match="actor: "):
            house.desk.request(actor=actor, key="k", original=SALE, reason="complaint")

        assert house.desk.store.due(COMPANY) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"amount": "1.00"}, "amount: expected whole minor units"),
        ({"amount": 1.5}, "amount: expected whole minor units"),
        ({"amount": True}, "amount: expected whole minor units"),
        ({"amount": 0}, "amount: expected more than zero"),
        ({"amount": -5}, "amount: expected more than zero"),
        ({"key": ""}, "key: name the reduction"),
        ({"key": "a\x00"}, "key: holds the invisible character"),
        ({"why": "lost"}, "why: expected one of reversed, expired, used_on_sale"),
        ({"sale": "17"}, "sale: expected kind:series/number"),
    ],
)
def test_a_reduction_of_a_credit_is_checked_field_by_field(
    fields: dict[str, Any], sentence: str
) -> None:
    with ring() as house:
        given: dict[str, Any] = {"why": "expired", "amount": 1, "key": "x"}

        with pytest.raises(InvalidInputError, match=sentence):
            house.desk.reduce_credit("g", **given | fields)


# --- files ----------------------------------------------------------------------------------------


def test_a_bad_row_of_a_file_is_reported_with_its_number_and_the_others_are_judged(
    tmp_path: Path,
) -> None:
    path = tmp_path / "refunds.csv"
    path.write_bytes(
        b"\xef\xbb\xbfkey,original,amount,reason\r\n"
        b"a,invoice_receipt:2/6927,10.00,complaint\r\n"
        b"b,invoice_receipt:2/6927,10.00\r\n"
        b"c,invoice_receipt:2/6927,\xff,complaint\r\n"
        b"\r\n"
        b"d,invoice_receipt:2/6927,-1,complaint\r\n"
        b"e,invoice_receipt:2/6927,20.00,complaint\r\n"
    )
    with ring() as house:
        house.import_all()

        found = list(house.desk.request_rows(rows_of(path)))

        assert [(one.number, one.key, one.outcome) for one in found] == [
            (2, "a", "requested"),
            (3, "", "refused"),
            (4, "", "refused"),
            (6, "d", "refused"),
            (7, "e", "requested"),
        ]
        assert found[1].detail == "row 3: has fewer cells than the heading"
        assert "not UTF-8 text" in found[2].detail
        assert found[3].detail == "amount: expected more than zero, got '-1'"


def test_a_file_of_originals_with_rows_of_another_company_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sales.jsonl"
    row = (
        '{"original": {"company": "other", "kind": "invoice", "series": 1, "number": 1, '
        '"customer_id": 7, "currency": "ILS", "issued_on": "2026-01-01", "open": 1, '
        '"lines": [{"number": 1, "net": 1}]}}\n'
    )
    path.write_text(row + row.replace('"other"', '"acme"') + row.replace("1.00", "NaN"), "utf-8")
    with ring() as house:
        found = list(house.desk.import_file(path))

        assert [one.outcome for one in found] == ["refused", "recorded", "refused"]
        assert "this ledger is 'acme', not 'other'" in found[0].detail
