"""More lines than fit into memory come out in order, as often as they are asked for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.sorting import SortedLines

text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@given(lines=st.lists(text, max_size=60), size=st.integers(1, 9), files=st.integers(1, 4))
def test_every_line_comes_out_in_order_each_time(lines: list[str], size: int, files: int) -> None:
    with SortedLines(in_memory=size, most_files=files) as given:
        for line in lines:
            given.add(line)
        for _ in range(2):
            assert list(given) == sorted(lines, key=lambda line: f"{line}\n")


def test_lines_may_be_added_after_a_reading() -> None:
    with SortedLines(in_memory=2) as given:
        for line in ("c", "b", "a"):
            given.add(line)
        assert list(given) == ["a", "b", "c"]
        given.add("aa")
        assert list(given) == ["a", "aa", "b", "c"]


def files_open() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_no_more_files_are_open_than_allowed_and_none_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = files_open()
    with SortedLines(in_memory=1, most_files=3) as given:
        for number in range(50):
            given.add(str(number))
            assert files_open() - before <= 4
        assert sum(1 for _ in given) == 50
        assert list(tmp_path.iterdir()) == []
    assert files_open() == before
