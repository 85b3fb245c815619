"""What the tests of the command line share: a terminal, and an accounting server behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import ROOT, real_time, seeded, serving
from support.command_line import SECRET, Terminal


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    """Sit a person at a terminal without an accounting system."""
    opened = Terminal(tmp_path, capsys)
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[Sandbox]:
    """Serve the demo's originals over HTTP."""
    sandbox = Sandbox(token=SECRET, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    with serving(sandbox):
        yield sandbox


@pytest.fixture
def online(terminal: Terminal, server: Sandbox) -> Terminal:
    """Sit a person at a terminal whose ledger reaches the server."""
    terminal.environment |= {
        "REFUND_LEDGER_RIVHIT_URL": server.base_url + ROOT.rstrip("/"),
        "REFUND_LEDGER_RIVHIT_TOKEN": SECRET,
    }
    return terminal
