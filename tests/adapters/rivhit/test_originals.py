"""Originals: every kind adds up, and what could not be given back is refused with a reason."""

from datetime import date

import pytest
import simplejson

from refund_adapters.accounting import Unread, Wanted
from refund_adapters.rivhit import Rivhit
from refund_ledger.errors import InvalidInputError, LedgerError
from refund_ledger.originals import Closes, Kind, Method, Original, OriginalRef
from support.loopback import envelope, no_data, scripted
from support.rivhits import Company, company, settings
from support.sandboxes import SALE

DEMO = Wanted(issued_from=date(2024, 1, 1), issued_to=date(2026, 12, 31))


def read(there: Company, name: str) -> Original:
    """Read one original that is one."""
    (found,) = there.rivhit.originals(Wanted(refs=(OriginalRef.parse(name),)))
    assert isinstance(found, Original), found
    return found


def refused(there: Company, name: str) -> str:
    """Say why something is no original."""
    (found,) = there.rivhit.originals(Wanted(refs=(OriginalRef.parse(name),)))
    assert isinstance(found, Unread), found
    assert found.name == name
    return found.why


@pytest.mark.parametrize("quirks", [True, False])
def test_every_original_of_the_demo_adds_up_to_its_books(*, quirks: bool) -> None:
    with company(hebrew_type_names=quirks) as there:
        found = [each for each in there.rivhit.originals(DEMO) if isinstance(each, Original)]
        books = there.api.sandbox.books
        sales = {ref for ref in books.documents if ref.type in {1, 2}}
        assert {(each.series, each.number) for each in found if each.kind.has_sale} == sales
        for original in found:
            if original.kind.has_sale:
                paper = books.documents[original.series, original.number]  # type: ignore[index]
                assert original.sale_total == paper.amount * 100
                assert sum(line.vat for line in original.lines) == paper.totals.vat * 100
                assert original.open_amount == books.open_amount(paper.key) * 100
            else:
                paid = books.receipts[original.series, original.number]  # type: ignore[index]
                assert original.money_total == paid.amount * 100


def test_sales_come_before_the_receipts_that_pay_them() -> None:
    with company() as there:
        kinds = [each.kind for each in there.rivhit.originals(DEMO) if isinstance(each, Original)]
        assert kinds == sorted(kinds, key=lambda kind: kind is Kind.RECEIPT)
        refs = (OriginalRef(Kind.RECEIPT, 1, 3001), OriginalRef(Kind.INVOICE, 1, 5001))
        named = [each.kind for each in there.rivhit.originals(Wanted(refs=refs))]  # type: ignore[union-attr]
    assert named == [Kind.INVOICE, Kind.RECEIPT]


def test_a_receipt_says_which_sales_it_closes() -> None:
    with company() as there:
        receipt = read(there, "receipt:1/3006")
    assert receipt.closes == (Closes(sale="invoice:1/5006", amount=41300),)
    assert receipt.overpaid == 0


def test_methods_are_read_by_number_and_by_name() -> None:
    with company(hebrew_type_names=True) as there:
        mixed = read(there, "invoice_receipt:2/6927")
    assert [each.method for each in mixed.payments] == [Method.CASH, Method.CARD, Method.CHEQUE]


def test_a_cheque_of_an_invoice_receipt_has_the_bank_that_only_its_receipt_shows() -> None:
    with company() as there:
        (cheque,) = read(there, "invoice_receipt:2/6924").payments
    assert cheque.method is Method.CHEQUE
    assert cheque.details.bank is not None
    assert cheque.details.number is not None


def test_a_foreign_sale_keeps_its_currency_and_rate() -> None:
    with company() as there:
        sale = read(there, "invoice_receipt:2/6928")
    assert (sale.currency, sale.exchange_rate) == ("USD", "3.65")
    assert sale.sale_total == sale.money_total


def test_a_type_that_the_settings_do_not_know_is_refused() -> None:
    with company() as there:
        assert "unknown" in refused(there, "invoice:4/77")
        assert "is a credit document" in refused(there, "invoice:3/801")
        assert "invoice_receipt" in refused(there, "invoice:2/6923")
        assert "not of kind receipt" in refused(there, "receipt:2/6923")
        assert "does not exist" in refused(there, "invoice:1/1")
        assert "does not exist" in refused(there, "receipt:1/1")


def test_a_cancelled_original_is_refused_and_left_out_of_a_period() -> None:
    with company(cancelled_flag_on_receipts=True) as there:
        there.api.ok("Document.Cancel", document_type=2, document_number=6923)
        there.api.ok("Receipt.Cancel", receipt_type=1, receipt_number=3001)
        assert "is cancelled" in refused(there, "invoice_receipt:2/6923")
        assert "is cancelled" in refused(there, "receipt:1/3001")
        found = list(there.rivhit.originals(DEMO))
        names = {str(each.ref) for each in found if isinstance(each, Original)}
        assert not names & {"invoice_receipt:2/6923", "receipt:1/3001"}
        assert not [each for each in found if isinstance(each, Unread)]


def test_money_given_back_is_no_original() -> None:
    with company() as there:
        back = there.api.receipt(-118)
        assert "gives money back itself" in refused(there, f"receipt:1/{back}")


