"""Output: nothing cut, nothing that moves a terminal, and JSON without floats."""

import io
import sys

import pytest
from rich.cells import cell_len

from refund_adapters.cli import output
from refund_adapters.cli.output import Column, Output, visible

COLUMNS = (Column("amount", number=True), Column("what"))


class Screen(io.StringIO):
    """A terminal that keeps what it shows."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say that a person is watching."""
        return True


def test_a_pipe_gets_plain_columns_with_numbers_to_the_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output().table(COLUMNS, [("5.00", "כוס"), ("1234567.89", "long " * 60)])

    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading == "    amount  what"
    assert first == "      5.00  כוס"
    assert second == "1234567.89  " + ("long " * 60).rstrip()


def test_a_terminal_gets_a_table_whose_numbers_are_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "30")

    Output().table(COLUMNS, [("123456789012.34", "a text that is longer than the screen [red]")])

    shown = screen.getvalue()
    assert "123456789012.34" in shown
    assert "…" not in shown
    assert "[red]" in shown.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("חולצה 12", "חולצה 12"),
        ("a\x1b[2Jb", "a[2Jb"),
        ("a\u202eb\u200f", "ab"),
        ("two\nlines\tand", "two lines and"),
        ("\u05e9\u05bc", "\u05e9\u05bc"),
        ("\ud800", ""),
    ],
)
def test_no_text_controls_the_terminal(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_people_see_no_json_and_machines_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    machine = Output(json=True)
    machine.line("words")
    machine.note("words")
    machine.table(COLUMNS, [("1", "a")])
    machine.shape({"customer": "כהן"})

    assert capsys.readouterr() == ('{"customer": "כהן"}\n', "")


def test_a_bar_appears_only_where_it_is_slow_and_somebody_watches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)

    with Output().progress("replaying") as tick:
        tick(1, 2)
    assert screen.getvalue() == ""

    monkeypatch.setattr(output, "SLOW", 0.0)
    with Output().progress("replaying") as tick:
        tick(1, 2)
        tick(2, 2)
    assert "replaying" in screen.getvalue()


def test_a_bar_does_not_come_between_pipes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "SLOW", 0.0)

    with Output().progress("replaying") as tick:
        tick(1, None)

    assert capsys.readouterr().err == ""


def test_hebrew_takes_the_room_that_it_shows() -> None:
    assert cell_len("כוס") == 3
