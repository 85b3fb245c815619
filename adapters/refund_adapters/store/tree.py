"""The tree over all events: the Merkle tree of RFC 6962 and RFC 9162, with its proofs; pure.

A root of 32 bytes stands for every leaf below it and for their order. Whoever kept a root can be
shown that one leaf is under it (inclusion), and that a later tree only added to it (consistency),
with a handful of hashes each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """The hash of a leaf; the byte before it keeps leaves and nodes apart."""
    return hashlib.sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """The right edge of a tree: all that is needed to add leaves and to tell the root.

    Its peaks are the roots of the whole subtrees, the largest first: one for each bit of the size
    that is set, so a tree of a million leaves has twenty at most.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """Go on from a size and its peaks; raises `ValueError` where they do not fit together."""
        self.size = size
        self._peaks = list(peaks)
        if size < 0 or len(self._peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves does not have {len(self._peaks)} peaks")
        if any(len(peak) != HASH_BYTES for peak in self._peaks):
            raise ValueError("a peak is 32 bytes")

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the whole subtrees, the largest first."""
        return tuple(self._peaks)

    def add(self, leaf: bytes) -> None:
        """Add the hash of a leaf at the end."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            size >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        *others, root = self._peaks
        for peak in reversed(others):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over the hashes of leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def inclusion_proof(number: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes that lead from the leaf of a number, counted from zero, up to the root."""
    if not 0 <= number < len(leaves):
        raise ValueError(f"there is no leaf {number} among {len(leaves)}")
    if len(leaves) == 1:
        return []
    half = _half(len(leaves))
    left, right = leaves[:half], leaves[half:]
    if number < half:
        return [*inclusion_proof(number, left), root_of(right)]
    return [*inclusion_proof(number - half, right), root_of(left)]


def consistency_proof(size: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes that show that the tree of a smaller size is the beginning of this one."""
    if not 0 < size <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves has no beginning of {size}")
    return _consistency(size, leaves, whole=True)


def _consistency(size: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """`whole` while what is proven is the old tree itself, whose root the reader has."""
    if size == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = _half(len(leaves))
    left, right = leaves[:half], leaves[half:]
    if size <= half:
        return [*_consistency(size, left, whole=whole), root_of(right)]
    return [*_consistency(size - half, right, whole=False), root_of(left)]


def is_included(leaf: bytes, number: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof leads from a leaf to a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= number < size:
        return False
    place, last, found = number, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows that an old tree is the beginning of another (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not path:
        return False
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == root


def _half(size: int) -> int:
    """The leaves of the left subtree: the largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1
