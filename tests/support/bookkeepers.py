"""What real bookkeeping tools make of a journal: beancount and hledger, each as its own process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from refund_ledger.accounts import QUANTITY
from refund_ledger.money import to_minor, to_quantity

Balances = dict[tuple[str, str], int]
"""What accounts come to by name and unit, in minor units, without those at zero."""

needs_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None,
    reason="hledger is not installed on this machine (a distribution's package brings it)",
)

READ = """
import json, sys
from beancount import loader
from beancount.core.data import Transaction
entries, errors, _ = loader.load_file(sys.argv[1])
sums, told = {}, []
for one in entries:
    if isinstance(one, Transaction):
        meta = {name: str(value) for name, value in one.meta.items()}
        told.append({**meta, "date": str(one.date), "what": one.narration, "links": [*one.links]})
        for line in one.postings:
            key = (line.account, line.units.currency)
            sums[key] = sums.get(key, 0) + line.units.number
balances = [[account, unit, format(total, "f")] for (account, unit), total in sums.items()]
errors = [one.message for one in errors]
print(json.dumps({"errors": errors, "balances": balances, "transactions": told}))
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """What a tool found in a journal."""

    errors: list[str]
    balances: Balances
    transactions: list[dict[str, object]] = field(default_factory=list)


def beancount(path: Path) -> Audit:
    """Load a journal with beancount, which checks it."""
    ended = _run(sys.executable, "-c", READ, str(path))
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    sums = {(account, unit): _minor(text, unit) for account, unit, text in found["balances"]}
    return Audit(found["errors"], _not_zero(sums), found["transactions"])


def bean_check(path: Path) -> str:
    """Run bean-check; returns what it complains of."""
    ended = _run(str(Path(sys.executable).with_name("bean-check")), str(path))
    assert (ended.returncode != 0) == bool(ended.stderr)
    return ended.stderr


def hledger(path: Path) -> Audit:
    """Check a journal with hledger at its strictest, and add it up."""
    checked = hledger_says(path, "check", "--strict")
    if checked.returncode:
        return Audit([checked.stderr], {})
    added = hledger_says(path, "balance", "--flat", "--no-total", "--output-format=json")
    assert added.returncode == 0, added.stderr
    rows, _ = json.loads(added.stdout)
    sums: Balances = {}
    for name, _, _, amounts in rows:
        for amount in amounts:
            number = amount["aquantity"]
            text = _decimal(number["decimalMantissa"], number["decimalPlaces"])
            sums[name, amount["acommodity"]] = _minor(text, amount["acommodity"])
    return Audit([], _not_zero(sums))


def hledger_says(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run hledger on a journal."""
    return _run("hledger", "-f", str(path), *arguments)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a tool under a locale that knows Hebrew, whatever the machine's is."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "BEANCOUNT_DISABLE_LOAD_CACHE": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=60, check=False
    )


def _decimal(mantissa: int, places: int) -> str:
    digits = str(abs(mantissa)).rjust(places + 1, "0")
    whole = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}".rstrip(".")
    return f"-{whole}" if mantissa < 0 else whole


def _minor(text: str, unit: str) -> int:
    return to_quantity(text) if unit == QUANTITY else to_minor(text, unit)


def _not_zero(sums: Balances) -> Balances:
    return {key: total for key, total in sums.items() if total}
