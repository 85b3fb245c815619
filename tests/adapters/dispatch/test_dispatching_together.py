"""Many dispatchers over one store, in threads and in processes, send every part exactly once."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from refund_adapters import stopping
from refund_adapters.accounting import Answer, Call, Wanted
from refund_adapters.desk import Desk
from refund_adapters.dispatch.dispatcher import IN_HAND
from refund_adapters.dispatch.pace import Pace
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import FaultPlan
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import real_time, seeded, serving
from refund_ledger.events import CallNotSent, CallSubmitted, claims
from refund_ledger.originals import OriginalRef
from refund_ledger.refund import PartStatus, Status, Waits
from support.dispatching import dispatch_until_done
from support.killed import open_desk
from support.ring import COMPANY, TOKEN, Ring, ring
from support.tree import ROOT

SALES = ("invoice_receipt:2/6926", "invoice_receipt:2/6930", "invoice_receipt:2/6924")
WRITES = {"Document.Cancel", "Document.New", "Receipt.Cancel", "Receipt.New"}
LOST = {faults.ANSWER_LOST: 0.2, faults.slow_after(0.05): 0.3}
"""Every call is carried out; some answers never come."""


# --- over real HTTP -------------------------------------------------------------------------------


@contextmanager
def served(path: str, *, refunds: int) -> Iterator[tuple[Sandbox, Desk]]:
    """A server with lost answers on loopback, and a store file with refunds to send."""
    sandbox = Sandbox(token=TOKEN, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    with serving(sandbox), open_desk(path, sandbox.api_url) as desk:
        wanted = Wanted(refs=tuple(OriginalRef.parse(sale) for sale in SALES))
        assert [one.outcome for one in desk.import_wanted(wanted)] == ["recorded"] * len(SALES)
        for number in range(refunds):
            sale = SALES[number % len(SALES)]
            desk.request(key=f"k{number}", original=sale, amount="5.00", reason="complaint")
        sandbox.faults = FaultPlan(rng=seeded(3), chances=LOST, methods=WRITES)
        yield sandbox, desk


def assert_every_part_once(sandbox: Sandbox, desk: Desk, *, refunds: int) -> None:
    """Each part arrived at the server once, was carried out once, and is in the ledger once."""
    parts = 2 * refunds
    arrived = [call for call in sandbox.log.calls if call.method in WRITES]
    assert len(arrived) == parts
    assert {call.executed for call in arrived} == {1}
    made = Counter((str(kind), key.type, key.number) for call in arrived for kind, key in call.made)
    events = [event for _, event in desk.store.events()]
    claimed = Counter(
        (document.half, document.series, document.number)
        for event in events
        if event.TOPIC.startswith("refund.")
        for document in claims(event)
    )
    assert claimed == made
    assert set(made.values()) == {1}
    # A call that was announced too late for its window never left, and was announced again.
    announced = Counter((e.originator_id, e.part) for e in events if isinstance(e, CallSubmitted))
    announced.subtract((e.originator_id, e.part) for e in events if isinstance(e, CallNotSent))
    assert len(announced) == parts
    assert set(announced.values()) == {1}
    statuses = {desk.refund(f"k{number}").status for number in range(refunds)}
    assert statuses == {Status.COMPLETED}


@pytest.mark.timeout(60)
def test_two_processes_send_every_part_exactly_once_though_answers_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process that forks the dispatchers has everything loaded, so both start at once.
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.dispatching"])
    path = str(tmp_path / "refunds.db")
    with served(path, refunds=20) as (sandbox, desk):
        processes = [
            context.Process(target=dispatch_until_done, args=(path, sandbox.api_url, name, 2))
            for name in ("one", "two")
        ]

        for process in processes:
            process.start()
        for process in processes:
            process.join(40)

        assert [process.exitcode for process in processes] == [0, 0]
        assert_every_part_once(sandbox, desk, refunds=20)
        events = [event for _, event in desk.store.events()]
        assert {e.actor for e in events if isinstance(e, CallSubmitted)} == {"one", "two"}


def test_threads_of_one_process_send_every_part_exactly_once_though_answers_are_lost(
    tmp_path: Path,
) -> None:
    with served(str(tmp_path / "refunds.db"), refunds=12) as (sandbox, desk):
        dispatcher = desk.dispatcher()
        dispatcher.concurrency = 4

        dispatcher.run(patience=6.0, poll=0.05)

        assert_every_part_once(sandbox, desk, refunds=12)


# --- leases ---------------------------------------------------------------------------------------


def asked(house: Ring, count: int, **fields: str) -> None:
    """Several refunds of one sale."""
    for number in range(count):
        given = {"original": SALES[0], "amount": "1.00", **fields}
        house.desk.request(key=f"k{number}", reason="complaint", **given)


def sent(house: Ring) -> int:
    """How many calls that change something arrived at the server."""
    return sum(call.method in WRITES for call in house.sandbox.log.calls)


def test_what_one_dispatcher_has_in_hand_another_leaves_alone_until_it_is_dead() -> None:
    with ring() as house:
        house.import_all()
        asked(house, 3)
        dead, alive = house.desk.dispatcher(), house.desk.dispatcher()
        assert len(dead._take()) == 3

        assert alive.round() == 0
        assert sent(house) == 0

        house.clock.advance(house.desk._rhythm.send_window + 2 * house.rivhit.call_limit)
        assert alive.round() == 3
        assert sent(house) == 3


def test_a_run_does_not_wait_for_ever_for_what_another_has_in_hand() -> None:
    with ring() as house:
        house.import_all()
        asked(house, 1)
        other, mine = house.desk.dispatcher(), house.desk.dispatcher()
        before = house.clock.monotonic()
        mine.stop = lambda: len(other._take()) > 1 or house.clock.monotonic() > before + 1000

        steps = mine.run(patience=30)

        assert steps == 0
        assert house.clock.monotonic() - before <= 31


def test_a_dispatcher_takes_its_own_things_in_hand_again() -> None:
    with ring() as house:
        house.import_all()
        asked(house, 1)
        dispatcher = house.desk.dispatcher()

        assert dispatcher._take() == dispatcher._take()


# --- threads --------------------------------------------------------------------------------------


def test_the_pace_is_kept_over_all_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "SLICE", 60.0)  # So that each wait is one sleep.
    with ring(tmp_path / "refunds.db") as house:
        house.import_all()
        asked(house, 6, parts="invoice")
        slept: list[float] = []
        frozen = house.clock.monotonic()
        dispatcher = house.desk.dispatcher()
        dispatcher.concurrency = 3
        dispatcher.protocol.pace = Pace(
            per_second=2.0, monotonic=lambda: frozen, sleep=slept.append
        )

        dispatcher.round()

        assert sent(house) == 6
        assert sorted(slept) == [0.5, 1.0, 1.5, 2.0, 2.5]


def test_no_more_calls_are_under_way_than_there_are_threads(tmp_path: Path) -> None:
    with ring(tmp_path / "refunds.db") as house:
        house.import_all()
        asked(house, 9, parts="invoice")
        dispatcher = house.desk.dispatcher()
        dispatcher.concurrency = 3
        most = under_way(house)

        dispatcher.round()

        assert sent(house) == 9
        assert max(most) <= 3


def under_way(house: Ring) -> list[int]:
    """Note how many calls are being sent whenever one begins."""
    send, lock, now = house.rivhit.send, threading.Lock(), [0]
    most: list[int] = []

    def counted(call: Call, may_begin: Callable[[], bool]) -> Answer:
        with lock:
            now[0] += 1
            most.append(now[0])
        try:
            return send(call, may_begin)
        finally:
            with lock:
                now[0] -= 1

    house.rivhit.send = counted  # type: ignore[assignment, method-assign]
    return most


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_stop_lets_calls_under_way_end_and_leaves_nothing_half_recorded(
    tmp_path: Path, concurrency: int
) -> None:
    with ring(tmp_path / "refunds.db") as house:
        house.import_all()
        asked(house, 8, parts="invoice")
        dispatcher = house.desk.dispatcher()
        dispatcher.concurrency = concurrency
        dispatcher.stop = lambda: sent(house) > 0

        dispatcher.run(forever=True)

        refunds = [house.desk.refund(f"k{number}") for number in range(8)]
        statuses = Counter(refund.invoice.status for refund in refunds)
        assert statuses[PartStatus.SUBMITTED] == 0
        assert statuses[PartStatus.CANCELLED] == sent(house)
        assert 1 <= sent(house) <= concurrency
        assert len(house.desk.store.due(COMPANY, Waits.SEND)) == 8 - sent(house)


def test_a_stop_is_heard_while_nothing_is_due() -> None:
    with ring() as house:
        dispatcher = house.desk.dispatcher()
        dispatcher.stop = lambda: house.clock.monotonic() > 3

        assert dispatcher.run(forever=True, poll=1000.0) == 0
        assert house.clock.monotonic() < 4


# --- nobody starves -------------------------------------------------------------------------------


def test_what_cannot_be_read_does_not_keep_what_is_younger_from_being_sent() -> None:
    with ring() as house:
        house.import_all()
        asked(house, 2 * IN_HAND)
        house.clock.advance(1)
        house.desk.request(key="young", original="invoice_receipt:2/6923", reason="complaint")
        # New documents need the customer's name, which cannot be read now; a Cancel does not.
        house.sandbox.faults.script("Customer.Get", *[faults.UNAVAILABLE] * 1000)

        dispatcher = house.desk.dispatcher()
        dispatcher.stop = lambda: house.clock.monotonic() > 600
        dispatcher.run(forever=True)

        assert house.desk.refund("young").status is Status.COMPLETED
        assert len(house.desk.store.due(COMPANY, Waits.SEND)) == 2 * IN_HAND


def test_what_was_never_tried_goes_before_what_failed() -> None:
    with ring() as house:
        house.import_all()
        asked(house, 3)
        dispatcher = house.desk.dispatcher()
        house.sandbox.faults.script("Customer.Get", faults.UNAVAILABLE)
        dispatcher.round()
        house.clock.advance(3600)
        house.desk.request(key="new", original=SALES[1], amount="1.00", reason="complaint")

        order = dispatcher._take()

        failed = [dispatcher.rests.of(call).tries for call in order]
        assert failed == sorted(failed)
        assert failed[-1] == 1
