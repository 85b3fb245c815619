"""The tree is the one of RFC 6962: its roots are known, and nothing else comes to one of them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.store.tree import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    node_hash,
    root_of,
)

# The eight leaves that implementations of RFC 6962 share, and the root after each of them.
KNOWN = [
    leaf_hash(bytes.fromhex(content))
    for content in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)

trees = st.lists(st.binary(max_size=4).map(leaf_hash), min_size=1, max_size=70)


def by_the_book(leaves: list[bytes]) -> bytes:
    """The root as section 2.1 of RFC 6962 defines it, the whole tree at once."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(by_the_book(leaves[:half]), by_the_book(leaves[half:]))


def test_a_tree_without_leaves_has_the_root_of_the_standard() -> None:
    assert root_of([]) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_known_leaves_have_the_known_roots(size: int) -> None:
    assert root_of(KNOWN[:size]).hex() == ROOTS[size - 1]


@given(trees)
def test_a_root_grown_leaf_by_leaf_is_the_root_of_the_whole(leaves: list[bytes]) -> None:
    frontier = Frontier()
    for size, leaf in enumerate(leaves, 1):
        frontier.add(leaf)
        assert frontier.size == size
        assert frontier.root() == by_the_book(leaves[:size])


@given(trees, st.data())
def test_a_tree_goes_on_from_its_size_and_peaks(leaves: list[bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(leaves)))
    before = Frontier()
    for leaf in leaves[:cut]:
        before.add(leaf)
    after = Frontier(before.size, before.peaks)
    for leaf in leaves[cut:]:
        after.add(leaf)
    assert after.root() == root_of(leaves)
    assert len(after.peaks) == len(leaves).bit_count()


@pytest.mark.parametrize(
    ("size", "peaks"),
    [(0, [b"a" * 32]), (3, [b"a" * 32]), (-1, [b"a" * 32]), (1, [b"short"]), (2, [])],
)
def test_peaks_that_do_not_fit_the_size_are_refused(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ValueError, match="peak"):
        Frontier(size, peaks)


@given(trees, st.data())
def test_another_leaf_or_another_order_is_another_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(leaves) - 1))
    to = data.draw(st.integers(0, len(leaves) - 1))
    changed = list(leaves)
    changed[at], changed[to] = changed[to], changed[at]
    assert (root_of(changed) == root_of(leaves)) is (changed == leaves)
    changed[at] = leaf_hash(b"another")
    assert root_of(changed) != root_of(leaves)


def test_a_node_is_never_taken_for_a_leaf() -> None:
    one, two = KNOWN[0], KNOWN[1]
    assert leaf_hash(one + two) != node_hash(one, two)