def test_a_negative_invoice_is_a_credit() -> None:
    with company() as there:
        credit = there.api.invoice(SALE | {"price_nis": -118})
        assert "it is a credit" in refused(there, f"invoice:1/{credit}")


def test_one_bad_document_does_not_keep_the_others_from_being_read() -> None:
    with company() as there:
        there.api.receipt(-118, customer_id=1001)
        refs = tuple(OriginalRef.parse(f"receipt:1/{number}") for number in (3001, 9999, 3002))
        found = list(there.rivhit.originals(Wanted(refs=refs)))
    assert [isinstance(each, Original) for each in found] == [True, False, True]


def test_originals_of_one_customer_may_be_asked_for() -> None:
    wanted = Wanted(issued_from=DEMO.issued_from, issued_to=DEMO.issued_to, customer_id="1006")
    with company() as there:
        found = [each for each in there.rivhit.originals(wanted) if isinstance(each, Original)]
    assert {each.customer_id for each in found} == {"1006"}


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(issued_from=date(2026, 1, 1)),
        Wanted(issued_from=date(2026, 1, 2), issued_to=date(2026, 1, 1)),
        Wanted(issued_from=date(2026, 1, 1), issued_to=date(2026, 1, 1), customer_id="x"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_at_once(wanted: Wanted) -> None:
    with Rivhit(settings()) as rivhit, pytest.raises(LedgerError):
        rivhit.originals(wanted)


INVOICE: dict[str, object] = {
    "customer_id": 5,
    "document_type": 1,
    "document_number": 7,
    "document_date": "22/11/2026",
    "vat_percent": 18,
    "total_vat": 18,
    "total_without_vat": 100,
    "document_total": 118,
    "items": [{"quantity": 1, "total_line": 118}],
}


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"is_closed": False}, "does not list it as open"),
        ({"currency_id": 77}, "currency 77 is unknown"),
        ({"currency_id": 2, "exchange_rate": 0}, "exchange_rate: is not positive"),
    ],
)
def test_an_invoice_that_contradicts_itself_is_refused(
    members: dict[str, object], why: str
) -> None:
    with (
        scripted(envelope(INVOICE | members), no_data()) as server,
        Rivhit(settings(server.url)) as rivhit,
    ):
        (found,) = rivhit.originals(Wanted(refs=(OriginalRef(Kind.INVOICE, 1, 7),)))
    assert isinstance(found, Unread)
    assert why in found.why


def test_an_invoice_in_no_list_of_open_ones_is_paid() -> None:
    with scripted(envelope(INVOICE), no_data()) as server, Rivhit(settings(server.url)) as rivhit:
        (found,) = rivhit.originals(Wanted(refs=(OriginalRef(Kind.INVOICE, 1, 7),)))
    assert isinstance(found, Original)
    assert found.open_amount == 0


def test_a_receipt_whose_payments_are_not_its_amount_is_refused() -> None:
    shown = {
        "customer_id": 5,
        "receipt_date": "22/11/2026",
        "amount": 6,
        "payments": [{"amount": 5}],
    }
    with scripted(envelope(shown)) as server, Rivhit(settings(server.url)) as rivhit:
        (found,) = rivhit.originals(Wanted(refs=(OriginalRef(Kind.RECEIPT, 1, 7),)))
    assert isinstance(found, Unread)
    assert "its payments sum to 500 minor units, its amount is 600" in found.why


def closes(close_type: str, *, series: int = 1) -> tuple[Closes, ...]:
    """Read a receipt of a type that one closing names, under a text."""
    receipt = {"customer_id": 5, "receipt_date": "22/11/2026", "payments": [{"amount": 118}]}
    closing = {"amount": 118, "close_type": close_type, "sub_type": series, "sub_num": 7}
    row = {"document_type": 1, "document_number": 9, "closing_list": [closing]}
    other = {"document_type": 6, "document_number": 9, "closing_list": [closing]}
    receipts = [{"receipt_type": series, "receipt_name": "קבלה"}]
    documents = [{"document_type": series, "document_name": "חשבונית"}]
    answers = (
        envelope(receipt),
        envelope({"closed_documents": [row, other]}),
        envelope({"receipt_type_list": receipts}),
        envelope({"document_type_list": documents}),
    )
    with scripted(*answers) as server, Rivhit(settings(server.url)) as rivhit:
        (found,) = rivhit.originals(Wanted(refs=(OriginalRef(Kind.RECEIPT, series, 7),)))
    assert isinstance(found, Original), found
    return found.closes


def test_a_closing_is_the_receipts_unless_it_is_by_a_document_of_the_same_number() -> None:
    paid = (Closes(sale="invoice:1/9", amount=11800),)
    assert closes("קבלה") == paid
    assert closes("חשבונית") == ()
    assert closes("something else") == paid
    assert closes("something else", series=3) == ()


def test_nothing_of_a_customers_name_is_kept() -> None:
    with company() as there:
        sale = read(there, "invoice_receipt:2/6923")
    assert "כהן" not in simplejson.dumps(sale.model_dump(mode="json"), ensure_ascii=False)


def test_a_period_needs_both_ends() -> None:
    with Rivhit(settings()) as rivhit, pytest.raises(InvalidInputError, match="which date"):
        rivhit.originals(Wanted(issued_to=date(2026, 1, 1)))
