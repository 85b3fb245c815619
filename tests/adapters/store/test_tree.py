"""The tree is the one of RFC 6962: its roots are known, its proofs prove, and nothing else does."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_adapters.store.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
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
FIRST_OF_EIGHT = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
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


# --- roots ----------------------------------------------------------------------------------------


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


# --- inclusion ------------------------------------------------------------------------------------


def test_the_proof_of_the_first_known_leaf_is_the_known_one() -> None:
    assert tuple(step.hex() for step in inclusion_proof(0, KNOWN)) == FIRST_OF_EIGHT


@given(trees, st.data())
def test_every_leaf_is_proven_to_be_under_the_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(number, leaves)
    assert is_included(leaves[number], number, len(leaves), proof, root_of(leaves))
    assert len(proof) <= len(leaves).bit_length()


@given(trees, st.data())
def test_no_other_leaf_number_size_or_proof_is_believed(
    leaves: list[bytes], data: st.DataObject
) -> None:
    size, root = len(leaves), root_of(leaves)
    number = data.draw(st.integers(0, size - 1))
    leaf, proof = leaves[number], inclusion_proof(number, leaves)
    other = leaf_hash(b"another")
    assert not is_included(other, number, size, proof, root)
    assert not is_included(leaf, number, size, proof, other)
    assert not is_included(leaf, number, size, [*proof, other], root)
    assert not is_included(leaf, size, size, proof, root)
    assert not is_included(leaf, -1, size, proof, root)
    if proof:
        step = data.draw(st.integers(0, len(proof) - 1))
        assert not is_included(leaf, number, size, proof[:-1], root)
        assert not is_included(leaf, number, size, [*proof[:step], other, *proof[step + 1 :]], root)


@pytest.mark.parametrize(("number", "size"), [(0, 0), (-1, 8), (8, 8)])
def test_a_leaf_that_is_not_there_has_no_proof(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_proof(number, KNOWN[:size])


# --- consistency ----------------------------------------------------------------------------------


@settings(max_examples=200)
@given(trees, st.data())
def test_every_beginning_is_proven_to_be_one(leaves: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    proof = consistency_proof(size, leaves)
    assert is_consistent(size, root_of(leaves[:size]), len(leaves), root_of(leaves), proof)


@settings(max_examples=200)
@given(trees, st.data())
def test_a_rewritten_beginning_is_never_proven(leaves: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    at = data.draw(st.integers(0, size - 1))
    rewritten = [*leaves[:at], leaf_hash(b"another"), *leaves[at + 1 :]]
    kept, now = root_of(leaves[:size]), root_of(rewritten)
    for proof in (consistency_proof(size, leaves), consistency_proof(size, rewritten)):
        assert not is_consistent(size, kept, len(leaves), now, proof)
        longer = [*proof, leaves[0]]
        assert not is_consistent(size, kept, len(leaves), root_of(leaves), longer)
        assert not is_consistent(size, kept, len(leaves), now, longer)


@given(trees, st.data())
def test_a_proof_cut_short_proves_nothing(leaves: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    proof = consistency_proof(size, leaves)
    if proof:
        old, new = root_of(leaves[:size]), root_of(leaves)
        assert not is_consistent(size, old, len(leaves), new, proof[:-1])
        assert not is_consistent(size, old, len(leaves), new, [])


def test_a_tree_never_shrinks() -> None:
    assert not is_consistent(8, root_of(KNOWN), 7, root_of(KNOWN[:7]), [])
    assert not is_consistent(0, EMPTY_ROOT, 7, root_of(KNOWN[:7]), [])
    assert not is_consistent(8, root_of(KNOWN), 8, root_of(KNOWN[:7]), [])


@pytest.mark.parametrize("size", [0, 9])
def test_a_beginning_that_there_is_not_has_no_proof(size: int) -> None:
    with pytest.raises(ValueError, match="has no beginning"):
        consistency_proof(size, KNOWN)
