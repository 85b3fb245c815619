"""The main job on real input, by the real command: asked, agreed, sent once, booked, and proven.

Starts the Rivhit-compatible sandbox on loopback and runs `refund-ledger` as anybody would; one
answer of the server is lost on the way, on purpose. Everything is kept in a folder that goes away;
with --postgres, on a PostgreSQL server that goes away.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from refund_adapters.sandbox import faults
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import real_time, seeded, serving

TOKEN = "7d1a4c1e-0000-4000-8000-00000000cafe"  # noqa: S105 - opens the sandbox of this run
HERE = Path(__file__).parent
SHOWN = ("Document.Cancel", "Document.New", "Receipt.Cancel", "Receipt.New")
QUICK = {"call_limit": 2, "abandoned_life": 0.5, "lists_lag": 0.2, "clock_error": 0.1}
"""Times that suit a sandbox; for the real system they are minutes, since its own are not known."""


def main(*, on_server: bool) -> int:
    """Run the story; returns 1 where a step did not end as it should."""
    sandbox = Sandbox(token=TOKEN, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    sandbox.faults.script("Receipt.New", faults.ANSWER_LOST)
    with store(on_server=on_server) as address, serving(sandbox):
        os.environ.update(
            REFUND_LEDGER_STORE=address,
            REFUND_LEDGER_COMPANY="demo",
            REFUND_LEDGER_ACTOR="dana",
            REFUND_LEDGER_RIVHIT_URL=f"{sandbox.base_url}/online/RivhitOnlineAPI.svc",
            REFUND_LEDGER_RIVHIT_TOKEN=TOKEN,
            REFUND_LEDGER_RIVHIT=json.dumps(QUICK),
            REFUND_LEDGER_SEND_WINDOW="1",
            REFUND_LEDGER_APPROVAL_ABOVE='{"ILS": "5000.00"}',
            COLUMNS=os.environ.get("COLUMNS", "132"),
        )
        story()
        calls_made(sandbox)
        tell("Proof: every event replayed from nothing, compared with what is live.")
        return run("rebuild")


@contextmanager
def store(*, on_server: bool) -> Iterator[str]:
    """Make an empty store and say where it is; it goes away with all that is in it."""
    if not on_server:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/refunds.db"
        return
    sys.path.insert(0, str(HERE.parent / "tests"))
    from support.ledger_servers import new_ledger  # noqa: PLC0415 - a server only where it is asked
    from support.postgres import Server  # noqa: PLC0415 - as above

    with Server() as server, new_ledger(server) as address:
        yield address


def story() -> None:
    """What the people of the company do, in order."""
    tell(
        "1. The originals come in from the accounting system, and two credits that customers hold."
    )
    expect(0, run("originals", "import", "--from", "2024-01-01", "--to", "2026-12-31"))
    expect(0, run(*shlex.split(
        "credit grant credit-note-801 --customer 1004 --amount 82.36 --currency ILS "
        "--why credit_note --date 2026-10-18 --document 3/801"
    )))  # fmt: skip
    expect(0, run(*shlex.split(
        "credit grant overpaid-3006 --customer 1003 --amount 87.00 --currency ILS "
        "--why overpayment --date 2026-09-22 --receipt receipt:1/3006"
    )))  # fmt: skip

    tell("2. A file of refunds of every kind: rehearsed first, then asked for with its total.")
    first = str(HERE / "demo_first.jsonl")
    expect(1, run("request", "--file", first, "--dry-run"))
    expect(1, run("request", "--file", first, *totals(first)))

    tell("3. One is taken back; one is so large that a second person has to agree.")
    expect(0, run("withdraw", "16-taken-back", "--why", "the customer changed her mind"))
    expect(0, run("approve", "02-invoice-whole", "--actor", "noa"))

    tell("4. What is due is sent. One answer gets lost: it is looked for, not sent again.")
    expect(0, run("dispatch"))

    tell("5. Credits are paid out; a customer who still owes needs a second person's word.")
    second = str(HERE / "demo_second.jsonl")
    expect(0, run("request", "--file", second, *totals(second)))
    expect(0, run("approve", "22-open-credit-note", "--actor", "noa"))
    expect(0, run("dispatch"))
    expect(0, run("pending"))

    tell("6. One refund's whole story, a customer's statement, and what every customer is owed.")
    lost = next_in_doubt()
    expect(0, run("show", lost))
    expect(0, run("statement", "--customer", "1002", "--currency", "ILS"))
    expect(0, run("balance"))


def calls_made(sandbox: Sandbox) -> None:
    """Print the writes as the server received them."""
    tell("7. The calls, as the server received them (reads left out).")
    for call in sandbox.log.calls:
        if call.method in SHOWN:
            made = ", ".join(f"{kind} {key[0]}/{key[1]}" for kind, key in call.made)
            fault = "  (its answer was lost)" if call.fault else ""
            body = json.loads(call.body)
            what = body.get("document_number", body.get("receipt_number", ""))
            original = f" of {what}" if what else ""
            sys.stdout.write(f"  {call.method + original:<24} -> {made}{fault}\n")


def totals(file: str) -> list[str]:
    """What the rehearsal says that a file comes to, as the flags that confirm it."""
    done = subprocess.run(
        [*command(), "request", "--file", file, "--dry-run", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    summary = json.loads(done.stdout.splitlines()[-1])
    shown = (f"{total['currency']}={total['amount']}" for total in summary["totals"])
    return [flag for total in shown for flag in ("--total", total)]


def next_in_doubt() -> str:
    """The key of the refund whose answer was lost."""
    from refund_adapters.desk import Desk  # noqa: PLC0415
    from refund_ledger.events import CallInDoubt  # noqa: PLC0415

    with Desk.open(os.environ["REFUND_LEDGER_STORE"], company="demo", actor="demo") as desk:
        for _, event in desk.store.events():
            if isinstance(event, CallInDoubt):
                return desk.refund(event.originator_id).request.key
    raise SystemExit("no answer was lost; the demo is not as it should be")


def command() -> list[str]:
    """The command as it is installed beside this Python."""
    return [str(Path(sys.executable).with_name("refund-ledger"))]


def run(*words: str) -> int:
    """Show a command, run it, and return how it ended."""
    shown = " ".join(shlex.quote(word) for word in words)
    sys.stdout.write(f"\n$ refund-ledger {shown.replace(str(HERE) + '/', 'scripts/')}\n")
    sys.stdout.flush()
    return subprocess.run([*command(), *words], check=False).returncode


def expect(code: int, ended: int) -> None:
    """Stop the demo where a command did not end as the story says."""
    if ended != code:
        raise SystemExit(f"the command ended with {ended}, not {code}")


def tell(words: str) -> None:
    """Say what comes next."""
    sys.stdout.write(f"\n=== {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given = argparse.ArgumentParser(description="Show the main job, told step by step.")
    given.add_argument("--postgres", action="store_true", help="keep it on a PostgreSQL server")
    started = time.monotonic()
    ended = main(on_server=given.parse_args().postgres)
    sys.stdout.write(f"\nThe demo took {time.monotonic() - started:.0f} s.\n")
    raise SystemExit(ended)
