"""A cancel makes a new paper with the whole amount of the old one; the rest is switches."""

from decimal import Decimal

import pytest

from refund_adapters.sandbox.papers import Key, Kind
from support.sandboxes import CUSTOMER, SALE, Api, api, document

MARKER = "RL-0000-A"


def cancel(books: Api, number: int = 1, kind: int = 2, **more: object) -> dict[str, object]:
    return books.ok("Document.Cancel", document_type=kind, document_number=number, **more)


def cancel_receipt(books: Api, number: int = 1, kind: int = 2, **more: object) -> dict[str, object]:
    return books.ok("Receipt.Cancel", receipt_type=kind, receipt_number=number, **more)


def comment_of(books: Api, key: Key) -> str:
    return books.sandbox.books.documents[key].comments


def test_the_vendors_example_cancels_document_2_6923() -> None:
    books = api(demo=True)
    assert set(cancel(books, 6923)) == {
        "cancel_document_type",
        "cancel_document_number",
        "cancel_document_identity",
        "cancel_document_link",
    }
    assert books.sandbox.books.documents[Key(2, 6923)].is_cancelled


def test_the_credit_is_of_type_3_with_the_originals_amount_and_details() -> None:
    books = api(demo=True)
    answer = cancel(books, 6924)
    assert (answer["cancel_document_type"], answer["cancel_document_number"]) == (3, 802)
    original = books.sandbox.books.documents[Key(2, 6924)]
    credit = books.sandbox.books.documents[Key(3, 802)]
    assert credit.totals == original.totals.negated()
    assert [line.quantity for line in credit.lines] == [line.quantity for line in original.lines]
    assert [line.price for line in credit.lines] == [-line.price for line in original.lines]
    assert credit.vat_percent == original.vat_percent
    assert credit.cancels == original.key


def test_a_company_may_cancel_into_another_type() -> None:
    books = api(company={"cancelled_into": 1})
    books.invoice_receipt()
    assert cancel(books)["cancel_document_type"] == 1


def test_the_automatic_comment_names_type_and_number() -> None:
    books = api()
    books.invoice_receipt()
    cancel(books)
    assert "2/1" in comment_of(books, Key(3, 1))
    assert "ביטול" in comment_of(books, Key(3, 1))


def test_the_automatic_comment_may_be_english() -> None:
    books = api()
    books.invoice_receipt()
    cancel(books, language="en")
    assert comment_of(books, Key(3, 1)).startswith("Cancellation of")


@pytest.mark.parametrize(
    ("switch", "ours", "automatic"),
    [("joins", True, True), ("replaces", True, False), ("ignored", False, True)],
)
def test_a_callers_comment_joins_replaces_or_is_ignored(
    switch: str, *, ours: bool, automatic: bool
) -> None:
    books = api(cancel_comment=switch)
    books.invoice_receipt()
    cancel(books, comments=MARKER)
    cancel_receipt(books, comments=MARKER)
    for comment in (comment_of(books, Key(3, 1)), books.sandbox.books.receipts[Key(1, 1)].comments):
        assert (MARKER in comment, "2/1" in comment) == (ours, automatic)


def test_an_invoice_receipt_needs_both_calls() -> None:
    books = api()
    books.invoice_receipt()
    cancel(books)
    assert books.sandbox.books.balance(CUSTOMER) == -118
    assert not books.sandbox.books.receipts[Key(2, 1)].is_cancelled
    answer = cancel_receipt(books)
    assert (answer["status"], answer["cancel_receipt_type"]) == (0, 1)
    assert books.sandbox.books.balance(CUSTOMER) == 0


def test_the_halves_may_come_in_either_order() -> None:
    books = api()
    books.invoice_receipt()
    cancel_receipt(books)
    assert books.sandbox.books.balance(CUSTOMER) == 118
    assert not books.sandbox.books.documents[Key(2, 1)].is_cancelled
    cancel(books)
    assert books.sandbox.books.balance(CUSTOMER) == 0


