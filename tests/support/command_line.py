"""The command line for tests: run in this process or as one of its own, over real files."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import simplejson

from refund_adapters.cli.main import main
from refund_adapters.sandbox.faults import Answer, Execution, Fault
from refund_adapters.sandbox.refusals import COMMENTS_TOO_LONG

SECRET = "5f0e9a50-0000-4000-8000-0000deadbeef"
MUG = {"number": 1, "description": "כוס קרמיקה", "quantity": "2", "net": "200.00", "vat": "34.00"}
SAUCER = {"number": 2, "description": "תחתית שעם", "quantity": "1", "net": "50.00", "vat": "8.50"}
CASH_SALE: dict[str, Any] = {
    "kind": "invoice_receipt",
    "series": 2,
    "number": 6923,
    "customer_id": "1001",
    "currency": "ILS",
    "issued_on": "2026-01-05",
    "lines": [MUG, SAUCER],
    "payments": [{"number": 1, "method": "cash", "amount": "292.50"}],
}
"""Sold for 292.50 ILS and paid in cash."""
INVOICE: dict[str, Any] = {
    **CASH_SALE,
    "kind": "invoice",
    "series": 1,
    "number": 17,
    "open": "292.50",
    "payments": [],
}
"""Sold for 292.50 ILS and not paid."""
SALE = "invoice_receipt:2/6923"
TOO_LONG = Fault("too_long", Execution.NEVER, Answer.REFUSAL, refusal=COMMENTS_TOO_LONG)
"""A definite refusal."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON objects on stdout; a float among them is a mistake."""
        return [read_json(line) for line in self.out.splitlines()]

    @property
    def shape(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        (only,) = self.lines
        return only

    @property
    def error(self) -> dict[str, Any]:
        """The JSON error on stderr."""
        found = read_json(self.err)["error"]
        assert isinstance(found, dict)
        return found


def read_json(text: str) -> dict[str, Any]:
    """Read one JSON object without floats."""

    def refuse(number: str) -> None:
        raise AssertionError(f"{number} is a float in the output of a ledger")

    found = simplejson.loads(text, parse_float=refuse, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


@dataclass(slots=True)
class Terminal:
    """A person's terminal with a ledger's file; runs the command line in this process."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    environment: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def store(self) -> Path:
        """The ledger's file."""
        return self.folder / "refunds.db"

    def run(self, *arguments: str) -> Ended:
        """Run a command; whatever is in its way, it ends with a code and without a traceback."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables().items():
                patch.setenv(name, value)
            self.capture.readouterr()
            code = main(arguments)
        out, err = self.capture.readouterr()
        assert "Traceback" not in out + err
        assert SECRET not in out + err
        return Ended(code, out, err)

    def variables(self) -> dict[str, str]:
        """The settings of the ledger."""
        return {
            "REFUND_LEDGER_STORE": f"sqlite:///{self.store}",
            "REFUND_LEDGER_ACTOR": "dana",
            **self.environment,
        }

    def process(
        self,
        *arguments: str,
        stdin: int = subprocess.DEVNULL,
        out: int = subprocess.PIPE,
        err: int = subprocess.PIPE,
        largest_file: int = 0,
        without_rights: bool = False,
    ) -> subprocess.Popen[str]:
        """Start a command as a process of its own; it ends with the test at the latest."""
        before = (LIMITED if largest_file else "") + (NOBODY if without_rights else "")
        started = subprocess.Popen(
            [sys.executable, "-c", before + PROCESS, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.variables(), "LARGEST_FILE": str(largest_file)},
            stdin=stdin,
            stdout=out,
            stderr=err,
            text=True,
        )
        self.started.append(started)
        return started

    def close(self) -> None:
        """End what still runs, so that no failing test leaves a server behind."""
        for process in self.started:
            with process:
                process.kill()

    def ok(self, *arguments: str) -> Ended:
        """Run a command that succeeds."""
        ended = self.run(*arguments)
        assert ended.code == 0, ended
        return ended

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command that succeeds with one JSON object."""
        return self.ok("--json", *arguments).shape

    def refused(self, *arguments: str, code: int = 1) -> str:
        """Run a command that is refused with one sentence; return the sentence."""
        ended = self.run(*arguments)
        assert ended.code == code, ended
        assert ended.out == "", "what is refused answers nothing"
        (sentence,) = ended.err.splitlines()
        assert sentence.startswith("refund-ledger: ")
        return sentence.removeprefix("refund-ledger: ")

    def rows(self, *rows: Mapping[str, Any], name: str = "rows.jsonl") -> str:
        """Write a file of JSON Lines and return its path."""
        return self.text("".join(simplejson.dumps(row) + "\n" for row in rows), name)

    def text(self, text: str, name: str) -> str:
        """Write a file and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def originals(self, *originals: Mapping[str, Any]) -> None:
        """Record originals."""
        rows = [{"original": original} for original in originals or (CASH_SALE,)]
        self.ok("originals", "import", self.rows(*rows, name="originals.jsonl"))

    def asked(self, key: str = "order-1", *more: str, original: str = SALE) -> dict[str, Any]:
        """Ask for a refund."""
        reason = () if "--reason" in more else ("--reason", "overcharged")
        return self.json("request", "--key", key, "--original", original, *reason, *more)


LIMITED = """import os, resource
resource.setrlimit(resource.RLIMIT_FSIZE, (int(os.environ["LARGEST_FILE"]),) * 2)
"""
NOBODY = """import os
import pydantic_settings, refund_adapters.cli.requests, refund_adapters.cli.request_flags
import refund_adapters.desk, refund_adapters.cli.answers, refund_adapters.cli.shapes
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
"""
"""The superuser may write everywhere; what it is to be loaded with is loaded before it gives up."""
PROCESS = "import sys; from refund_adapters.cli.main import main; sys.exit(main())"


def table(text: str) -> Sequence[list[str]]:
    """The rows of a plain table, in words."""
    return [line.split() for line in text.splitlines()]
