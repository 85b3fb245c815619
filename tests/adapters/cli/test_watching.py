"""A dispatcher that stays: it outlives the server of its store, and seals what was saved."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refund_adapters.cli.everywhere import Run
from refund_adapters.cli.watching import Watching
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import ANSWER_LOST, slow_after
from refund_adapters.store.health import health
from support.books import COMPANY, Books
from support.command_line import Terminal, read_json
from support.ledger_servers import new_ledger, owner_connection, owner_of
from support.postgres import Server
from support.tampering import Specimen

DEADLINE = 60.0
QUICK = {"abandoned_life": 0, "lists_lag": 0, "clock_error": 0, "call_limit": 2}
SALE = "invoice_receipt:2/6923"
REFUNDS = 15
KILLS = 3
WAITS = "does not answer; waiting for it\n"
WRITES = ("Document.New", "Receipt.New")


@pytest.fixture
def database() -> Iterator[Server]:
    """A server of the store that may be killed."""
    with Server(durable=True, settings={"restore_command": "/bin/false"}) as started:
        yield started


@pytest.fixture
def desk(online: Terminal, database: Server) -> Iterator[Terminal]:
    """A terminal over a ledger on that server and an accounting system, with refunds asked for."""
    with new_ledger(database) as address:
        online.environment |= {
            "REFUND_LEDGER_STORE": address,
            "REFUND_LEDGER_RIVHIT": json.dumps(QUICK),
        }
        online.ok("originals", "import", "--ref", SALE)
        for number in range(REFUNDS):
            online.asked(f"k{number}", "--amount", "5.00")
        yield online
        online.close()


# --- outages --------------------------------------------------------------------------------------


def test_a_server_that_is_killed_and_restarted_costs_nothing(
    desk: Terminal, database: Server, server: Sandbox
) -> None:
    rng = random.Random(20261122)
    for method in WRITES:
        server.faults.script(method, *[slow_after(0.15)] * REFUNDS)
    watching = desk.process("dispatch", "--watch", "--concurrency", "2")
    for _ in range(KILLS):
        until_more_is_made(server)
        time.sleep(rng.uniform(0, 0.2))
        database.kill()
        assert said(watching).endswith(WAITS)
        database.start()
    until(lambda: server_has_all(server))
    assert ended(watching, desk) == ""

    everything_is_booked_once(desk, server)


def test_an_answer_that_could_not_be_saved_in_time_is_kept_until_it_can(
    desk: Terminal, database: Server, server: Sandbox
) -> None:
    desk.environment["REFUND_LEDGER_PATIENCE"] = "0.2"
    server.faults.script("Document.New", slow_after(0.8))
    watching = desk.process("dispatch", "--watch")
    until(lambda: bool(made(server)))
    database.kill()
    assert said(watching).endswith(WAITS)
    # Long enough for the answer to come while the store does not take it.
    time.sleep(2.0)
    database.start()
    until(lambda: server_has_all(server))
    assert ended(watching, desk) == "", "an outage is said once"

    everything_is_booked_once(desk, server)
    topics = [line["topic"] for line in desk.ok("feed").lines]
    assert "refund.call_in_doubt" not in topics
    assert topics.count("refund.call_submitted") == 2 * REFUNDS


def test_whoever_stops_a_run_that_does_not_watch_does_not_wait_for_a_server_either(
    desk: Terminal, database: Server, server: Sandbox
) -> None:
    desk.environment["REFUND_LEDGER_RIVHIT"] = json.dumps({"call_limit": 2})
    server.faults.script("Document.New", ANSWER_LOST)
    waiting = desk.process("dispatch", "--wait", "900")
    until(lambda: made(server).total() == 2 * REFUNDS - 1)
    database.kill()
    began = time.monotonic()
    waiting.send_signal(signal.SIGTERM)
    out, err = waiting.communicate(timeout=DEADLINE)

    assert (waiting.returncode, err) == (0, "")
    assert time.monotonic() - began < 15
    assert out.endswith("; the store does not say what is left\n")


@pytest.mark.parametrize("flag", [(), ("--json",)], ids=["people", "machines"])
def test_whoever_asks_to_stop_in_an_outage_does_not_wait_for_its_end(
    desk: Terminal, database: Server, server: Sandbox, flag: tuple[str, ...]
) -> None:
    watching = desk.process(*flag, "dispatch", "--watch")
    until(lambda: server_has_all(server))
    database.kill()
    note = said(watching)
    began = time.monotonic()
    watching.send_signal(signal.SIGTERM)
    out, err = watching.communicate(timeout=DEADLINE)

    assert (watching.returncode, err) == (0, "")
    assert time.monotonic() - began < 10
    last = out.splitlines()[-1]
    if flag:
        assert read_json(note)["note"]["kind"] == "store_gone"
        assert read_json(last) == {
            "type": "summary",
            "steps": 2 * REFUNDS,
            "stopped": True,
            "left": None,
            "refunds_left": None,
        }
    else:
        assert note.startswith("refund-ledger: the store postgresql://")
        assert last == f"{2 * REFUNDS} steps; the store does not say what is left"


def test_a_promoted_server_is_waited_for_until_somebody_adopts_it(
    desk: Terminal, database: Server, server: Sandbox
) -> None:
    server.faults.script("Document.New", *[slow_after(0.3)] * REFUNDS)
    watching = desk.process("dispatch", "--watch")
    until(lambda: made(server).total() > 1)
    database.stop()
    assert said(watching).endswith(WAITS)
    recover_to_another_timeline(database)
    told = said(watching)
    if told.endswith("can only be read; waiting for it\n"):
        told = said(watching)  # It was met on its way.
    assert "promoted" in told
    goes_on = "`refund-ledger store adopt`, then compare with `verify --head FILE`"
    assert told.endswith(f"{goes_on}; waiting for it\n")
    calls = made(server).total()
    assert desk.run("balance").code == 3
    assert made(server).total() == calls, "nothing is sent that could not be saved"

    owner = desk.environment["REFUND_LEDGER_STORE"].replace("refund_service@", "postgres@")
    desk.ok("store", "adopt", "--why", "the first machine burned", "--store", owner)
    until(lambda: server_has_all(server))
    assert ended(watching, desk) == ""

    everything_is_booked_once(desk, server)


def test_a_server_that_is_not_there_at_the_start_ends_with_3(
    desk: Terminal, database: Server
) -> None:
    database.kill()
    assert "does not answer" in desk.refused("dispatch", "--watch", code=3)


def recover_to_another_timeline(database: Server) -> None:
    """Start a stopped server as one that was promoted."""
    data = database.folder / "data"
    signalled = data / "recovery.signal"
    signalled.touch()
    os.chown(signalled, data.stat().st_uid, data.stat().st_gid)
    database.start()


def made(server: Sandbox) -> Counter[str]:
    """How many documents the accounting system made, by method."""
    return Counter(call.method for call in server.log.calls for _ in call.made)


def server_has_all(server: Sandbox) -> bool:
    return made(server).total() >= len(WRITES) * REFUNDS


def until_more_is_made(server: Sandbox) -> None:
    """Wait until calls go out that were saved before: the dispatcher has found its store."""
    before = made(server).total()
    # What was under way when the store died is made too, one for each at once.
    until(lambda: made(server).total() > before + 2)


def everything_is_booked_once(desk: Terminal, server: Sandbox) -> None:
    """Each refund is complete, by documents of its own, and they are all that there are."""
    assert made(server) == dict.fromkeys(WRITES, REFUNDS)
    of_server = sorted(f"{k.type}/{k.number}" for call in server.log.calls for _, k in call.made)
    refunds = [desk.json("show", f"k{number}")["refund"] for number in range(REFUNDS)]
    assert {refund["status"] for refund in refunds} == {"completed"}
    documents = [one for refund in refunds for part in refund["parts"] for one in part["documents"]]
    assert sorted(f"{one['type']}/{one['number']}" for one in documents) == of_server
    assert desk.ok("rebuild").out.endswith("equal\n")
    assert "nothing differs" in desk.ok("verify").out


def said(process: subprocess.Popen[str]) -> str:
    """The next line on stderr."""
    assert process.stderr is not None
    return process.stderr.readline()


def ended(watching: subprocess.Popen[str], desk: Terminal) -> str:
    """Ask a dispatcher that has nothing left to stop; what it said on stderr since it was read."""
    until(lambda: desk.json("pending")["pending"] == [])
    watching.send_signal(signal.SIGTERM)
    _, err = watching.communicate(timeout=DEADLINE)
    assert watching.returncode == 0
    return err


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


# --- sealing --------------------------------------------------------------------------------------


def test_what_was_saved_is_sealed_while_nothing_is_due(online: Terminal, server: Sandbox) -> None:
    online.ok("originals", "import", "--ref", SALE)
    online.asked("order-1")
    watching = online.process("dispatch", "--watch")
    until(lambda: online.json("health")["unsealed"] == 0)

    assert ended(watching, online) == ""
    assert server.log.of("Receipt.Cancel")
    assert online.json("verify")["sealed"] == online.json("health")["newest"]


def test_an_event_that_is_not_what_was_saved_is_said_and_ends_with_1(online: Terminal) -> None:
    online.ok("originals", "import", "--ref", SALE)
    Specimen(online.store).meddle("UPDATE stored_events SET topic = 'original.payed'")
    watching = online.process("dispatch", "--watch")

    told = said(watching)
    watching.send_signal(signal.SIGTERM)
    out, err = watching.communicate(timeout=DEADLINE)

    assert told.startswith("refund-ledger: event 1 (original.payed) of ")
    assert "nothing from it on is sealed. Run `refund-ledger verify`" in told
    assert (watching.returncode, out, err) == (1, "0 steps; nothing is left\n", "")


def test_it_seals_at_most_once_a_minute(tmp_path: Path) -> None:
    with Books(str(tmp_path / "refunds.db")) as books:
        watching = Watching(Run(), books.store, lambda: False)
        books.grant("a", 5)
        watching.idle()
        assert health(books.store, COMPANY).unsealed == 0
        books.grant("b", 5)
        watching.idle()
        assert health(books.store, COMPANY).unsealed == 1


def test_a_sealing_gives_way_to_a_wish_to_stop_and_goes_on_later(tmp_path: Path) -> None:
    with Books(str(tmp_path / "refunds.db")) as books:
        books.grant("a", 5)
        asked = [True]
        watching = Watching(Run(), books.store, lambda: asked[0])
        watching.idle()
        assert health(books.store, COMPANY).unsealed is None
        asked[0] = False
        watching.idle()
        assert health(books.store, COMPANY).unsealed == 0


def test_another_sealer_that_is_always_first_is_left_to_it(postgres_ledger: str) -> None:
    with owner_connection(owner_of(postgres_ledger)) as owner:
        owner.execute(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "USING ERRCODE = 'unique_violation', CONSTRAINT = 'tree_leaves_pkey'; END $$"
        )
        owner.execute(
            "CREATE TRIGGER late BEFORE INSERT ON tree_leaves FOR EACH STATEMENT "
            "EXECUTE FUNCTION late()"
        )
    with Books(postgres_ledger) as books:
        books.grant("a", 5)
        watching = Watching(Run(), books.store, lambda: False)
        watching.idle()
        assert watching.broken == ""
        assert health(books.store, COMPANY).unsealed is None
