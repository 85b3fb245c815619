"""What each event means in double entry: it balances, and it says what it should."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings

from refund_ledger.accounts import QUANTITY, Book, Posting
from refund_ledger.errors import InvariantError
from refund_ledger.events import Event, GrantReason, Part, ReductionReason
from refund_ledger.originals import OriginalRef
from refund_ledger.postings import net_changes, postings
from support.books import ONE, Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice
from support.histories import histories

Short = tuple[str, str, str, int]


@settings(max_examples=40)
@given(histories)
def test_every_event_sums_to_zero_in_each_book_and_unit(books: Books) -> None:
    with books:
        for event in books.events():
            sums: Counter[tuple[Book, str]] = Counter()
            for account, amount in postings(event):
                assert amount
                sums[account.rule.book, account.unit] += amount
            assert not any(sums.values()), event.TOPIC


@settings(max_examples=40)
@given(histories)
def test_stories_leave_sound_books(books: Books) -> None:
    with books:
        books.check()


def test_an_event_that_does_not_balance_is_not_posted() -> None:
    with Books() as books:
        books.book(books.ask("a", original=str(a_sale(books))), Part.INVOICE)
        booked = books.events()[-1]
        broken = booked.model_copy(update={"vat": 17})
        assert postings(booked)
        with pytest.raises(InvariantError, match=r"cancelled does not balance: .* was written"):
            postings(broken)


def test_changes_are_summed_by_account_in_order_and_nothing_is_left_out() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=40))
        books.finish(books.ask("a", original=str(sale)))
        entries = [posting for event in books.events() for posting in postings(event)]
        summed = net_changes(entries)
        assert list(summed) == sorted(summed)
        assert all(summed.values())
        assert summed == dict(books.store.sums("acme"))
        turned = [Posting(account, -amount) for account, amount in entries]
        assert net_changes([*entries, *turned]) == {}


# --- event by event -------------------------------------------------------------------------------


def short(event: Event) -> set[Short]:
    """Postings without company, customer and refund."""
    return {
        (account.kind, account.subject, account.item, amount)
        for account, amount in postings(event)
        if account.unit != QUANTITY
    }


def last(books: Books) -> set[Short]:
    return short(books.events()[-1])


def of(books: Books, topic: str) -> set[Short]:
    return short([event for event in books.events() if topic == event.TOPIC][-1])


def test_an_original_brings_rights_cover_and_debt() -> None:
    with Books() as books:
        books.record(an_invoice(1, a_line(1, 100, 18), unpaid=40))
        name = "invoice:1/1"
        assert last(books) == {
            ("refundable", name, "line/1/net", 100),
            ("refundable", name, "line/1/vat", 18),
            ("recorded", name, "sale", -118),
            ("covered", name, "", 78),
            ("uncovered", name, "", -78),
            ("open", name, "", 40),
            ("books", name, "", -40),
        }
        quantity = [(a.kind, n) for a, n in postings(books.events()[0]) if a.unit == QUANTITY]
        assert quantity == [("refundable", ONE), ("recorded", -ONE)]


def test_a_payment_turns_debt_into_cover_and_the_rest_into_credit() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=40))
        books.record(a_receipt(2, a_payment(1, 110), closes=[(sale, 110)]))
        name = str(sale)
        assert last(books) == {
            ("books", name, "", 50),
            ("open", name, "", -40),
            ("covered", name, "", 40),
            ("uncovered", name, "", -40),
            ("credit", name, "", -10),
        }


def test_credit_is_granted_and_used_on_a_sale() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=50))
        books.grant("old", 50)
        assert last(books) == {
            ("granted", "opening_balance", "", 50),
            ("credit", "grant:old", "", -50),
        }
        books.reduce("old", 110, why=ReductionReason.USED_ON_SALE, sale=sale)
        assert short(books.events()[-2]) == {
            ("credit", "grant:old", "", 50),
            ("unexplained", "grant:old", "", 60),
            ("granted", "used_on_sale", "", -110),
        }
        assert last(books) == {
            ("books", str(sale), "", 60),
            ("open", str(sale), "", -50),
            ("covered", str(sale), "", 50),
            ("uncovered", str(sale), "", -50),
            ("credit", str(sale), "", -10),
        }


def test_a_credit_that_was_used_on_a_sale_keeps_what_it_meant_when_it_was_stored() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=40))
        books.grant("old", 50)
        books.reduce("old", 60, why=ReductionReason.USED_ON_SALE, sale=sale)
        stored = books.events()[-2].model_copy(update={"pays": 40})
        assert short(stored) == {
            ("credit", "grant:old", "", 50),
            ("unexplained", "grant:old", "", 10),
            ("granted", "used_on_sale", "", -20),
            ("open", str(sale), "", -40),
            ("covered", str(sale), "", 40),
            ("uncovered", str(sale), "", -40),
        }


def test_an_overpayment_that_is_reversed_pays_for_something_again() -> None:
    with Books() as books:
        receipt = str(books.record(a_receipt(2, a_payment(1, 130))))
        books.grant("typo", 100, why=GrantReason.OVERPAYMENT, receipt=receipt)
        books.reduce("typo", 100)
        assert last(books) == {
            ("credit", "grant:typo", "", 100),
            ("granted", "reversed", "", -100),
            ("covered", receipt, "", 100),
            ("uncovered", receipt, "", -100),
        }


def test_a_request_reserves_rights_and_promises_money() -> None:
    with Books() as books:
        sale = str(a_sale(books))
        books.ask("a", original=sale, amount=59)
        assert last(books) == {
            ("refundable", sale, "line/1/net", -50),
            ("refundable", sale, "line/1/vat", -9),
            ("refundable", sale, "payment/1", -59),
            ("reserved", "", "sale", 59),
            ("reserved", "", "money", 59),
            ("covered", sale, "", -59),
            ("promised_cover", sale, "", 59),
        }


def a_sale(books: Books) -> OriginalRef:
    return books.record(a_cash_sale(1, a_line(1, 100, 18)))


def test_the_parts_issue_return_and_pay() -> None:
    with Books() as books:
        sale = str(a_sale(books))
        refund = books.ask("a", original=sale, amount=59, source_account="till")
        books.book(refund, Part.INVOICE)
        assert last(books) == {
            ("reserved", "", "sale", -59),
            ("issued", sale, "sale", 59),
            ("returns", "", "", 50),
            ("vat", "", "", 9),
            ("promised_credit", sale, "", -59),
            ("promised_cover", sale, "", -59),
            ("uncovered", sale, "", 59),
        }
        books.book(refund, Part.RECEIPT)
        assert of(books, "refund.receipt_part_cancelled") == {
            ("reserved", "", "money", -59),
            ("issued", sale, "money", 59),
            ("promised_credit", sale, "", 59),
            ("paid", "till", "", -59),
        }
        assert last(books) == set()


def test_a_withdrawal_is_the_request_turned_round() -> None:
    with Books() as books:
        sale = str(a_sale(books))
        refund = books.ask("a", original=sale, amount=59)
        asked = last(books)
        books.withdraw(refund)
        assert last(books) == {(kind, at, item, -amount) for kind, at, item, amount in asked}


def test_a_goodwill_has_rights_of_its_own_and_no_original() -> None:
    with Books() as books:
        refund = books.ask(
            "a", kind="goodwill", customer_id="7", amount=50, method="cash", pay_back=30
        )
        source = f"refund:{refund}"
        assert last(books) == {
            ("allowed", "goodwill", "sale", -50),
            ("reserved", "", "sale", 50),
            ("promised_cover", source, "", 30),
            ("uncovered", source, "", -30),
        }
        books.book(refund, Part.INVOICE)
        assert last(books) == {
            ("reserved", "", "sale", -50),
            ("issued", source, "sale", 50),
            ("returns", "", "", 50),
            ("promised_credit", source, "", -30),
            ("credit", source, "", -20),
            ("promised_cover", source, "", -30),
            ("uncovered", source, "", 30),
        }


def test_what_nobody_has_any_place_for_is_excess_and_unexplained() -> None:
    with Books() as books:
        sale = str(a_sale(books))
        refund = books.ask("a", original=sale, parts="invoice")
        books.book(refund, Part.INVOICE)
        books.answer(refund, Part.INVOICE)
        assert last(books) == {
            ("issued", sale, "sale", 118),
            ("excess", sale, "sale", -118),
            ("returns", "", "", 100),
            ("vat", "", "", 18),
            ("unexplained", sale, "", -118),
        }


def test_events_that_move_nothing_post_nothing() -> None:
    with Books() as books:
        refund = books.ask("a", original=str(a_sale(books)))
        books.submit(refund, Part.INVOICE)
        assert last(books) == set()
