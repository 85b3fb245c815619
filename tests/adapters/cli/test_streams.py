"""A stream that is closed or full neither ends a command nor takes what another should say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.command_line import PROCESS, Terminal


def ended(terminal: Terminal, *arguments: str, streams: str) -> subprocess.CompletedProcess[str]:
    """Run the command from a shell that redirects streams."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", PROCESS, *arguments],  # noqa: S607 - any shell
        cwd=terminal.folder,
        env={"PATH": "/bin:/usr/bin", **terminal.variables()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_answer_that_nobody_wants_is_thrown_away(terminal: Terminal) -> None:
    terminal.originals()
    for command in (("balance",), ("--json", "balance"), ("--help",)):
        done = ended(terminal, *command, streams=">&-")
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full"])
def test_an_error_is_never_said_in_place_of_the_answer(terminal: Terminal, streams: str) -> None:
    terminal.originals()
    done = ended(terminal, "show", "nosuch", streams=streams)
    assert (done.returncode, done.stdout) == (1, "")


def test_nobody_is_asked_where_there_is_no_keyboard(terminal: Terminal) -> None:
    terminal.originals()
    rows = terminal.text("key,original,reason\na,invoice_receipt:2/6923,complaint\n", "a.csv")
    done = ended(terminal, "request", "--file", Path(rows).name, streams="<&-")
    assert (done.returncode, done.stdout) == (2, "")
    assert "confirm what it comes to with --total ILS=292.50" in done.stderr
