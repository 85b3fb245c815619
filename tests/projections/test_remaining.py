"""What is left of an original, line by line and payment by payment."""

from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_ledger.events import How, Part
from refund_ledger.explaining import Explanation
from refund_projections.remaining import LineLeft, PaymentLeft, Remaining, Side, from_sums
from refund_projections.sums import sum_up


def left_of(company: Company, original: str) -> Remaining:
    return from_sums(sum_up(company.store.events()))[COMPANY, original]


def test_an_untouched_original_has_everything_left() -> None:
    company = Company()
    company.cash_sale(5, 1_000, 200)
    left = left_of(company, "invoice_receipt:2/5")
    assert left.currency == "ILS"
    assert left.lines == (LineLeft(1, 1_000, 170, 1_000_000), LineLeft(2, 200, 34, 1_000_000))
    assert left.payments == (PaymentLeft(1, 1_404),)
    assert left.sale == Side(1_404, 1_404, 0, 0, 0)
    assert left.money == Side(1_404, 1_404, 0, 0, 0)
    assert (left.open, left.covered, left.promised_cover) == (0, 1_404, 0)
    assert not left.sale.is_fully_refunded


def test_what_a_refund_in_progress_took_is_in_flight_until_it_is_booked() -> None:
    company = Company()
    sale = company.cash_sale(5, 1_000, 200)
    refund = company.ask("k", original=str(sale), lines=[{"line": 1}])
    left = left_of(company, str(sale))
    assert left.lines == (LineLeft(2, 200, 34, 1_000_000),)
    assert left.sale == Side(1_404, 234, 1_170, 0, 0)
    assert left.quantity == Side(2_000_000, 1_000_000, 1_000_000, 0, 0)
    assert left.promised_cover == 1_170
    company.finish(refund)
    assert left_of(company, str(sale)).sale == Side(1_404, 234, 0, 1_170, 0)


def test_an_original_given_back_whole_is_fully_refunded() -> None:
    company = Company()
    sale = company.cash_sale(5, 1_000)
    company.finish(company.ask("k", original=str(sale)))
    left = left_of(company, str(sale))
    assert (left.lines, left.payments) == ((), ())
    assert left.sale.is_fully_refunded
    assert left.money.is_fully_refunded


def test_what_is_booked_beyond_an_original_is_excess() -> None:
    company = Company()
    sale = company.cash_sale(5, 1_000)
    refund = company.ask("k", original=str(sale))
    company.submit(refund, Part.INVOICE)
    company.answer(refund, Part.INVOICE, booked=1_200)
    assert left_of(company, str(sale)).sale == Side(1_170, 0, 0, 1_200, 30)
    told = Explanation(
        company=COMPANY,
        reference="because",
        document=company.refund(refund).invoice.documents[0],
        how=How.ACCEPTED,
        why="agreed by phone",
    )
    company.ledger.explain(told, company.stamp("avi"), refund=refund)
    assert left_of(company, str(sale)).sale == Side(1_170, 0, 0, 1_200, 0, 30)


def test_a_granted_credit_is_no_original() -> None:
    company = Company()
    company.grant("a", 300)
    company.ask("k", kind="goodwill", customer_id="7", amount=100, parts="both", method="cash")
    assert from_sums(sum_up(company.store.events())) == {}


@given(histories)
def test_replayed_and_live_sums_leave_the_same(company: Company) -> None:
    assert from_sums(sum_up(company.store.events())) == from_sums(company.store.sums(COMPANY))


@given(histories)
def test_what_is_in_flight_is_what_refunds_reserve(company: Company) -> None:
    refunds = [company.refund(refund) for refund in company.refunds]
    for (_, original), left in from_sums(company.store.sums(COMPANY)).items():
        of_sale = [one for one in refunds if one.request.sale == original]
        of_money = [one for one in refunds if one.request.receipt == original]
        assert left.sale.in_flight == sum(one.left_sale for one in of_sale)
        assert left.quantity.in_flight == sum(one.left_quantity for one in of_sale)
        assert left.money.in_flight == sum(one.left_money for one in of_money)
