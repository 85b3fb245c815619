"""Each switch is documented, checked, and turned by a test of this folder."""

from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest
from pydantic import ValidationError

from refund_adapters.sandbox.switches import Switches

TESTS = "".join(
    path.read_text(encoding="utf-8")
    for path in Path(__file__).parent.glob("test_*.py")
    if path != Path(__file__)
)


def test_each_switch_says_in_one_line_what_is_unknown() -> None:
    for name, _, line in Switches.described():
        assert line.endswith("."), name
        assert "\n" not in line, name


@pytest.mark.parametrize("name", Switches.model_fields)
def test_each_switch_is_turned_by_a_test(name: str) -> None:
    assert f"{name}=" in TESTS


def test_each_setting_but_the_default_is_tried_by_a_test() -> None:
    for name, field in Switches.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            for value in set(kind) - {field.default}:
                assert f'"{value}"' in TESTS, f"{name}={value}"


def test_a_switch_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Switches.model_validate({"second_canal": "error"})


def test_a_setting_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Switches().with_(second_cancel="maybe")


def test_settings_are_read_from_text() -> None:
    read = Switches().with_(closed_until="2026-10-31", list_limit="5", mail_on_cancel="true")
    assert (read.closed_until, read.list_limit, read.mail_on_cancel) == (
        date(2026, 10, 31),
        5,
        True,
    )


def test_switches_do_not_change_in_place() -> None:
    with pytest.raises(ValidationError):
        Switches().list_limit = 5  # type: ignore[misc]
