"""Real processes at one store at once: never more than the original, and nobody's save is lost."""

from __future__ import annotations

import re

from refund_adapters.store.opening import is_postgres
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import RefusedError
from refund_ledger.originals import Original
from support.books import Books, a_cash_sale, a_line, a_payment
from support.stores import broken_links, kept_events, processes

ROUNDS = 200
TOTAL = 1_170
NOT_BOTH = re.compile(r"only (\d+\.\d\d) ILS is left|only (\d+\.\d\d) of|quantity of (\S+) is left")


def a_sale(number: int) -> Original:
    """Two lines, three pieces, paid in two payments."""
    return a_cash_sale(
        number,
        a_line(1, 800, 136, quantity=2_000_000),
        a_line(2, 200, 34),
        payments=(a_payment(1, 1_000), a_payment(2, TOTAL - 1_000)),
    )


def asked(number: int, who: int) -> dict[str, object]:
    """What one of two processes asks in one round: each less than all, both together more."""
    original = f"invoice_receipt:2/{number}"
    wanted: list[dict[str, object]] = [
        {"amount": 586 + (number * 37 + who * 211) % 500},
        {"parts": "receipt", "amount": 586 + (number * 53 + who * 101) % 500},
        {"lines": [{"line": 1, "quantity": 1_500_000}, {"line": 2}]},
        {"lines": [{"line": 1, "amount": 700 + who * number % 200}], "parts": "invoice"},
    ]
    return {"key": f"{number}/{who}", "original": original, **wanted[number % len(wanted)]}


def positions_of(books: Books) -> list[int]:
    """Every position: none is given twice, and in a file none is left out."""
    positions = [position for position, _ in books.store.events()]
    assert len(positions) == len(set(positions))
    if not is_postgres(str(books.path)):
        # A server gives positions to saves that are refused in the end, too.
        assert positions == list(range(1, len(positions) + 1))
        assert books.store.position() == len(positions)
    return positions


def test_two_processes_never_refund_more_than_the_original(shared: str) -> None:
    with Books(shared) as books, processes(2) as pair:
        for each in pair:
            assert each.do("open", path=shared) == {"done": None}
        winners = [0, 0]
        for number in range(1, ROUNDS + 1):
            sale = books.record(a_sale(number))
            for who, each in enumerate(pair):
                each.tell("ask", **asked(number, who))
            answers = [each.hear() for each in pair]
            (winner,) = (who for who, answer in enumerate(answers) if "done" in answer)
            winners[winner] += 1
            lost = answers[1 - winner]
            assert lost["error"] == RefusedError.__name__
            assert NOT_BOTH.search(lost["says"]), lost["says"]
            sold, paid = books.left_in_all(str(sale))
            request = books.ledger.by_key(f"{number}/{winner}").request
            assert (sold, paid) == (TOTAL - request.credited, TOTAL - request.paid_back)
        assert min(winners) > 0, "one process was always first: they never met"
        assert len(positions_of(books)) == 2 * ROUNDS
        assert broken_links(kept_events(books.store)) == []
        books.check()


def test_the_same_key_from_two_processes_makes_one_refund(shared: str) -> None:
    with Books(shared) as books, processes(2) as pair:
        for each in pair:
            each.do("open", path=shared)
        for number in range(1, 21):
            books.record(a_sale(number))
            for each in pair:
                each.tell("ask", **asked(number, 0))
            one, other = (each.hear() for each in pair)
            assert one == other
            assert "done" in one
        assert len(books.refund_ids()) == 20


def test_eight_processes_create_and_write_one_store_at_once(shared: str) -> None:
    with processes(8) as crowd:
        for each in crowd:
            each.tell("open", path=shared)
            for number in range(10):
                each.tell("grant", reference=f"{id(each)}/{number}", amount=5)
        for each in crowd:
            assert each.hear() == {"done": None}
            assert all("done" in each.hear() for _ in range(10))
    with Books(shared) as books:
        assert books.total(AccountKind.CREDIT) == 8 * 10 * 5
        assert len(positions_of(books)) == 80
        assert broken_links(kept_events(books.store)) == []
        books.check()


def test_two_processes_take_different_calls_in_hand(shared: str) -> None:
    with Books(shared) as books, processes(2) as pair:
        asks = {"kind": "goodwill", "customer_id": "7", "amount": 10}
        refunds = {str(books.ask(f"k{number}", **asks)) for number in range(12)}
        for each in pair:
            each.do("open", path=shared)
        taken: list[str] = []
        for _ in range(4):
            for who, each in enumerate(pair):
                each.tell("take", worker=f"w{who}", seconds=60, limit=6)
        hands = [[each.hear()["done"] for _ in range(4)] for each in pair]
        for again in hands:
            assert all(set(one) == set(again[0]) for one in again)
            taken += again[0]
        assert sorted(taken) == sorted(refunds)


def test_a_process_that_vanishes_while_it_writes_leaves_whole_saves(shared: str) -> None:
    for run in range(3):
        with processes(1) as (victim,):
            victim.do("open", path=shared)
            for number in range(50):
                victim.tell("grant", reference=f"{run}/{number}", amount=5)
            for _ in range(5 * (run + 1)):
                assert "done" in victim.hear()
        with Books(shared) as books:
            books.check()
            assert broken_links(kept_events(books.store)) == []
            saved = len(positions_of(books))
            assert books.total(AccountKind.CREDIT) == 5 * saved
            assert saved >= 5 * (run + 1)
