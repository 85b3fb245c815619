"""Numbers stay exact, dates are read as documented, and Israel keeps its summer time."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.sandbox.refusals import ApiError, MalformedRequestError
from refund_adapters.sandbox.switches import Switches, TimeZone
from refund_adapters.sandbox.wire import (
    local,
    read_date,
    read_due_date,
    read_json,
    read_time,
    write_date,
    write_json,
    write_time,
)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_goes_out_and_comes_in_exactly(amount: Decimal) -> None:
    text = write_json({"amount": amount}, Switches())
    assert "E" not in text
    assert read_json(text.encode()) == {"amount": amount}


def test_whole_amounts_go_out_without_a_fraction() -> None:
    rows = {"rows": [Decimal("117.00"), Decimal("117.50"), Decimal("-0.10"), Decimal(1000)]}
    assert write_json(rows, Switches()) == '{"rows": [117, 117.5, -0.1, 1000]}'


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_malformed(number: str) -> None:
    with pytest.raises(MalformedRequestError):
        read_json(b'{"a": %s}' % number.encode())


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_json(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("text", ["01-02-25", "01/02/2025", "01-02-2025", "1/2/25"])
def test_dates_are_read_day_first_with_either_sign(text: str) -> None:
    assert read_date(text) == date(2025, 2, 1)


@pytest.mark.parametrize("text", ["", "2025-02-01", "01.02.2025", "32/01/2025", "01/02/025", "x"])
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(ApiError, match="BAD_DATE_FORMAT"):
        read_date(text)
    with pytest.raises(ApiError, match="-52"):
        read_due_date(text)


@pytest.mark.parametrize(("text", "moment"), [("9:5", time(9, 5)), ("23:59", time(23, 59))])
def test_times_are_read_in_hours_and_minutes(text: str, moment: time) -> None:
    assert read_time(text) == moment


@pytest.mark.parametrize("text", ["", "24:00", "9:60", "9", "9:05:00", "-1:00"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ApiError, match="BAD_DATE_FORMAT"):
        read_time(text)


def test_dates_and_times_are_written_as_the_vendor_does() -> None:
    assert write_date(date(2025, 2, 1)) == "01/02/2025"
    assert write_date(None) == ""
    assert write_time(time(9, 5, 7)) == "09:05:07"


@pytest.mark.parametrize(
    ("utc", "wall"),
    [
        (datetime(2026, 1, 15, 22, 30, tzinfo=UTC), "2026-01-16 00:30"),
        (datetime(2026, 3, 26, 23, 59, tzinfo=UTC), "2026-03-27 01:59"),
        (datetime(2026, 3, 27, 0, 0, tzinfo=UTC), "2026-03-27 03:00"),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "2026-07-01 15:00"),
        (datetime(2026, 10, 24, 22, 59, tzinfo=UTC), "2026-10-25 01:59"),
        (datetime(2026, 10, 24, 23, 0, tzinfo=UTC), "2026-10-25 01:00"),
        (datetime(2025, 10, 26, 12, 0, tzinfo=UTC), "2025-10-26 14:00"),
    ],
)
def test_israel_keeps_summer_time_by_its_law(utc: datetime, wall: str) -> None:
    assert f"{local(utc, TimeZone.ISRAEL):%Y-%m-%d %H:%M}" == wall
    assert local(utc, TimeZone.UTC) == utc
    name = "IDT" if local(utc, TimeZone.ISRAEL).dst() else "IST"
    assert local(utc, TimeZone.ISRAEL).tzname() == name
