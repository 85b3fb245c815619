"""Files are read row by row; what cannot be read is said with its number and ends nothing."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from refund_adapters.files import LONGEST_LINE, Numbered, rows_of
from refund_ledger.errors import InvalidInputError


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    """A file of this content."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(tmp_path: Path, name: str, content: str | bytes) -> list[Numbered]:
    """The rows of a file of this content."""
    return list(rows_of(written(tmp_path, name, content)))


# --- both kinds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["refunds.xlsx", "refunds", "refunds.json"])
def test_only_two_kinds_of_files_are_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"ends in \.csv or \.jsonl"):
        read(tmp_path, name, "{}")


@pytest.mark.parametrize("name", ["missing.csv", "missing.jsonl", "x" * 300 + ".csv"])
def test_a_file_that_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="file: "):
        list(rows_of(tmp_path / name))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "refunds.csv").mkdir()

    with pytest.raises(InvalidInputError, match="does not exist or is not a file"):
        list(rows_of(tmp_path / "refunds.csv"))


@pytest.mark.parametrize("name", ["empty.csv", "empty.jsonl"])
@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " \r\n"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str, content: str) -> None:
    assert read(tmp_path, name, content) == []


@pytest.mark.parametrize("name", ["wide.csv", "wide.jsonl"])
def test_utf_16_is_said_before_anything_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="is UTF-16 text; save it as UTF-8"):
        read(tmp_path, name, "key\nk".encode("utf-16"))


# --- CSV ------------------------------------------------------------------------------------------


def test_rows_of_csv_have_the_numbers_of_their_first_lines(tmp_path: Path) -> None:
    content = '\ufeffkey , comment\r\na,"two\nlines"\r\n\r\n , \r\nb,\r\n'

    assert read(tmp_path, "a.csv", content) == [
        Numbered(2, {"key": "a", "comment": "two\nlines"}),
        Numbered(6, {"key": "b"}),
    ]


