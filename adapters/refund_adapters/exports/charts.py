"""Charts in files: the names of accounts as TOML or JSON, and the usual ones to start from."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from refund_ledger.accounts import RULES, Book
from refund_ledger.errors import InvalidInputError
from refund_projections.chart import DEFAULT, PLACEHOLDERS, Chart

LARGEST = 1_000_000
"""Bytes of a chart; a larger file is something else."""


def read_chart(path: Path) -> Chart:
    """Read a chart from a .toml or .json file with a table `accounts`.

    Raises `InvalidInputError` naming the file, or the kind of account that is wrong.
    """
    suffix = path.suffix.lower()
    if suffix not in {".toml", ".json"}:
        raise InvalidInputError(
            "chart", f"{path.name}: expected a name that ends in .toml or .json"
        )
    read = _parsed(path, _text(path), suffix)
    accounts = read.get("accounts") if isinstance(read, dict) else None
    if not isinstance(accounts, dict) or len(read) > 1:
        raise InvalidInputError(
            "chart", f"{path.name} has to hold a table named accounts and nothing beside it"
        )
    return Chart(accounts)


def usual_chart() -> Iterator[str]:
    """Write the usual chart as TOML, line by line, with what each name may hold."""
    yield "# The names of accounts; a kind that is left out keeps the name that it has here.\n"
    yield "[accounts]\n"
    for book in (Book.MONEY, Book.RIGHTS):
        if book is Book.RIGHTS:
            yield "\n"
            yield "# What may still be given; only where the book of rights is exported too.\n"
        for kind, rule in RULES.items():
            if rule.book is book:
                own = " ".join(f"{{{one}}}" for one in PLACEHOLDERS[kind])
                yield "\n"
                yield f"# {rule.meaning}; {own}\n"
                yield f'{kind} = "{DEFAULT[kind]}"\n'


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise InvalidInputError("chart", f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise InvalidInputError("chart", f"{path.name} is too large to be a chart")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError("chart", f"{path.name} is not UTF-8 text") from None


def _parsed(path: Path, text: str, suffix: str) -> Any:
    try:
        if suffix == ".toml":
            return tomllib.loads(text)
        return json.loads(text, object_pairs_hook=_each_name_once)
    except RecursionError:
        raise InvalidInputError("chart", f"{path.name} is nested too deeply") from None
    except ValueError as error:
        raise InvalidInputError("chart", f"{path.name} cannot be read: {error}") from error


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is said more than once")
    return found
