"""The command that starts an accounting server to try things out on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from refund_adapters.cli.everywhere import Run, everywhere
from refund_adapters.cli.output import Column

if TYPE_CHECKING:
    from refund_adapters.sandbox.core import Sandbox
    from refund_adapters.sandbox.switches import Switches

PORT = 8769
TOKEN_SETTING = "REFUND_LEDGER_RIVHIT_TOKEN"  # noqa: S105 - a name of a setting
SANDBOX_TOKEN = "sandbox-token-that-is-no-secret"  # noqa: S105 - opens a server on loopback only

app = typer.Typer()


@app.command(
    rich_help_panel="Trying out",
    epilog="Example: refund-ledger sandbox --port 8769 --switch status_for_cancels=absent",
)
@everywhere
def sandbox(
    run: Run,
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")
    ] = PORT,
    load: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Originals to start with, in Rivhit's answer format; may be repeated. "
            "Those of the demo where none is named.",
        ),
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Start without any originals.")] = False,
    switch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Set what nobody knows of the API otherwise."),
    ] = None,
    list_switches: Annotated[
        bool, typer.Option("--list-switches", help="List the switches with their defaults.")
    ] = False,
) -> int:
    """Start a server that behaves like Rivhit Online, on this machine only, until interrupted.

    Its books live in memory and end with it. It accepts the token in REFUND_LEDGER_RIVHIT_TOKEN, or
    a fixed one that is no secret where that is not set.
    """
    if list_switches:
        return _list(run)
    server = _sandbox(_switches(switch or []), load or [], empty=empty)
    from refund_adapters.sandbox.refusals import SandboxError
    from refund_adapters.sandbox.server import run as serve
    from refund_ledger.errors import InvalidInputError

    try:
        with _stoppable():
            serve(server, port=port, ready=lambda address: _announce(run, server, address))
    except SandboxError as error:
        raise InvalidInputError("port", str(error)) from None
    run.out.note("sandbox: stopped")
    return 0


class _Stopped(Exception):  # noqa: N818 - it is the end that was asked for, and no error
    """Somebody told the sandbox to stop."""


@contextmanager
def _stoppable() -> Iterator[None]:
    """End the block on SIGINT or SIGTERM.

    The server stops by itself on both, and then raises them again; before it runs, they come here.
    """

    def stop(_: int, __: object) -> None:
        raise _Stopped

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except _Stopped:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(run: Run, server: Sandbox, address: str) -> None:
    """Say where the server is and how to point the ledger at it; a secret is not said."""
    from refund_adapters.sandbox.server import ROOT

    url = address + ROOT.rstrip("/")
    books = server.books
    held = (
        f"{len(books.customers)} customers, {len(books.documents)} documents and "
        f"{len(books.receipts)} receipts"
    )
    own = bool(os.environ.get(TOKEN_SETTING))
    if run.json:
        originals = len(books.documents) + len(books.receipts)
        token = {} if own else {"token": SANDBOX_TOKEN}
        run.out.shape({"address": address, "url": url, "originals": originals, **token})
    for line in (
        f"The sandbox answers at {url}",
        f"It holds {held}.",
        "Point the ledger at it, in another terminal:",
        f"  export REFUND_LEDGER_RIVHIT_URL={url}",
        f"  export {TOKEN_SETTING}={'(the same as here)' if own else SANDBOX_TOKEN}",
        "Stop it with Ctrl-C.",
    ):
        run.out.line(line)
    run.out.flush()


def _sandbox(switches: Switches, load: list[Path], *, empty: bool) -> Sandbox:
    from refund_adapters.sandbox.core import Sandbox
    from refund_adapters.sandbox.loading import load_demo, load_file
    from refund_adapters.sandbox.refusals import SandboxError
    from refund_adapters.sandbox.server import real_time, seeded
    from refund_ledger.errors import InvalidInputError

    if empty and load:
        raise InvalidInputError("empty", "leave it out, or name no file to load")
    token = os.environ.get(TOKEN_SETTING) or SANDBOX_TOKEN
    server = Sandbox(token=token, now=real_time, rng=seeded(), switches=switches)
    try:
        for path in load:
            load_file(server.books, path)
    except SandboxError as error:
        raise InvalidInputError("load", str(error)) from None
    if not load and not empty:
        load_demo(server.books)
    return server


def _switches(given: list[str]) -> Switches:
    """Read NAME=VALUE; a value is JSON where it can be, and text otherwise."""
    import simplejson
    from pydantic import ValidationError

    from refund_adapters.sandbox.switches import Switches
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.inputs import invalid

    changes: dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or name not in Switches.model_fields:
            raise InvalidInputError(
                "switch", f"expected NAME=VALUE, got {one!r}; --list-switches names them"
            )
        try:
            changes[name] = simplejson.loads(text, use_decimal=True)
        except (RecursionError, ArithmeticError):
            raise InvalidInputError(f"switch {name}", "is not a value that can be read") from None
        except ValueError:
            changes[name] = text
    try:
        return Switches().with_(**changes)
    except ValidationError as error:
        wrong = invalid(error)
        raise InvalidInputError(f"switch {wrong.field}", wrong.problem) from None


def _list(run: Run) -> int:
    from refund_adapters.sandbox.switches import Switches

    described = Switches.described()
    if run.json:
        names = ("name", "default", "unknown")
        run.out.shape({"switches": [dict(zip(names, one, strict=True)) for one in described]})
    run.out.table((Column("switch"), Column("default"), Column("what is unknown")), described)
    return 0
