"""From a refund to its calls: the vendor's examples byte for byte, and every kind of refund."""

from decimal import Decimal

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.accounting import Call
from refund_adapters.rivhit import Rivhit
from refund_adapters.rivhit.comments import comment_of, marker, reference_number
from refund_adapters.rivhit.messages import units
from refund_adapters.rivhit.translation import call_of, customer_number, digest_of
from refund_ledger.errors import RefusedError
from refund_ledger.events import Backing, Part, RefundKind, RefundRequested, TakenPayment, Way
from refund_ledger.money import Money
from refund_ledger.originals import Method, PaymentDetails
from support.loopback import envelope, scripted
from support.rivhits import REFUND, line, partial, refund, settings
from support.sandboxes import TOKEN

BANK = PaymentDetails(bank=12, branch=600, account="123456", number=4711)


def body(call: Call) -> dict[str, object]:
    """Read what a call says, with exact numbers."""
    found = simplejson.loads(call.request, use_decimal=True)
    assert isinstance(found, dict)
    return found


def payments(request: RefundRequested) -> list[dict[str, object]]:
    """Read the payments of the receipt part."""
    found = body(call_of(request, Part.RECEIPT, settings()))["payments"]
    assert isinstance(found, list)
    return found


def bytes_received(part: Part) -> bytes:
    """Cancel one half of invoice-receipt 6923 over a real socket; return the body as it came."""
    with scripted(envelope({})) as server, Rivhit(settings(server.url)) as rivhit:
        rivhit.send(rivhit.prepare(refund(), part))
        (request,) = server.received
    assert request.path.endswith(f"/{'Document' if part is Part.INVOICE else 'Receipt'}.Cancel")
    return request.body


def test_the_vendors_example_of_a_document_leaves_in_exactly_that_shape() -> None:
    said = comment_of(refund(), Part.INVOICE, language="en")
    assert (
        bytes_received(Part.INVOICE)
        == (
            f'{{"api_token":"{TOKEN}","document_type":2,"document_number":6923,'
            f'"comments":"{said}","request_reference":"rl-{REFUND}-i"}}'
        ).encode()
    )


def test_the_vendors_example_of_a_receipt_leaves_in_exactly_that_shape() -> None:
    said = comment_of(refund(), Part.RECEIPT, language="en")
    assert (
        bytes_received(Part.RECEIPT)
        == (
            f'{{"api_token":"{TOKEN}","receipt_type":2,"receipt_number":6923,'
            f'"comments":"{said}","request_reference":"rl-{REFUND}-r"}}'
        ).encode()
    )


def test_a_partial_credit_is_a_new_document_with_a_negative_price() -> None:
    call = call_of(partial(), Part.INVOICE, settings())
    assert call.method == "Document.New"
    assert body(call) == {
        "document_type": 3,
        "customer_id": 1001,
        "reference": reference_number(call.reference),
        "comments": comment_of(partial(), Part.INVOICE, language="en"),
        "sort_code": 100,
        "price_include_vat": True,
        "currency_id": 1,
        "no_update_inventory": True,
        "send_mail": False,
        "items": [
            {
                "item_id": 0,
                "catalog_number": "C-11",
                "quantity": 1,
                "description": "כוס קרמיקה",
                "price_nis": Decimal("-117.00"),
                "price_mtc": 0,
            }
        ],
        "request_reference": call.reference,
        "prevent_duplicates": True,
    }
    assert "issue_date" not in body(call)


def test_a_partial_payment_back_is_a_new_receipt_with_a_negative_amount() -> None:
    call = call_of(partial(), Part.RECEIPT, settings())
    assert call.method == "Receipt.New"
    assert body(call)["payments"] == [{"payment_type": 2, "amount_nis": Decimal("-117.00")}]
    assert body(call)["receipt_type"] == 1
    assert body(call)["prevent_duplicates"] is True
    assert body(call)["send_mail"] is False


def test_a_call_is_the_same_whenever_it_is_prepared() -> None:
    for part in Part:
        once, again = (call_of(partial(), part, settings()) for _ in range(2))
        assert once == again
        assert once.digest == digest_of(once.method, once.request)
        assert once.marker == marker(REFUND, part)
        assert once.marker in once.request
        assert TOKEN not in once.request