def test_the_invoice_half_may_have_to_come_first() -> None:
    books = api(invoice_half_first=True)
    books.invoice_receipt()
    refusal = books.refused("Receipt.Cancel", receipt_type=2, receipt_number=1)
    assert "SANDBOX_INVOICE_HALF_FIRST" in refusal
    cancel(books)
    assert cancel_receipt(books)


def test_the_receipt_takes_every_payment_back() -> None:
    books = api(demo=True)
    answer = cancel_receipt(books, 6927)
    number = answer["cancel_receipt_number"]
    assert isinstance(number, int)
    back = books.sandbox.books.receipts[Key(1, number)]
    assert back.amount == Decimal("-557.60")
    assert [payment.amount for payment in back.payments] == [-100, Decimal("-257.60"), -200]
    assert [payment.payment_type for payment in back.payments] == [2, 5, 1]
    assert "2/6927" in back.comments


def test_the_cancelled_receipt_half_may_be_of_type_2() -> None:
    books = api(receipt_cancel_of_type_2_gives=2)
    books.invoice_receipt()
    answer = cancel_receipt(books)
    assert (answer["cancel_receipt_type"], answer["cancel_receipt_number"]) == (2, 2)


def test_a_plain_receipt_is_cancelled_into_its_own_type() -> None:
    books = api()
    books.receipt()
    answer = cancel_receipt(books, 1, 1)
    assert (answer["cancel_receipt_type"], answer["cancel_receipt_number"]) == (1, 2)


def test_a_second_cancel_is_refused() -> None:
    books = api(second_cancel="error")
    books.invoice_receipt()
    cancel(books)
    cancel_receipt(books)
    again = books.refused("Document.Cancel", document_type=2, document_number=1)
    assert again == "-90001 : SANDBOX_ALREADY_CANCELLED : by 3/1"
    assert "-90001" in books.refused("Receipt.Cancel", receipt_type=2, receipt_number=1)
    assert books.sandbox.books.balance(CUSTOMER) == 0


def test_a_second_cancel_makes_a_second_credit() -> None:
    books = api(second_cancel="duplicate")
    books.invoice_receipt()
    assert [cancel(books)["cancel_document_number"] for _ in range(2)] == [1, 2]
    assert [cancel_receipt(books)["cancel_receipt_number"] for _ in range(3)] == [1, 2, 3]
    assert books.sandbox.books.balance(CUSTOMER) == 118


def test_a_second_cancel_does_nothing_and_answers_as_the_first_did() -> None:
    books = api(second_cancel="noop")
    books.invoice_receipt()
    assert cancel(books) == cancel(books)
    assert cancel_receipt(books) == cancel_receipt(books)
    assert len(books.sandbox.books.documents) == 2
    assert books.sandbox.books.balance(CUSTOMER) == 0


@pytest.mark.parametrize(
    ("method", "fields", "debug"),
    [
        ("Document.Cancel", {"document_type": 2, "document_number": 9}, "-76 : "),
        ("Document.Cancel", {"document_type": 77, "document_number": 1}, "-23 : "),
        ("Document.Cancel", {"document_type": 2, "document_number": 1_000_000}, "-77 : "),
        ("Document.Cancel", {"document_type": 2}, "SANDBOX_FIELD_REQUIRED"),
        ("Receipt.Cancel", {"receipt_type": 1, "receipt_number": 9}, "SANDBOX_RECEIPT_NOT_EXISTS"),
        ("Receipt.Cancel", {"receipt_type": 7, "receipt_number": 1}, "RECEIPT_TYPE_NOT_EXISTS"),
        (
            "Document.Cancel",
            {"document_type": 2, "document_number": 1, "comments": "x" * 401},
            "-46 : ",
        ),
        (
            "Document.Cancel",
            {"document_type": 2, "document_number": 1, "cancellation_date": "1.1.26"},
            "BAD_DATE_FORMAT",
        ),
    ],
)
def test_what_cannot_be_cancelled_is_refused(
    method: str, fields: dict[str, object], debug: str
) -> None:
    books = api()
    books.invoice_receipt()
    assert debug in books.refused(method, **fields)
    assert len(books.sandbox.books.documents) == 1


