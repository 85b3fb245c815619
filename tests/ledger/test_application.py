"""The ledger loads, decides and saves: once, on fresh facts, and all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self
from uuid import UUID, uuid4

import pytest

from refund_ledger import calling
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.application import MAX_TRIES, RefundLedger
from refund_ledger.balances import Look
from refund_ledger.errors import (
    ConflictError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RefusedError,
    StreamMovedError,
)
from refund_ledger.events import Event, Learned, Part, RefundRequested
from refund_ledger.originals import OriginalRef
from refund_ledger.refund import CallDue, Refund, Waits
from refund_ledger.storing import Append
from support.books import Books, a_cash_sale, a_grant, a_line, a_request, a_stamp, an_invoice

SALE = "invoice_receipt:2/1"


def with_a_sale() -> Books:
    books = Books()
    books.record(a_cash_sale(1, a_line(1, 100)))
    return books


class Overtaken:
    """A store before which somebody else does something, each time that something is saved."""

    def __init__(self, books: Books, *others: Callable[[], object]) -> None:
        self.store = books.store
        self.others = list(others)
        self.while_reading: list[Callable[[], object]] = []
        self.saves = 0

    def append(self, batch: Append) -> None:
        """Let the next of the others be faster, then save."""
        self.saves += 1
        if self.others:
            self.others.pop(0)()
        self.store.append(batch)

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Self:  # noqa: ARG002
        """Read one by one, as no store does: what is decided holds all the same."""
        return self

    def stream(self, stream: UUID) -> list[Event]:
        """As below."""
        return self.store.stream(stream)

    def balance(self, account: Account) -> int:
        """Read, and let somebody be faster before the next read."""
        found = self.store.balance(account)
        if self.while_reading:
            self.while_reading.pop(0)()
        return found

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """As below."""
        return self.store.credits(company, customer, unit)

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """As below."""
        return self.store.total(company, kind, **columns)


# --- finding --------------------------------------------------------------------------------------


def test_what_is_not_there_is_not_found() -> None:
    with Books() as books:
        with pytest.raises(NotFoundError, match="check the id or the key"):
            books.ledger.refund(uuid4())
        with pytest.raises(NotFoundError, match="under the key 'order-9'"):
            books.ledger.by_key("order-9")
        with pytest.raises(NotFoundError, match="invoice:1/5 is not recorded; import it first"):
            books.ledger.original(OriginalRef.parse("invoice:1/5"))
        with pytest.raises(NotFoundError):
            books.ask("a", original="invoice:1/5")
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        with pytest.raises(NotFoundError, match="check the id or the key"):
            books.ledger.refund(sale.stream(books.company))


def test_one_company_does_not_see_another_s_refunds() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE)
        other = RefundLedger(books.store, "other")
        with pytest.raises(NotFoundError):
            other.refund(refund)
        with pytest.raises(NotFoundError):
            other.by_key("a")
        with pytest.raises(NotFoundError):
            other.withdraw(refund, a_stamp())


def test_what_is_another_company_s_is_refused() -> None:
    with Books(company="other") as books:
        for command in (
            lambda: books.record(an_invoice(1, a_line(1, 100))),
            lambda: books.ledger.grant_credit(a_grant("old", 5), a_stamp()),
            lambda: books.ask("a", kind="goodwill", customer_id="7", amount=5),
        ):
            with pytest.raises(InvalidInputError, match="this ledger is 'other', not 'acme'"):
                command()


# --- asking once ----------------------------------------------------------------------------------


def test_the_same_request_again_is_its_first_result() -> None:
    with with_a_sale() as books:
        ask = a_request("a", original=SALE)
        first = books.ledger.request(ask, books.stamp())
        again = books.ledger.request(ask, books.stamp("noa"))
        assert (first.repeated, again.repeated) == (False, True)
        assert again.refund == first.refund
        books.finish(first.refund.id)
        assert books.ledger.request(ask, books.stamp()).refund.status == "completed"


def test_the_same_key_with_other_content_is_refused_with_both_digests() -> None:
    with with_a_sale() as books:
        first, other = a_request("a", original=SALE), a_request("a", original=SALE, amount=5)
        books.ledger.request(first, books.stamp())
        before = books.store.position()
        with pytest.raises(KeyReusedError) as caught:
            books.ledger.request(other, books.stamp())
        assert (caught.value.first_digest, caught.value.second_digest) == (
            first.digest,
            other.digest,
        )
        assert books.store.position() == before


def test_two_who_ask_with_one_key_at_once_make_one_refund() -> None:
    with with_a_sale() as books:
        ask = a_request("a", original=SALE)
        store = Overtaken(books, lambda: books.ledger.request(ask, books.stamp("noa")))
        result = RefundLedger(store, "acme").request(ask, books.stamp())
        assert result.repeated
        assert result.refund.request.actor == "noa"


def test_a_draft_writes_nothing() -> None:
    with with_a_sale() as books:
        before = books.store.position()
        drafted = books.ledger.draft(a_request("a", original=SALE), books.stamp())
        assert drafted.credited == 100
        assert books.store.position() == before


def test_what_the_accounting_system_cannot_be_told_is_refused_before_it_is_saved() -> None:
    def sayable(request: RefundRequested) -> None:
        raise RefusedError(f"{request.reason} is too long a word")

    with with_a_sale() as books:
        ledger = RefundLedger(books.store, "acme", sayable=sayable)
        with pytest.raises(RefusedError, match="complaint is too long a word"):
            ledger.request(a_request("a", original=SALE), books.stamp())
        assert books.refund_ids() == []


def test_what_took_the_rest_may_be_the_same_request_sent_twice_at_once() -> None:
    with with_a_sale() as books:
        ask = a_request("a", original=SALE)
        store = Overtaken(books)
        store.while_reading = [lambda: books.ledger.request(ask, books.stamp("noa"))]
        result = RefundLedger(store, "acme").request(ask, books.stamp())
        assert (result.repeated, result.refund.request.actor) == (True, "noa")


# --- others are faster ----------------------------------------------------------------------------


def test_the_loser_of_a_race_is_told_what_is_left() -> None:
    with with_a_sale() as books:
        store = Overtaken(books, lambda: books.ask("faster", original=SALE, amount=70))
        with pytest.raises(RefusedError, match=r"only 0\.30 ILS is left to refund"):
            RefundLedger(store, "acme").request(
                a_request("a", original=SALE, amount=60), books.stamp()
            )
        books.check()


def test_a_race_that_leaves_enough_is_decided_again_on_what_is_left() -> None:
    with with_a_sale() as books:
        store = Overtaken(books, lambda: books.ask("faster", original=SALE, amount=70))
        result = RefundLedger(store, "acme").request(a_request("a", original=SALE), books.stamp())
        assert result.refund.request.credited == 30
        assert store.saves == 2
        books.check()


def test_a_debt_that_grew_meanwhile_is_lowered_before_money_goes_back() -> None:
    """A split from an old look breaks no guard: the save itself asserts what was seen."""
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=0))
        earlier = books.ask("earlier", original=str(sale), pay_back=40, amount=1, method="cash")
        books.book(earlier, Part.INVOICE)
        store = Overtaken(books, lambda: books.book(earlier, Part.RECEIPT))
        ask = a_request("a", original=str(sale), amount=60, parts="both", method="cash")
        result = RefundLedger(store, "acme").request(ask, books.stamp())
        assert result.refund.request.paid_back == 60 - 39
        books.check()


def test_a_fact_is_decided_again_until_it_is_saved() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE, amount=60, parts="invoice")
        books.submit(refund, Part.INVOICE)
        others = [
            lambda: books.doubt(refund, Part.INVOICE),
            lambda: books.ask("money", original=SALE, parts="receipt", amount=90),
            lambda: books.withdraw(books.ledger.by_key("money").id),
        ]
        store = Overtaken(books, *others)
        stamp, document = books.stamp("dispatcher"), books.document(Part.INVOICE)
        RefundLedger(store, "acme").fact(
            refund,
            lambda now, look: calling.succeeded(
                now,
                stamp,
                Part.INVOICE,
                document,
                booked=None,
                learned=Learned.ANSWER,
                look=look,
            ),
        )
        assert store.saves == 4
        assert books.refund(refund).status == "completed"
        assert books.position(SALE) == (0, 40, 60)
        books.check()


def test_what_looked_wrong_because_others_saved_between_reads_is_decided_again() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE, amount=30)
        covered = Account("acme", AccountKind.COVERED, SALE, customer="7", unit="ILS")
        seen: list[int] = []

        def decide(_: Refund, look: Look) -> tuple[Event, ...]:
            seen.append(look(covered))
            if len(seen) == 1:
                books.ask("b", original=SALE, amount=20)
                raise ValueError("what was read together never was")
            return ()

        assert books.ledger.fact(refund, decide).repeated
        assert seen == [70, 50]


def test_a_fact_that_means_nothing_to_an_old_reading_is_decided_on_the_fresh_one() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE)
        old = books.ledger.refund(refund)
        books.ledger.withdraw(refund, books.stamp())
        versions: list[int] = []

        def decide(now: Refund, _: Look) -> tuple[Event, ...]:
            versions.append(now.version)
            return ()

        assert books.ledger.fact(refund, decide, known=old).refund.version == 2
        assert versions == [1, 2]


def test_what_is_wrong_on_facts_that_stand_still_is_said() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE)

        def decide(_: Refund, __: Look) -> tuple[Event, ...]:
            raise ValueError("wrong")

        with pytest.raises(ValueError, match="wrong"):
            books.ledger.fact(refund, decide)


def test_a_decision_to_act_is_made_on_the_version_seen_or_not_at_all() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE)

        def nothing(_: Refund, __: Look) -> tuple[Event, ...]:
            return ()

        assert books.ledger.act(refund, nothing, on_version=1).repeated
        books.submit(refund, Part.INVOICE)
        before = books.store.position()
        with pytest.raises(StreamMovedError, match="moved on from version 1"):
            books.ledger.act(refund, nothing, on_version=1)
        assert books.store.position() == before


def test_a_decision_to_act_that_meets_another_is_dropped() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE, parts="invoice")
        store = Overtaken(books, lambda: books.withdraw(refund))
        stamp, document = books.stamp(), books.document(Part.INVOICE)
        with pytest.raises(ConflictError):
            RefundLedger(store, "acme").act(
                refund,
                lambda now, look: calling.succeeded(
                    now,
                    stamp,
                    Part.INVOICE,
                    document,
                    booked=None,
                    learned=Learned.ANSWER,
                    look=look,
                ),
                on_version=1,
            )
        assert books.refund(refund).status == "withdrawn"


class NeverFirst(Overtaken):
    """A store in which others are faster every time."""

    def append(self, batch: Append) -> None:
        """Refuse as a store does that has moved."""
        self.saves += 1
        raise StreamMovedError(batch.events[0].TOPIC)


def test_who_is_never_first_is_told_so_after_a_while() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE, amount=5)
        store = NeverFirst(books)
        ledger = RefundLedger(store, "acme")
        for command in (
            lambda: ledger.request(a_request("b", original=SALE), books.stamp()),
            lambda: ledger.withdraw(refund, books.stamp()),
            lambda: ledger.grant_credit(a_grant("old", 5), books.stamp()),
        ):
            store.saves = 0
            with pytest.raises(ConflictError, match=f"faster {MAX_TRIES} times"):
                command()
            assert store.saves == MAX_TRIES


def test_what_is_due_is_saved_with_what_it_follows_from() -> None:
    with with_a_sale() as books:
        refund = books.ask("a", original=SALE)
        (call,) = books.store.due("acme", Waits.SEND)
        assert call == CallDue("acme", refund, Part.INVOICE, Waits.SEND, call.not_before)
        books.withdraw(refund)
        assert books.store.due("acme", *Waits) == []
