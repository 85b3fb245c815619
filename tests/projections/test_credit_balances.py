"""Who owes whom: from the events and from live sums alike."""

from hypothesis import given
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, histories
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.events import Part
from refund_ledger.originals import Closes
from refund_projections.credit_balances import (
    CreditBalance,
    Customer,
    SourceCredit,
    fold,
    from_sums,
)
from refund_projections.sums import Sums

DANA = Customer(COMPANY, "7", "ILS")
SIDE_COLUMNS = (AccountKind.HELD_CREDIT, AccountKind.UNEXPLAINED)


def live(company: Company) -> list[tuple[Account, int]]:
    """The store's guarded balances, oldest first, and the sums of what has no balance row."""
    store = company.store
    sums = (store.sums(COMPANY, kind=kind) for kind in SIDE_COLUMNS)
    return [*store.balances(COMPANY), *(entry for each in sums for entry in each)]


def test_an_unpaid_invoice_is_owed_by_the_customer() -> None:
    company = Company()
    company.invoice(1, 10_000)
    assert fold(company.events()) == {DANA: CreditBalance(*DANA, open=11_700)}
    assert fold(company.events())[DANA].net == -11_700


def test_credit_is_told_by_source_the_oldest_first() -> None:
    company = Company()
    company.grant("b", 200)
    company.grant("a", 100)
    balance = fold(company.events())[DANA]
    assert (balance.credit, balance.net) == (300, 300)
    assert balance.sources == (SourceCredit("grant:b", 200), SourceCredit("grant:a", 100))


def test_a_refund_of_credit_holds_it_and_changes_no_net() -> None:
    company = Company()
    company.grant("a", 300)
    company.ask("k", kind="credit", customer_id="7", amount=120, method="cash")
    balance = fold(company.events())[DANA]
    assert (balance.credit, balance.held, balance.net) == (180, 120, 300)


def test_a_credited_sale_whose_money_is_on_its_way_is_promised() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    refund = company.ask("k", original=str(sale))
    company.submit(refund, Part.INVOICE)
    company.answer(refund, Part.INVOICE)
    balance = fold(company.events())[DANA]
    assert (balance.promised, balance.credit, balance.net) == (1_170, 0, 1_170)
    company.submit(refund, Part.RECEIPT)
    company.answer(refund, Part.RECEIPT)
    assert fold(company.events()) == {}


def test_a_second_document_is_unexplained_and_never_credit() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    refund = company.ask("k", original=str(sale))
    company.finish(refund)
    company.answer(refund, Part.RECEIPT)
    balance = fold(company.events())[DANA]
    assert (balance.credit, balance.unexplained, balance.net) == (0, -1_170, -1_170)


def test_customers_currencies_and_companies_stand_apart() -> None:
    company = Company()
    company.grant("a", 100)
    company.grant("b", 200, customer_id="8")
    company.grant("c", 300, currency="USD")
    found = {
        (key.customer_id, key.currency): one.credit for key, one in fold(company.events()).items()
    }
    assert found == {("7", "ILS"): 100, ("8", "ILS"): 200, ("7", "USD"): 300}


def test_credits_of_one_save_are_equally_old_and_told_by_name() -> None:
    company = Company()
    sales = [company.invoice(number, 100, open_amount=0) for number in (9, 8)]
    closes = tuple(Closes(sale=str(sale), amount=200) for sale in sales)
    company.receipt(1, 500, closes=closes, overpaid=100)
    sources = [source for source, _ in company.store.credits(COMPANY, "7", "ILS")]
    assert [one.source for one in fold(company.events())[DANA].sources] == sources
    assert sources == sorted(sources)


@given(histories)
def test_replayed_balances_equal_the_live_ones(company: Company) -> None:
    assert fold(company.events()) == from_sums(live(company))


@given(histories)
def test_balances_are_the_same_whichever_sums_they_come_from(company: Company) -> None:
    by_name = {
        one: from_sums(company.store.sums(COMPANY))[one].net for one in fold(company.events())
    }
    assert by_name == {one: balance.net for one, balance in fold(company.events()).items()}


@given(histories, st.data())
def test_a_history_may_be_folded_in_batches_of_any_size(
    company: Company, data: st.DataObject
) -> None:
    events = list(company.store.events())
    cut = data.draw(st.integers(0, len(events)))
    at_once, in_two = Sums(), Sums()
    for position, event in events:
        at_once.add(position, event)
    for batch in (events[cut:], events[:cut]):
        for position, event in batch:
            in_two.add(position, event)
    assert dict(in_two) == dict(at_once)


@given(histories)
def test_what_customers_hold_is_what_the_other_side_of_the_book_gave(company: Company) -> None:
    balances = fold(company.events()).values()
    other_side = [AccountKind.RETURNS, AccountKind.VAT, AccountKind.PAID]
    other_side += [AccountKind.GRANTED, AccountKind.BOOKS, AccountKind.EXPLAINED]
    given_away = sum(company.store.total(COMPANY, kind) for kind in other_side)
    assert sum(balance.net for balance in balances) == given_away