def test_the_date_of_a_cancel_is_today_unless_it_is_said() -> None:
    books = api()
    books.invoice_receipt()
    cancel(books)
    cancel_receipt(books, cancellation_date="01/12/2026", cancellation_time="7:05")
    assert str(books.sandbox.books.documents[Key(3, 1)].issue_date) == "2026-11-22"
    back = books.sandbox.books.receipts[Key(1, 1)]
    assert (str(back.issue_date), str(back.issue_time)) == ("2026-12-01", "07:05:00")


def test_a_cancel_into_a_type_that_the_company_lacks_is_refused() -> None:
    books = api(company={"cancelled_into": 55})
    books.invoice_receipt()
    assert "-23" in books.refused("Document.Cancel", document_type=2, document_number=1)


def test_a_closed_month_takes_no_cancel() -> None:
    books = api(closed_until="2026-10-31")
    books.invoice_receipt()
    refusal = books.refused(
        "Document.Cancel", document_type=2, document_number=1, cancellation_date="31/10/2026"
    )
    assert "MONTH_IS_CLOSED" in refusal


def partly_credited(books: Api) -> Api:
    books.invoice()
    books.invoice(SALE | {"price_nis": -18}, document_type=3, comments="על 1/1")
    return books


def test_a_partly_credited_original_may_still_be_cancelled() -> None:
    assert cancel(partly_credited(api()), kind=1)


def test_a_partly_credited_original_may_not_be_cancelled() -> None:
    books = partly_credited(api(cancel_of_partly_credited_allowed=False))
    refusal = books.refused("Document.Cancel", document_type=1, document_number=1)
    assert refusal.endswith("partly credited")


def test_the_ceiling_stops_a_cancel_after_a_partial_credit() -> None:
    books = partly_credited(api(ceiling_check=True))
    refusal = books.refused("Document.Cancel", document_type=1, document_number=1)
    assert "SANDBOX_MORE_THAN_THE_ORIGINAL" in refusal


def test_a_closed_document_may_or_may_not_be_cancelled() -> None:
    allowed, forbidden = api(), api(cancel_of_closed_allowed=False)
    for books in (allowed, forbidden):
        books.invoice_receipt()
    assert cancel(allowed)
    refusal = forbidden.refused("Document.Cancel", document_type=2, document_number=1)
    assert refusal.endswith("closed")


def test_a_credit_may_or_may_not_be_cancelled() -> None:
    allowed, forbidden = api(), api(cancel_of_credit_allowed=False)
    for books in (allowed, forbidden):
        books.invoice(SALE | {"price_nis": -118}, document_type=3)
    cancel(allowed, kind=3)
    assert allowed.sandbox.books.balance(CUSTOMER) == 0
    refusal = forbidden.refused("Document.Cancel", document_type=3, document_number=1)
    assert refusal.endswith("a credit")


def test_a_document_outside_the_accounts_may_or_may_not_be_cancelled() -> None:
    allowed, forbidden = api(), api(cancel_of_non_accounting_allowed=False)
    for books in (allowed, forbidden):
        books.invoice(document_type=4)
    assert cancel(allowed, kind=4)
    refusal = forbidden.refused("Document.Cancel", document_type=4, document_number=1)
    assert refusal.endswith("not in the accounts")


def test_a_cancel_closes_what_was_open_or_leaves_it() -> None:
    for closes, still_open in ((True, 0), (False, 118)):
        books = api(cancel_closes_original=closes)
        books.invoice()
        cancel(books, kind=1)
        assert books.sandbox.books.open_amount(Key(1, 1)) == still_open
        assert books.sandbox.books.open_amount(Key(3, 1)) == -still_open


