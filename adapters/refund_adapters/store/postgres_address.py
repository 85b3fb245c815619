"""The address of a PostgreSQL store: postgresql://USER@HOST:PORT/DATABASE?schema=NAME."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from refund_ledger.errors import InvalidInputError

DEFAULT_SCHEMA = "refund_ledger"
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_EXPECTED = "expected postgresql://USER@HOST/DATABASE?schema=NAME"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a company's tables are, and how to connect; nothing here shows the password."""

    conninfo: str = field(repr=False)
    schema: str
    where: str
    """For people: without user and password."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address; raises `InvalidInputError`, which repeats nothing of it."""
        try:
            parts = urlsplit(text)
            # A plus is a plus here, as everywhere that PostgreSQL reads an address.
            query = parts.query.replace("+", "%2B")
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
            found = dict(pairs)
            schema = found.pop("schema", DEFAULT_SCHEMA)
            if len(pairs) != len({name for name, _ in pairs}):
                raise InvalidInputError("store", "a setting is named twice in the address")
            if parts.scheme not in {"postgresql", "postgres"} or parts.fragment:
                raise InvalidInputError("store", _EXPECTED)
            said = {
                "host": unquote(_host(parts.netloc)),
                "port": str(parts.port or ""),
                "user": unquote(parts.username or ""),
                "password": unquote(parts.password or ""),
                "dbname": unquote(parts.path.lstrip("/")),
                **found,
            }
            conninfo = make_conninfo("", **{name: one for name, one in said.items() if one})
        except (ValueError, ProgrammingError):
            raise InvalidInputError("store", _EXPECTED) from None
        if not _SCHEMA.fullmatch(schema):
            raise InvalidInputError(
                "store", "the schema is named in lower-case letters, digits and underscores"
            )
        shown = conninfo_to_dict(conninfo)
        host, database = str(shown.get("host") or ""), str(shown.get("dbname") or "")
        port = f":{shown['port']}" if shown.get("port") else ""
        server = f"{quote(host, safe='')}{port}"
        return cls(conninfo, schema, f"postgresql://{server}/{quote(database)}?schema={schema}")


def _host(netloc: str) -> str:
    """The host as it was written: a folder of sockets has large and small letters."""
    place = netloc.rpartition("@")[2]
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0]