@given(st.integers(1, 10**12), st.sampled_from(["ILS", "USD"]))
def test_the_amount_on_the_wire_is_the_amount_asked_for(amount: int, currency: str) -> None:
    asked = partial(amount, currency=currency)
    name = "amount_nis" if currency == "ILS" else "amount_mtc"
    text = call_of(asked, Part.RECEIPT, settings()).request
    found = simplejson.loads(text, use_decimal=True)["payments"][0][name]
    assert -Money.parse(found, currency) == Money(amount, currency)
    assert f'"{name}":-{Money(amount, currency).decimal():f}' in text


@given(st.lists(st.tuples(st.integers(1, 10**8), st.integers(0, 10**8)), min_size=1, max_size=5))
def test_the_items_on_the_wire_sum_to_the_credit(amounts: list[tuple[int, int]]) -> None:
    lines = tuple(
        line(line=number, net=net, vat=vat, quantity=number * 10**6)
        for number, (net, vat) in enumerate(amounts, start=1)
    )
    call = call_of(partial(lines=lines), Part.INVOICE, settings())
    rows = simplejson.loads(call.request, use_decimal=True)["items"]
    total = sum(Decimal(row["quantity"]) * row["price_nis"] for row in rows)
    assert -total * 100 == sum(map(sum, amounts))


def test_goods_that_came_back_update_the_stock() -> None:
    returned = partial(lines=(line(quantity=10**6, returned=10**6),))
    assert body(call_of(returned, Part.INVOICE, settings()))["no_update_inventory"] is False


def test_prices_may_follow_the_original_instead() -> None:
    asked = partial(price_includes_vat=False)
    said = body(call_of(asked, Part.INVOICE, settings(prices="as_original")))
    assert said["price_include_vat"] is False
    assert said["items"][0]["price_nis"] == Decimal("-100.00")  # type: ignore[index]
    assert body(call_of(asked, Part.INVOICE, settings()))["price_include_vat"] is True


def test_an_exempt_sale_is_credited_exempt() -> None:
    exempt = partial(lines=(line(vat=0, exempt=True),))
    assert body(call_of(exempt, Part.INVOICE, settings()))["sort_code"] == 150


def test_a_foreign_refund_says_its_currency_and_the_originals_rate() -> None:
    asked = partial(currency="USD", exchange_rate="3.65")
    said = body(call_of(asked, Part.INVOICE, settings()))
    assert (said["currency_id"], said["exchange_rate"]) == (2, Decimal("3.65"))
    said = body(call_of(asked, Part.RECEIPT, settings()))
    assert (said["currency_id"], said["exchange_rate"]) == (2, Decimal("3.65"))
    assert said["payments"] == [{"payment_type": 2, "amount_mtc": Decimal("-117.00")}]


def test_each_part_goes_back_at_the_rate_of_its_own_original() -> None:
    asked = partial(currency="USD", exchange_rate="3.65", receipt_rate="3.5")
    rates = [body(call_of(asked, part, settings()))["exchange_rate"] for part in Part]
    assert rates == [Decimal("3.65"), Decimal("3.5")]


def test_a_currency_without_an_id_is_refused() -> None:
    with pytest.raises(RefusedError, match="JPY has no currency id"):
        call_of(partial(currency="JPY"), Part.INVOICE, settings())


def test_a_goodwill_credits_without_an_original() -> None:
    asked = partial(kind=RefundKind.GOODWILL, sale="", receipt="")
    assert "Goodwill" in str(body(call_of(asked, Part.INVOICE, settings()))["comments"])


def test_a_payout_of_credit_is_a_receipt_of_its_own() -> None:
    asked = partial(
        kind=RefundKind.CREDIT,
        sale="",
        receipt="",
        payments=(),
        method=Method.BANK_TRANSFER,
        details=BANK,
        backing=(Backing(source="grant:CN-7"),),
    )
    assert payments(asked) == [
        {
            "payment_type": 9,
            "amount_nis": Decimal("-117.00"),
            "bank_code": 12,
            "branch_number": 600,
            "bank_account_number": "123456",
            "check_number": 4711,
        }
    ]
    assert "grant:CN-7" in str(body(call_of(asked, Part.RECEIPT, settings()))["comments"])


