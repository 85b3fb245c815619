"""What the README says to do when the store itself is gone, restored, changed or older."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import real_time, seeded, serving
from support.command_line import CASH_SALE, INVOICE, SALE, SECRET, Terminal
from support.feeds import wait_until
from support.ledger_servers import OWNER, SERVICE, new_ledger
from support.pages import page, section
from support.postgres import Server
from support.tampering import Specimen

SAID = section(page("README.md"), "When things go wrong")


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    """Somebody at a terminal, who waits a moment for a server and no longer."""
    terminal = Terminal(tmp_path, capsys, {"REFUND_LEDGER_PATIENCE": "0.5"})
    yield terminal
    terminal.close()


@pytest.fixture
def server(operator: Terminal) -> Iterator[Server]:
    """The server of the operator's store."""
    with (
        Server(durable=True, settings={"restore_command": "/bin/false"}) as started,
        new_ledger(started) as address,
    ):
        operator.environment["REFUND_LEDGER_STORE"] = address
        yield started


def test_a_server_that_is_gone_is_brought_back_and_everything_run_again(
    operator: Terminal, server: Server
) -> None:
    assert "bring it back" in SAID
    operator.originals()
    ask = ("request", "--key", "a", "--original", SALE, "--reason", "complaint")
    operator.ok(*ask)
    server.kill()
    assert "does not answer" in operator.refused(*ask, code=3)
    server.start()

    assert "it was so before" in operator.ok(*ask).out


def test_a_promoted_store_is_adopted_and_compared_before_it_goes_on(
    operator: Terminal, server: Server
) -> None:
    assert "stop `dispatch`, `store adopt`, `verify --head FILE`, start `dispatch`" in SAID
    operator.originals()
    operator.ok("seal")
    kept = operator.text(operator.ok("head").out, "head.json")
    promote(server)
    ask = ("request", "--key", "a", "--original", SALE, "--reason", "complaint")
    assert "restored or promoted" in operator.refused(*ask, code=3)

    owner = operator.environment["REFUND_LEDGER_STORE"].replace(SERVICE, OWNER)
    operator.ok("store", "adopt", "--why", "the first server burned", "--store", owner)
    assert "whose head was kept elsewhere" in operator.ok("verify", "--head", kept).out
    operator.ok(*ask)
    sandbox = Sandbox(token=SECRET, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    with serving(sandbox):
        operator.environment |= {
            "REFUND_LEDGER_RIVHIT_URL": sandbox.api_url,
            "REFUND_LEDGER_RIVHIT_TOKEN": SECRET,
        }
        watching = operator.process("dispatch", "--watch")
        wait_until(lambda: operator.json("show", "a")["refund"]["status"] == "completed")
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=30)
        assert watching.returncode == 0


def promote(server: Server) -> None:
    """Let the server come back on another timeline."""
    server.stop()
    data = server.folder / "data"
    (data / "recovery.signal").touch()
    os.chown(data / "recovery.signal", data.stat().st_uid, data.stat().st_gid)
    server.start()
    wait_until(lambda: not recovers(server))


def recovers(server: Server) -> bool:
    """Whether it can only be read as yet."""
    with psycopg.connect(server.dsn()) as superuser:
        row = superuser.execute("SELECT pg_is_in_recovery()").fetchone()
    return row == (True,)


def test_the_kept_head_tells_which_backup_is_whole(operator: Terminal) -> None:
    assert "`verify --head FILE` tells which backup is whole" in SAID
    operator.originals()
    operator.asked("a", "--amount", "5.00")
    operator.ok("seal")
    kept = operator.text(operator.ok("head").out, "head.json")
    backup = operator.folder / "backup.db"
    shutil.copyfile(operator.store, backup)
    Specimen(operator.store).meddle("UPDATE postings SET amount = amount + 1 WHERE seq = 0")

    assert operator.run("verify", "--head", kept).code == 1
    operator.ok("verify", "--head", kept, "--store", f"sqlite:///{backup}")
    Specimen(backup).take_out(2, with_meaning=True)
    assert operator.run("verify", "--head", kept, "--store", f"sqlite:///{backup}").code == 1


def test_a_reader_of_a_store_that_was_restored_from_an_older_copy_starts_again(
    operator: Terminal,
) -> None:
    assert "throw away what was read after that copy, and read from the start" in SAID
    operator.originals()
    older = operator.folder / "older.db"
    shutil.copyfile(operator.store, older)
    operator.originals(INVOICE)
    *_, last = operator.ok("feed").lines
    shutil.copyfile(older, operator.store)
    operator.originals({**CASH_SALE, "number": 6924})

    assert "history was rewound" in operator.refused("feed", "--after", last["cursor"])

    lines = operator.ok("feed").lines
    assert [line["data"]["number"] for line in lines] == [6923, 6924]
