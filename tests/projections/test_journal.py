"""The journal: every movement once, on its day, and the same sums as the ledger."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_ledger.accounts import QUANTITY, Book
from refund_ledger.errors import RefusedError
from refund_ledger.events import Event
from refund_ledger.postings import postings
from refund_projections import journal as module
from refund_projections.chart import Chart
from refund_projections.journal import Journal, Line, Transaction, one_line, places, written

ALL = tuple(Book)


def drawn(company: Company, journal: Journal | None = None) -> list[Transaction]:
    return list((journal or Journal(COMPANY)).transactions(company.store.events()))


def moved(event: Event, *books: Book) -> bool:
    return any(posting.account.rule.book in books for posting in postings(event))


@given(histories)
def test_each_event_that_moves_money_is_one_transaction_that_sums_to_zero(company: Company) -> None:
    found = drawn(company)
    wanted = [at for at, event in company.store.events() if moved(event, Book.MONEY)]
    assert [one.position for one in found] == wanted
    assert all(sum(line.amount for line in one.lines) == 0 for one in found)


@given(histories)
def test_the_accounts_come_to_what_the_ledger_says(company: Company) -> None:
    chart, journal = Chart(), Journal(COMPANY, books=ALL)
    drawn(company, journal)
    sums: dict[tuple[str, str], int] = {}
    for account, amount in company.store.sums(COMPANY):
        key = (chart.account(account), account.unit)
        sums[key] = sums.get(key, 0) + amount
    found = {(name, unit): amount for name, amount, unit in journal.balances}
    assert {key: amount for key, amount in found.items() if amount} == {
        key: amount for key, amount in sums.items() if amount
    }


def test_a_transaction_tells_who_why_and_for_which_refund() -> None:
    company = Company()
    sale = company.cash_sale(1, 1_000)
    refund = company.ask("החזר-1", original=str(sale), source_account="bank")
    company.finish(refund)
    *_, paid = drawn(company)
    event = company.events()[paid.position - 1]
    assert (paid.event_id, paid.topic, paid.at) == (event.event_id, event.TOPIC, event.timestamp)
    assert (paid.refund, paid.key, paid.actor) == (refund, "החזר-1", "dispatcher")
    assert paid.what.startswith("Receipt 3/482 pays back 11.70 ILS")
    assert paid.lines == (
        Line("Liabilities:PromisedCredit:7", 1_170, "ILS"),
        Line("Assets:Paid-bank", -1_170, "ILS"),
    )


def test_what_moves_only_rights_is_there_only_with_the_book_of_rights() -> None:
    company = Company()
    company.cash_sale(1, 1_000)
    journal = Journal(COMPANY, books=ALL)
    assert drawn(company) == []
    (recorded,) = drawn(company, journal)
    assert (recorded.refund, recorded.key) == (None, "")
    assert journal.units == ["ILS", QUANTITY]


def test_days_are_those_of_the_time_zone() -> None:
    company = Company(minutes=15 * 60 + 30)
    company.invoice(1, 1_000)
    east = Journal(COMPANY, zone=timezone(timedelta(hours=2)))
    assert [one.day for one in drawn(company)] == [date(2026, 3, 1)]
    assert [one.day for one in drawn(company, east)] == [date(2026, 3, 2)]
    assert east.day_after == date(2026, 3, 3)


def test_an_account_opens_on_its_first_day_even_where_a_clock_went_back() -> None:
    company = Company()
    company.invoice(1, 1_000)
    company.minutes = -3 * 24 * 60
    company.invoice(2, 1_000)
    journal = Journal(COMPANY)
    drawn(company, journal)
    opened = date(2026, 2, 26)
    assert journal.opened == [("Assets:Receivable:7", opened), ("Equity:Books", opened)]
    assert journal.day_after == date(2026, 3, 2)


def test_other_companies_are_passed_over() -> None:
    company = Company()
    company.invoice(1, 1_000)
    assert drawn(company, Journal("another")) == []


def test_the_key_of_a_refund_long_ago_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 1)
    company = Company()
    refunds = [
        company.ask(f"key-{number}", original=str(company.cash_sale(number, 1_000)))
        for number in (1, 2)
    ]
    asked: list[UUID] = []

    def key_of(refund: UUID) -> str:
        asked.append(refund)
        return company.refund(refund).request.key

    for refund in refunds:
        company.finish(refund)
    journal = Journal(COMPANY, key_of=key_of)
    keys = {one.refund: one.key for one in drawn(company, journal)}
    assert keys == {refunds[0]: "key-1", refunds[1]: "key-2"}
    assert asked == refunds, "each once, since its other events follow one another"


def test_without_anybody_to_ask_a_forgotten_key_is_empty() -> None:
    company = Company()
    refund = company.ask("key-1", original=str(company.cash_sale(1, 1_000)))
    company.finish(refund)
    after_the_request = company.store.events(after=2)
    found = list(Journal(COMPANY).transactions(after_the_request))
    assert found
    assert {one.key for one in found} == {""}


@pytest.mark.parametrize("at", [datetime(9999, 12, 31, hour, tzinfo=UTC) for hour in (12, 23)])
def test_a_day_without_a_day_after_it_is_refused(at: datetime) -> None:
    company = Company()
    company.invoice(1, 1_000)
    (event,) = company.events()
    late = event.model_copy(update={"timestamp": at})
    journal = Journal(COMPANY, zone=timezone(timedelta(hours=2)))
    with pytest.raises(RefusedError, match="the event at position 7 is dated 9999-12-31T"):
        list(journal.transactions([(7, late)]))


@pytest.mark.parametrize(
    ("amount", "unit", "text", "decimals"),
    [
        (-1_170, "ILS", "-11.70", 2),
        (100, "JPY", "100", 0),
        (10_000_123, "BHD", "10000.123", 3),
        (1_500_000, QUANTITY, "1.5", 6),
    ],
)
def test_amounts_have_the_places_of_their_unit(
    amount: int, unit: str, text: str, decimals: int
) -> None:
    assert written(amount, unit) == text
    assert places(unit) == decimals


def test_texts_are_of_one_line() -> None:
    assert one_line("שלום, world") == "שלום, world"
    assert one_line("a\nb\u2028c\u200fd\x00") == "a b cd "