def test_a_row_with_more_or_fewer_cells_than_the_heading_is_no_guess(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", "key,amount\na\nb,1,2\nc,3\n")

    assert [(row.number, row.problem) for row in found] == [
        (2, "has fewer cells than the heading"),
        (3, "has more cells than the heading"),
        (4, ""),
    ]


def test_a_column_without_a_name_may_only_be_empty(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", "key,\na,\nb,1\n")

    assert found[0] == Numbered(2, {"key": "a"})
    assert "under no name" in found[1].problem


@pytest.mark.parametrize(
    ("heading", "problem"),
    [
        ("key,amount,amount", "names 'amount' more than once"),
        ("key;amount;original", "parted by semicolons"),
        ('"key', "the heading cannot be read"),
        (b"key,\xff", "not UTF-8"),
    ],
)
def test_a_heading_that_cannot_be_meant_stops_the_file(
    tmp_path: Path, heading: str | bytes, problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        read(tmp_path, "a.csv", heading)


@pytest.mark.parametrize(
    ("content", "missing"),
    [("", "half, amount"), ("half,type\n", "amount"), ("\n , \n", "half, amount")],
)
def test_a_file_without_the_columns_that_are_needed_is_refused(
    tmp_path: Path, content: str, missing: str
) -> None:
    path = written(tmp_path, "a.csv", content)
    with pytest.raises(InvalidInputError, match=f"file: the heading lacks {missing}$"):
        list(rows_of(path, columns=("half", "amount")))

    assert list(rows_of(written(tmp_path, "a.csv", "half,amount\n"), columns=("half",))) == []


def test_a_bad_row_of_csv_in_the_middle_leaves_the_others(tmp_path: Path) -> None:
    content = b'key,comment\na,fine\nb,"x"y\nc,\xe9t\xe9\nd,fine\n'

    found = read(tmp_path, "a.csv", content)

    assert [row.number for row in found] == [2, 3, 4, 5]
    assert [bool(row.problem) for row in found] == [False, True, True, False]
    assert found[2].problem.endswith("the line is not UTF-8 text; save the file as UTF-8")


def test_a_quote_that_is_never_closed_is_said_where_it_opens(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", 'key,comment\na,fine\nb,"open\nc,fine\n')

    assert found[0] == Numbered(2, {"key": "a", "comment": "fine"})
    assert (found[1].number, found[1].row) == (3, None)
    assert "unexpected end of data" in found[1].problem
    assert found[1].problem.startswith("cannot be read as CSV, with all lines up to 4: ")


def test_a_stray_quote_says_which_lines_it_hides_and_those_after_are_read(tmp_path: Path) -> None:
    rows = "".join(f"{number},fine\n" for number in range(3, 5_000))
    found = read(tmp_path, "a.csv", f'key,comment\n2,"open\n{rows}x,"a ""b"""\ny,fine\n')

    assert [(row.number, row.row) for row in found] == [
        (2, None),
        (5_001, {"key": "y", "comment": "fine"}),
    ]
    assert "with all lines up to 5000: " in found[0].problem


def test_a_quote_that_is_closed_in_another_row_says_which_lines_it_hides(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", 'key,comment\na,"open\nb,fine\nc,"\nd,fine\n')
    assert found[0] == Numbered(2, {"key": "a", "comment": "open\nb,fine\nc,"})

    found = read(tmp_path, "a.csv", 'key,comment\na,"open\nb,fine\nc",1\nd,fine\n')
    assert [(row.number, row.problem) for row in found] == [
        (2, "has more cells than the heading, with all lines up to 4"),
        (5, ""),
    ]


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        (b"\xe9", "the line is not UTF-8 text"),
        (b"x" * (LONGEST_LINE + 1), "the line is longer than"),
        (b'""' * LONGEST_LINE, "the line is longer than"),
        (b"x" * csv.field_size_limit(), "the row is longer than"),
        (b"\n" * csv.field_size_limit(), "the row is longer than"),
    ],
    ids=range(5),
)
def test_nothing_inside_a_text_is_taken_for_a_row(
    tmp_path: Path, before: bytes, problem: str
) -> None:
    text = before + b"\nc,a row of its own\n" + before + b"\n"
    found = read(tmp_path, "a.csv", b'key,comment\na,"' + text + b'"\nd,fine\n')

    last = text.count(b"\n") + 2
    assert [(row.number, bool(row.row)) for row in found] == [(2, False), (last + 1, True)]
    assert f"cannot be read as CSV, with all lines up to {last}: {problem}" in found[0].problem


# --- JSON Lines -----------------------------------------------------------------------------------


def test_rows_of_json_lines_keep_numbers_exact(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "a.jsonl", '\ufeff{"amount": 37.10, "line": 1, "key": "כהן"}\r\n')

    assert row == Numbered(1, {"amount": Decimal("37.10"), "line": 1, "key": "כהן"})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{bad", "cannot be read as JSON: "),
        ('{"amount": NaN}', "cannot be read as JSON: "),
        ('{"amount": -Infinity}', "cannot be read as JSON: "),
        ('{"key": "a", "key": "b"}', "'key' is said more than once"),
        ('{"lines": [{"line": 1, "line": 2}]}', "'line' is said more than once"),
        ('{"amount": ' + "9" * 5000 + "}", "cannot be read as JSON: a number in it is too large"),
        ('{"amount": 1e99999999999999999999}', "a number in it is too large"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("[1, 2]", "is not a JSON object"),
        ('"text"', "is not a JSON object"),
        ("null", "is not a JSON object"),
        ('{"key": "' + "x" * LONGEST_LINE + '"}', "longer than 1000000 characters"),
        (b'{"key": "\xff"}', "is not UTF-8 text"),
    ],
    ids=range(14),
)
def test_a_bad_row_of_json_in_the_middle_leaves_the_others(
    tmp_path: Path, line: str | bytes, problem: str
) -> None:
    middle = line.encode() if isinstance(line, str) else line

    before, bad, after = read(tmp_path, "a.jsonl", b'{"key": "a"}\n' + middle + b'\n{"key": "c"}')

    assert (before, after) == (Numbered(1, {"key": "a"}), Numbered(3, {"key": "c"}))
    assert (bad.number, bad.row) == (2, None)
    assert problem in bad.problem
    assert len(bad.problem) < 200


def test_a_line_of_exactly_the_longest_length_is_read(tmp_path: Path) -> None:
    line = '{"key": "' + "x" * (LONGEST_LINE - 11) + '"}'

    assert len(line) == LONGEST_LINE
    assert [row.problem for row in read(tmp_path, "a.jsonl", f"{line}\n{line}")] == ["", ""]


def test_a_last_line_that_is_too_long_and_never_ends_is_said(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "a.jsonl", "x" * (3 * LONGEST_LINE))

    assert "longer than" in row.problem
