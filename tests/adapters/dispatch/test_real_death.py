"""Real dispatcher processes, killed at any moment: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

import pytest

from refund_adapters.accounting import Wanted
from refund_adapters.desk import Desk
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import FaultPlan
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import real_time, seeded, serving
from refund_ledger.accounts import AccountKind
from refund_ledger.events import CallInDoubt, LateSuccessFound, Part, claims
from refund_ledger.originals import OriginalRef
from refund_ledger.postings import net_changes, postings
from refund_ledger.refund import Status, Waits
from support.killed import dispatch_until_killed, open_desk
from support.ring import COMPANY, TOKEN
from support.tree import ROOT

KILLS = 100
KILLS_ON_SERVER = 40 if os.environ.get("CI") else 20
REFUNDS = 90
AT_ONCE = 2
MOST_SECONDS = 100.0
SALES = ("invoice_receipt:2/6926", "invoice_receipt:2/6930", "invoice_receipt:2/6924")
WRITES = {"Document.Cancel", "Document.New", "Receipt.Cancel", "Receipt.New"}


def start(context: ForkServerContext, path: str, url: str) -> BaseProcess:
    """Start one dispatcher as a process of its own."""
    process = context.Process(target=dispatch_until_killed, args=(path, url), daemon=True)
    process.start()
    return process


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("sort", "kills"), [("file", KILLS), ("server", KILLS_ON_SERVER)])
def test_killed_dispatchers_leave_every_part_booked_exactly_once(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, sort: str, kills: int
) -> None:
    # The process that forks the dispatchers has everything loaded, so each starts at once.
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    rng = random.Random(20261122)
    on_server = sort == "server"
    path = str(request.getfixturevalue("postgres_ledger" if on_server else "tmp_path"))
    path += "" if on_server else "/refunds.db"
    sandbox = Sandbox(token=TOKEN, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.killed"])
    with serving(sandbox), open_desk(path, sandbox.api_url) as desk:
        ask_for_refunds(desk)
        sandbox.faults = FaultPlan(
            rng=seeded(5),
            chances={
                faults.ANSWER_LOST: 0.1,
                faults.DROPPED_BEFORE: 0.05,
                # Slow, so that most deaths come while a call is under way.
                faults.slow_after(0.3): 0.35,
                faults.slow_before(0.3): 0.35,
            },
            methods=WRITES,
        )
        kill_and_replace(context, rng, kills, path, sandbox.api_url)
        sandbox.faults = FaultPlan()
        drain(desk, sandbox)

        assert_some_died_at_work(desk, kills)
        assert_books_equal_ledger(desk, sandbox)
        assert_nobody_sent_twice(sandbox, desk)


def ask_for_refunds(desk: Desk) -> None:
    """Many refunds of equal amounts on few originals, and some whole ones."""
    imported = desk.import_wanted(Wanted(refs=tuple(OriginalRef.parse(sale) for sale in SALES)))
    assert [one.outcome for one in imported] == ["recorded"] * len(SALES)
    wanted = Wanted(refs=(OriginalRef.parse("invoice_receipt:2/6923"),))
    assert [one.outcome for one in desk.import_wanted(wanted)] == ["recorded"]
    desk.request(key="whole", original="invoice_receipt:2/6923", reason="returned_goods")
    for number in range(REFUNDS):
        sale = SALES[number % len(SALES)]
        desk.request(key=f"k{number}", original=sale, amount="5.00", reason="complaint")


def kill_and_replace(
    context: ForkServerContext, rng: random.Random, kills: int, path: str, url: str
) -> None:
    """Kill one of the running dispatchers again and again, at moments that a seed chooses."""
    running = [start(context, path, url) for _ in range(AT_ONCE)]
    try:
        for _ in range(kills):
            time.sleep(rng.uniform(0.02, 0.25))
            victim = running.pop(rng.randrange(len(running)))
            assert victim.pid is not None
            os.kill(victim.pid, signal.SIGKILL)
            victim.join(10)
            assert victim.exitcode == -signal.SIGKILL
            running.append(start(context, path, url))
    finally:
        for process in running:
            with suppress(ProcessLookupError):
                process.kill()
            process.join(10)


def drain(desk: Desk, sandbox: Sandbox) -> None:
    """Let one dispatcher finish, and a person decide what machines cannot."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        desk.dispatch(patience=5.0)
        waiting = desk.store.due(COMPANY, Waits.PERSON)
        for call in waiting:
            refund = desk.refund(call.refund)
            made = made_for(sandbox, refund.part(call.part).submitted.reference)  # type: ignore[union-attr]
            if made:
                desk.happened(refund.request.key, call.part, document=made[0], why="it is there")
            else:
                desk.send_again(refund.request.key, call.part, why="it is not there")
        if not desk.store.due(COMPANY, Waits.SEND, Waits.PARK, Waits.LOOK, Waits.PERSON):
            return
    raise AssertionError(desk.store.due(COMPANY, *Waits))


def made_for(sandbox: Sandbox, reference: str) -> list[str]:
    """What the server made for one reference, by its own log."""
    return [
        f"{key.type}/{key.number}"
        for call in sandbox.log.calls
        if reference.encode() in call.body
        for _, key in call.made
    ]


def assert_some_died_at_work(desk: Desk, kills: int) -> None:
    """The kills hit calls that were under way, or this test would prove nothing."""
    doubts = Counter(
        event.why for _, event in desk.store.events() if isinstance(event, CallInDoubt)
    )
    orphaned = doubts["its sender did not say what became of it"]
    assert orphaned >= kills // 10, doubts


def assert_books_equal_ledger(desk: Desk, sandbox: Sandbox) -> None:
    """One document for each part in the server's books, and each of them in the ledger."""
    events = [event for _, event in desk.store.events()]
    claimed = Counter(
        (document.half, document.series, document.number)
        for event in events
        if event.TOPIC.startswith("refund.")
        for document in claims(event)
    )
    made = Counter(
        (str(kind), key.type, key.number) for call in sandbox.log.calls for kind, key in call.made
    )
    assert claimed == made
    assert set(made.values()) == {1}
    assert len(made) == 2 * (REFUNDS + 1)
    assert not any(isinstance(event, LateSuccessFound) for event in events)
    keys = ["whole", *(f"k{number}" for number in range(REFUNDS))]
    assert {desk.refund(key).status for key in keys} == {Status.COMPLETED}
    entries = [posting for event in events for posting in postings(event)]
    assert dict(desk.store.sums(COMPANY)) == net_changes(entries)
    assert not any(account.kind is AccountKind.RESERVED for account, _ in desk.store.sums(COMPANY))


def assert_nobody_sent_twice(sandbox: Sandbox, desk: Desk) -> None:
    """No reference was carried out twice by the server, whoever sent it."""
    carried_out: Counter[str] = Counter()
    for number in range(REFUNDS):
        refund = desk.refund(f"k{number}")
        for part in Part:
            submitted = refund.part(part).submitted
            assert submitted is not None
            carried_out[submitted.reference] += len(made_for(sandbox, submitted.reference))
    assert set(carried_out.values()) == {1}
