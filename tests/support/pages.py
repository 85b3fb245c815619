"""The pages for people, read as what they are to be: commands that run, and answers that come."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from support.command_line import Terminal
from support.tree import ROOT

LIMIT = 60.0
ENDS_WITH = re.compile(r"\s+# ends with (\d)$")


class Shown(NamedTuple):
    """A command as a page shows it, with lines of its answer and how it ends."""

    command: str
    answer: tuple[str, ...]
    code: int = 0


def page(name: str) -> str:
    """The text of a page at the top of the project."""
    return (ROOT / name).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def section(text: str, title: str) -> str:
    """One section of a page."""
    found = text.partition(f"\n## {title}\n")[2]
    assert found, f"the page has no section {title!r}"
    return found.partition("\n## ")[0]


def shown(text: str) -> Iterator[Shown]:
    """Each command of a page's consoles."""
    for block in blocks(text, "console"):
        for told in block.removeprefix("$ ").split("\n$ "):
            command, *answer = told.strip("\n").splitlines()
            ends = ENDS_WITH.search(command)
            code = int(ends[1]) if ends else 0
            yield Shown(ENDS_WITH.sub("", command), tuple(answer), code)


def run_shown(terminal: Terminal, one: Shown) -> None:
    """Run a command in this process; its answer has every line that the page shows."""
    words = shlex.split(one.command)
    assert words.pop(0) == "refund-ledger", one.command
    *words, arrow, file = words if ">" in words else [*words, "", ""]
    ended = terminal.run(*words)
    assert ended.code == one.code, (one.command, ended)
    if arrow:
        Path(file).write_text(ended.out, "utf-8")
    lines = [_one_blank(line) for line in ended.out.splitlines()]
    for expected in one.answer:
        pattern = ".*".join(re.escape(part) for part in _one_blank(expected).split("..."))
        assert any(re.fullmatch(pattern, line) for line in lines), (one.command, expected, lines)


def _one_blank(line: str) -> str:
    """A line as people read it: how wide the columns are says nothing."""
    return " ".join(line.split())


@dataclass(slots=True)
class Shell:
    """Runs the lines of a page as somebody at a shell does, in one folder after another line."""

    folder: Path
    environment: dict[str, str]
    instead: Mapping[str, str] = field(default_factory=dict)
    """What stands in the places of the page's examples."""
    meanwhile: Callable[[], bool] = lambda: True
    """What a command that stays has to bring about before it is ended."""
    stdin: str = ""

    def run(self, line: str) -> str:
        """Run one line; returns what it printed."""
        for example, real in self.instead.items():
            line = line.replace(example, real)
        if line.startswith("export "):
            pairs = (word.partition("=") for word in shlex.split(line)[1:])
            self.environment |= {name: value for name, _, value in pairs}
            return ""
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {line}"],
            cwd=self.folder,
            env=self._variables(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Without a terminal of ours, what asks for a password reads it from stdin.
            start_new_session=True,
        )
        with process:
            try:
                if "--watch" in line:
                    assert self.meanwhile(), line
                    process.send_signal(signal.SIGTERM)
                out, err = process.communicate(self.stdin, timeout=LIMIT)
            finally:
                process.kill()
        assert process.returncode == 0, (line, out, err)
        return out

    def _variables(self) -> dict[str, str]:
        programs = str(Path(sys.executable).parent)
        path = f"{programs}:{self.environment.get('PATH', '')}:{os.environ['PATH']}"
        return {**os.environ, **self.environment, "PATH": path}
