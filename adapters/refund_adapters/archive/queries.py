"""Queries: the one definition of what an archive is asked, in SQL that both engines take unchanged.

They stand on the views `events`, `postings`, `documents` and `listed`, whose columns are those of
`archive.lines` and, for times, `happened_us`: whole microseconds since 1970 in UTC. `?` is a value.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files


class Query(StrEnum):
    """A question, by the names of the files that its text is in."""

    ACCOUNTS = "accounts"
    BALANCES = "balances"
    SOURCES = "sources"
    STATEMENT = "statement"
    DIFFERENCES = "compared differences"
    TALLY = "compared tally"
    PLACE = "place"


@cache
def text_of(query: Query) -> str:
    """The SQL of a question."""
    folder = files(__package__) / "sql"
    return "".join((folder / f"{name}.sql").read_text(encoding="utf-8") for name in query.split())
