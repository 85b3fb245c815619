"""JSON with exact numbers, and the envelope around every answer in all the shapes it comes in.

An answer counts as one only if it is a JSON object with an integer `error_code`. The HTTP status
is kept beside it and never decides alone, since errors come with 200 and with 500.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import simplejson

from refund_adapters.rivhit.wire import Fault
from refund_ledger.errors import InvalidInputError

SUCCESS = 0
HIDDEN = 500
"""The `error_code` behind which the real code stands only in `debug_message`."""

LONGEST_MESSAGE = 300

_DEBUG = re.compile(
    r"\s*(-?[0-9]{1,6})\s*(?:$|:\s*(?![0-9])(?:([A-Z][A-Z0-9_]*)(?![A-Za-z0-9_]))?)"
)
_IDENTIFIER = re.compile(r"\s*([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|UNAUTHORIZED)\s*")


@dataclass(frozen=True, slots=True)
class Success:
    """An envelope that says that the call was carried out."""

    data: object
    status: int


@dataclass(frozen=True, slots=True)
class Failure:
    """An envelope that says that it was not, and why."""

    code: int | None
    """None where the two places that hold a code contradict each other."""
    identifier: str
    client_message: str
    debug_message: str
    status: int
    empty: bool = True
    """Whether `data` holds nothing, as it does in every documented error."""

    @property
    def named(self) -> str:
        """Code and identifier: never a customer's name, which a message may hold."""
        shown = "" if self.code is None else str(self.code)
        return " ".join(filter(None, (shown, self.identifier))) or "an error without a code"

    def __str__(self) -> str:
        return " ".join(filter(None, (self.named, self.client_message)))


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No envelope came: the connection failed, or what came is something else."""

    why: str
    fault: Fault | None = None
    status: int | None = None


Reply = Success | Failure | NoAnswer


def read_json(text: str) -> object:
    """Read JSON with every number exact; raises `ValueError` for anything that is not JSON."""
    try:
        return simplejson.loads(text, use_decimal=True, object_pairs_hook=_members)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError("not JSON that can be read") from error


def recorded(request: str) -> dict[str, object]:
    """Read back the request that an event keeps; refuses one that was changed."""
    try:
        body = read_json(request)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise InvalidInputError("request", "the recorded call is no request; it was changed")
    return body


def write_json(value: object) -> str:
    """Write JSON in which every Decimal is a plain number of exactly its digits."""
    return simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":"))


def plain(number: Decimal) -> Decimal:
    """The same number, written without an exponent."""
    return Decimal(format(number, "f"))


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse an object that says the same thing twice: nobody knows which one it means."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member appears twice")
    return found


def read_reply(status: int, content: bytes) -> Reply:
    """Read an answer as it came over the wire."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return NoAnswer("the answer is not text", status=status)
    return read_envelope(status, text)


def read_envelope(status: int, text: str) -> Reply:
    """Read the envelope, wherever it puts its error code."""
    try:
        body = read_json(text)
    except ValueError:
        return NoAnswer(_instead(text), status=status)
    if not isinstance(body, dict):
        return NoAnswer("the answer is JSON, but not an envelope", status=status)
    error_code = body.get("error_code")
    messages = [
        "" if body.get(name) is None else body[name] for name in ("client_message", "debug_message")
    ]
    if type(error_code) is not int or not all(isinstance(each, str) for each in messages):
        return NoAnswer("the answer is JSON, but not an envelope", status=status)
    client_message, debug_message = (_readable(str(each)) for each in messages)
    if error_code == SUCCESS:
        return Success(body.get("data"), status)
    code, identifier = _code(error_code, debug_message)
    return Failure(
        code=code,
        identifier=identifier,
        client_message=client_message,
        debug_message=debug_message,
        status=status,
        empty=not body.get("data"),
    )


def _code(error_code: int, debug_message: str) -> tuple[int | None, str]:
    """The code and its identifier; today's codes are negative, anything else may hide one."""
    number, identifier = None, ""
    if found := _DEBUG.match(debug_message):
        number, identifier = int(found[1]), found[2] or ""
    elif alone := _IDENTIFIER.fullmatch(debug_message):
        identifier = alone[1]
    if number is None:
        return error_code, identifier
    if number == error_code or error_code > 0:
        return number, identifier
    return None, ""


def _instead(text: str) -> str:
    start = text.lstrip()[:20].lower()
    if not start:
        return "the answer is empty"
    if start.startswith("<"):
        return "a page of HTML or XML came instead of an answer"
    return "the answer is not JSON"


def _readable(text: str) -> str:
    """Text that can be stored and shown: no control characters, no broken halves of characters."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(c if c.isprintable() else " " for c in clean).split())


def shortened(text: str) -> str:
    """A server's message cut to what an event keeps of it."""
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"