def test_the_credit_of_a_part_paid_invoice_stays_open_for_what_was_paid() -> None:
    books = api(demo=True)
    cancel(books, 5003, 1)
    assert books.sandbox.books.open_amount(Key(1, 5003)) == 0
    assert books.sandbox.books.open_amount(Key(3, 802)) == -1000


def test_a_cancelled_receipt_opens_its_invoice_again_or_leaves_it_closed() -> None:
    for reopens, still_open in ((True, 118), (False, 0)):
        books = api(receipt_cancel_reopens=reopens)
        books.invoice()
        books.receipt(closed_document_type=1, closed_document_number=1)
        cancel_receipt(books, 1, 1)
        assert books.sandbox.books.open_amount(Key(1, 1)) == still_open


def test_after_both_halves_nothing_is_open() -> None:
    books = api()
    books.invoice_receipt()
    cancel(books)
    cancel_receipt(books)
    assert books.sandbox.books.open_amount(Key(2, 1)) == 0
    assert books.sandbox.books.open_amount(Key(3, 1)) == 0


def test_a_cancelled_receipt_half_may_close_the_credit_of_its_invoice() -> None:
    for closes, closers in ((True, 1), (False, 0)):
        books = api(receipt_cancel_closes_credit=closes, receipt_cancel_reopens=False)
        books.invoice_receipt()
        cancel(books)
        cancel_receipt(books)
        assert len(books.sandbox.books.closings_of(Key(3, 1))) == closers


def test_document_cancel_may_answer_a_status() -> None:
    books = api(document_cancel_answers_status=True)
    books.invoice_receipt()
    assert cancel(books)["status"] == 0


def test_the_customer_is_mailed_of_a_cancel_only_by_switch_or_on_request() -> None:
    for switch, mails in ((True, 2), (False, 0)):
        books = api(mail_on_cancel=switch)
        books.invoice_receipt(send_mail=False)
        cancel(books)
        cancel_receipt(books)
        assert len(books.sandbox.books.mails) == mails
    books.invoice_receipt(send_mail=False)
    cancel(books, 2, email_to="someone@example.com")
    assert [mail.to for mail in books.sandbox.books.mails] == ["someone@example.com"]


def test_one_half_may_mark_the_other() -> None:
    for marks in (True, False):
        books = api(half_cancel_marks_other_half=marks)
        books.invoice_receipt()
        cancel(books)
        assert books.sandbox.books.receipts[Key(2, 1)].is_cancelled is marks
        books.invoice_receipt()
        cancel_receipt(books, 2)
        assert books.sandbox.books.documents[Key(2, 2)].is_cancelled is marks


def test_check_only_on_a_cancel_is_known_only_by_switch() -> None:
    known, unknown = api(check_only_on_cancel=True), api()
    for books in (known, unknown):
        books.invoice_receipt()
    assert cancel(known, check_only=True) == {}
    assert cancel_receipt(known, check_only=True) == {}
    assert len(known.sandbox.books.documents) == 1
    assert cancel(unknown, check_only=True) != {}


def test_a_credit_may_get_an_allocation_number() -> None:
    for gets in (True, False):
        books = api(allocation_number_on_credits=gets)
        books.invoice_receipt()
        cancel(books)
        assert bool(books.sandbox.books.documents[Key(3, 1)].confirmation_number) is gets


def test_the_books_know_which_request_made_what() -> None:
    books = api()
    books.invoice_receipt()
    cancel(books)
    call = books.sandbox.log.of("Document.Cancel")[0]
    assert call.made == ((Kind.DOCUMENT, Key(3, 1)),)
    assert books.sandbox.books.documents[Key(3, 1)].made_by == call.order


def test_a_document_made_by_new_is_untouched_by_the_cancel_of_another() -> None:
    books = api()
    books.ok("Document.New", **document())
    books.ok("Document.New", **document())
    cancel(books, 1, 1)
    assert not books.sandbox.books.documents[Key(1, 2)].is_cancelled
