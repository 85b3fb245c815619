"""A process and all that it started, killed at one moment."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
GONE = "ZX"
STANDING_STILL = "T" + GONE


def kill_family(pid: int, patience: float = 30.0) -> None:
    """Kill a process and its descendants; return when none of them runs or holds memory."""
    _signal(pid, signal.SIGSTOP)
    # While it stands still it starts nobody who would be missed.
    _wait_until(lambda: _state(pid) in STANDING_STILL, patience)
    family = [pid, *descendants(pid)]
    for each in family:
        _signal(each, signal.SIGKILL)
    _wait_until(lambda: not any(map(alive, family)), patience)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and was not collected does not."""
    return _state(pid) not in GONE


def descendants(pid: int) -> list[int]:
    """List the children of a process, their children and so on."""
    everybody = _processes()
    found = [pid]
    for parent in found:
        found += [each for each, (above, _) in everybody.items() if above == parent]
    return found[1:]


def _state(pid: int) -> str:
    """Read the state of a process as one letter; one that is nowhere is as good as dead."""
    return _processes(pid).get(pid, (0, "X"))[1]


def _processes(only: int | None = None) -> dict[int, tuple[int, str]]:
    """Read the parent and the state of all processes, or of one, by number."""
    if not (PROC / "self" / "stat").exists():
        return _processes_by_ps()
    pids = [only] if only else [int(each.name) for each in PROC.iterdir() if each.name.isdigit()]
    found = {}
    for pid in pids:
        # It may end at any moment; what is read then is that there is no such file or process.
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name stands in brackets and may hold blanks and brackets itself.
            after = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2]
            state, parent = after.split()[:2]
            found[pid] = (int(parent), state)
    return found


def _processes_by_ps() -> dict[int, tuple[int, str]]:
    listed = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return {int(pid): (int(parent), state[0]) for pid, parent, state in rows}


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait_until(true: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes did not end within {patience:.0f} s")
        time.sleep(0.002)
