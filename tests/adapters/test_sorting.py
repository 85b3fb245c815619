"""More lines than fit into memory come out in order, as often as they are asked for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.sorting import SortedLines, put_aside
from refund_adapters.store.errors import StoreError, StoreFullError
from support.small_files import small_files

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


def test_a_disk_without_room_is_said_and_nothing_is_left() -> None:
    before = files_open()
    full = pytest.raises(StoreFullError, match=r"no room for temporary files \(TMPDIR")
    with small_files(10_000), full, SortedLines(in_memory=90, most_files=2) as given:
        add_many(given)  # Each file has room, and what they are merged into has not.
    assert files_open() == before


def add_many(given: SortedLines) -> None:
    for number in range(1_000):
        given.add(f"{number:0100}")


def test_a_folder_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with (
        SortedLines(in_memory=1) as given,
        pytest.raises(StoreError, match=r"temporary files .* cannot be written and read: No such"),
    ):
        given.add("a")


def test_what_is_no_trouble_of_files_stays_as_it_is() -> None:
    with pytest.raises(KeyError), put_aside("there"):
        raise KeyError
