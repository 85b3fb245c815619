"""The streams of a command: all three are there, and none fails once more when the process ends."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress


def make_ready() -> None:
    """Let nothing that is written end a command or go astray.

    A stream that the shell closed takes what is written and keeps nothing: else what is said on
    stderr would go to stdout. A terminal that lacks a letter shows its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def let_go() -> None:
    """Throw away what cannot be written, so that the interpreter does not try again at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