def test_each_payment_goes_back_the_way_it_came() -> None:
    taken = (
        TakenPayment(payment=1, amount=5000, method=Method.CASH),
        TakenPayment(payment=2, amount=0, method=Method.CASH),
        TakenPayment(
            payment=3,
            amount=6700,
            method=Method.CARD,
            details=PaymentDetails(account="4242", number=99),
        ),
    )
    assert payments(partial(payments=taken)) == [
        {"payment_type": 2, "amount_nis": Decimal("-50.00")},
        {
            "payment_type": 5,
            "amount_nis": Decimal("-67.00"),
            "bank_account_number": "4242",
            "check_number": 99,
        },
    ]


def test_a_refund_that_names_its_own_way_pays_by_that() -> None:
    (row,) = payments(partial(method=Method.CHEQUE, details=BANK))
    assert (row["payment_type"], row["bank_code"], row["check_number"]) == (1, 12, 4711)


def test_cash_says_nothing_of_banks() -> None:
    assert payments(partial(method=Method.CASH, details=BANK)) == [
        {"payment_type": 2, "amount_nis": Decimal("-117.00")}
    ]


@pytest.mark.parametrize("method", [Method.CHEQUE, Method.BANK_TRANSFER])
def test_a_method_names_every_detail_that_it_lacks(method: Method) -> None:
    with pytest.raises(RefusedError) as refused:
        payments(partial(method=method, payments=()))
    assert len(refused.value.reasons) == 4
    for name in ("bank", "branch", "account", "number"):
        assert f"'{name}'" in str(refused.value)


def test_a_method_without_payment_type_is_refused() -> None:
    with pytest.raises(RefusedError, match="no payment type is set for other"):
        payments(partial(method=Method.OTHER))


def test_money_back_without_any_method_is_refused() -> None:
    with pytest.raises(RefusedError, match="say how it is paid"):
        payments(partial(payments=()))


def test_payments_that_do_not_sum_to_what_is_paid_back_are_refused() -> None:
    taken = (TakenPayment(payment=1, amount=1, method=Method.CASH),)
    with pytest.raises(RefusedError, match="do not sum"):
        payments(partial(payments=taken))


@pytest.mark.parametrize(
    ("sale", "part"),
    [
        ("receipt:1/77", Part.INVOICE),
        ("receipt:2/6923", Part.INVOICE),
        ("invoice:3/801", Part.INVOICE),
        ("invoice:2/6923", Part.INVOICE),
        ("invoice_receipt:1/5001", Part.INVOICE),
        ("invoice:1/5001", Part.RECEIPT),
        ("receipt:2/6923", Part.RECEIPT),
    ],
)
def test_a_type_where_another_is_meant_is_refused(sale: str, part: Part) -> None:
    with pytest.raises(RefusedError, match="check the reference"):
        call_of(refund(sale=sale, receipt=sale), part, settings())


def test_a_type_of_the_company_that_no_setting_names_may_be_cancelled() -> None:
    said = body(call_of(refund(sale="invoice:11/5"), Part.INVOICE, settings()))
    assert (said["document_type"], said["document_number"]) == (11, 5)


def test_what_cannot_be_cancelled_is_refused() -> None:
    with pytest.raises(RefusedError, match="999999"):
        call_of(refund(sale="invoice:1/1000000"), Part.INVOICE, settings())
    with pytest.raises(RefusedError, match="names no original"):
        call_of(refund(sale=""), Part.INVOICE, settings())
    with pytest.raises(RefusedError, match="has no receipt part"):
        call_of(refund(receipt_way=None), Part.RECEIPT, settings())


@pytest.mark.parametrize("customer_id", ["", "0", "abc", "-5", "1000000000", "١٢"])
def test_a_customer_that_rivhit_could_not_number_is_refused(customer_id: str) -> None:
    with pytest.raises(RefusedError, match="numbers them"):
        customer_number(customer_id)


def test_every_way_of_every_part_keeps_its_comment_within_the_limit() -> None:
    for way in Way:
        asked = partial(comment="א" * 200, invoice_way=way, receipt_way=way)
        for part in Part:
            assert units(str(body(call_of(asked, part, settings()))["comments"])) <= 400
