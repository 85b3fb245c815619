"""How requests and answers look on the wire: exact JSON, the envelope, dates, and replies."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

import simplejson

from refund_adapters.sandbox.company import Company
from refund_adapters.sandbox.refusals import (
    BAD_DATE_FORMAT,
    DATABASE_ERROR,
    INVALID_DUE_DATE,
    NO_DATA_FOUND,
    ApiError,
    MalformedRequestError,
)
from refund_adapters.sandbox.switches import ErrorData, Switches, TimeZone

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=UTF-8"

_REQUEST_DATE = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4}|\d{2})", re.ASCII)


class Drop(StrEnum):
    """When the connection is closed without an answer."""

    NONE = "none"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server does about one request, to be carried out by whoever stands for the network.

    Where `late` is set the request is not executed yet: wait for `delay` seconds and collect the
    reply under `order`. Otherwise wait for `delay` and answer, or close the connection if `drop`
    says so. `announced_length` promises a longer body than comes.
    """

    order: int
    status: int = 200
    content_type: str = JSON
    body: bytes = b""
    delay: float = 0.0
    drop: Drop = Drop.NONE
    late: bool = False
    announced_length: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


def read_json(body: bytes) -> dict[str, object]:
    """Read a JSON object with exact numbers; anything else is malformed."""
    try:
        found = simplejson.loads(
            body.decode("utf-8-sig"), use_decimal=True, parse_constant=_no_such_number
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise MalformedRequestError("the body is not JSON") from error
    if not isinstance(found, dict):
        raise MalformedRequestError("the body is not a JSON object")
    return found


def write_json(value: object, switches: Switches) -> str:
    """Write JSON with exact numbers; a Decimal without a fraction becomes a whole number."""
    text = simplejson.dumps(_plain(value), use_decimal=True, ensure_ascii=False)
    return text.replace("/", "\\/") if switches.escape_slashes else text


def success(data: object, switches: Switches) -> str:
    """Write the envelope of a success."""
    return write_json(_envelope(0, "", "", data), switches)


def failure(error: ApiError, company: Company, switches: Switches) -> tuple[int, int, str]:
    """Write the envelope of a refusal; return HTTP status, the code meant, and the text."""
    refusal = error.refusal
    code = switches.no_data_code if refusal is NO_DATA_FOUND else refusal.code
    debug = f"{code} : {refusal.identifier}" + (f" : {error.detail}" if error.detail else "")
    shown = 500 if switches.error_code_in_debug else code
    client = company.failed if refusal is DATABASE_ERROR else company.refused
    data: object = [] if switches.error_data is ErrorData.EMPTY_LIST else None
    text = write_json(_envelope(shown, client, debug, data), switches)
    return switches.error_http_status, code, text


def html_page(title: str) -> bytes:
    """Write a page as the web server in front of the API shows it."""
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title></head>"
        f'<body><div id="content"><p class="heading1">{title}</p></div></body></html>'
    ).encode()


def read_date(text: str) -> date:
    """Read a date of a request: DD-MM-YY or DD/MM/YYYY, with either sign between."""
    match = _REQUEST_DATE.fullmatch(text)
    if match is None:
        raise BAD_DATE_FORMAT.error(text)
    day, month, year = (int(part) for part in match.groups())
    try:
        return date(year if len(match[3]) == len("2025") else 2000 + year, month, day)
    except ValueError as error:
        raise BAD_DATE_FORMAT.error(text) from error


def read_due_date(text: str) -> date:
    """Read a due date of a request, for which a bad one has a code of its own."""
    try:
        return read_date(text)
    except ApiError as error:
        raise INVALID_DUE_DATE.error(text) from error


def read_time(text: str) -> time:
    """Read a time of a request: HH:MM, one or two digits each."""
    match = re.fullmatch(r"(\d{1,2}):(\d{1,2})", text, re.ASCII)
    if match is None:
        raise BAD_DATE_FORMAT.error(text)
    try:
        return time(int(match[1]), int(match[2]))
    except ValueError as error:
        raise BAD_DATE_FORMAT.error(text) from error


def write_date(day: date | None) -> str:
    """Write a date as answers show it."""
    return "" if day is None else day.strftime("%d/%m/%Y")


def write_time(moment: time) -> str:
    """Write a time as answers show it."""
    return moment.strftime("%H:%M:%S")


def local(at: datetime, zone: TimeZone) -> datetime:
    """Turn an aware moment into the company's wall clock."""
    return at.astimezone(UTC if zone is TimeZone.UTC else ISRAEL)


class _Israel(tzinfo):
    """The law of 2013: summer from the Friday before March's last Sunday to October's last.

    Written out because a bare machine may have no time zone database. Summer ends at two o'clock,
    which is one o'clock of winter; that hour comes twice and is read as winter.
    """

    def utcoffset(self, dt: datetime | None) -> timedelta:
        return timedelta(hours=2) + self.dst(dt)

    def dst(self, dt: datetime | None) -> timedelta:
        if dt is None:
            return timedelta(0)
        wall = dt.replace(tzinfo=None)
        begins = datetime.combine(_last_sunday(wall.year, 3) - timedelta(days=2), time(2))
        ends = datetime.combine(_last_sunday(wall.year, 10), time(1))
        return timedelta(hours=1) if begins <= wall < ends else timedelta(0)

    def tzname(self, dt: datetime | None) -> str:
        return "IDT" if self.dst(dt) else "IST"


ISRAEL = _Israel()


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _envelope(code: int, client: str, debug: str, data: object) -> dict[str, object]:
    return {"error_code": code, "client_message": client, "debug_message": debug, "data": data}


def _no_such_number(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value
