"""RFC 6962 Merkle trees: roots, inclusion and consistency proofs, and their checks. Pure.

A tree is read through `read(level, index)`, the hash over the 2**level leaves from
`index << level` on. Only complete subtrees are ever asked for, so whatever was read once stays.
"""

import hashlib
from collections.abc import Callable, Sequence

Read = Callable[[int, int], bytes]
EMPTY = hashlib.sha256().digest()
"""The root of a tree without leaves."""


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect(hashes: Sequence[bytes]) -> bytes:
    """The root over as many hashes as some power of two."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


def root(size: int, read: Read) -> bytes:
    """The hash of the tree over the first `size` leaves."""
    return _over(0, size, read) if size else EMPTY


def inclusion(index: int, size: int, read: Read) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size`, from its sibling up."""
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    path, first, last = [], 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(_over(middle, last, read))
            last = middle
        else:
            path.append(_over(first, middle, read))
            first = middle
    return path[::-1]


def consistency(old: int, new: int, read: Read) -> list[bytes]:
    """What shows that the tree of `new` leaves begins with the tree of `old`."""
    if not 0 <= old <= new:
        raise ValueError("a tree is consistent with earlier ones only")
    if old in (0, new):
        return []
    path, first, last = [], 0, new
    while last != old:
        middle = first + _split(last - first)
        if old <= middle:
            path.append(_over(middle, last, read))
            last = middle
        else:
            path.append(_over(first, middle, read))
            first = middle
    if first:
        path.append(_over(first, last, read))
    return path[::-1]


class Growing:
    """A tree that grows leaf by leaf, without keeping its leaves; its root at every size."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        self._completed: dict[int, bytes] = {}

    def add(self, leaf: bytes) -> None:
        node, size, level = leaf, self.size, 0
        while size & 1:
            node, size, level = node_hash(self._peaks.pop(), node), size >> 1, level + 1
            self._completed[level] = node
        self._peaks.append(node)
        self.size += 1

    def completed(self, level: int) -> bytes:
        """The hash over the last 2**level leaves, which the leaf just added made complete."""
        if self.size % (1 << level):
            raise ValueError("the last subtree of this level is not complete")
        return self._completed[level]

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY
        over = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            over = node_hash(peak, over)
        return over


def _split(count: int) -> int:
    """The largest power of two below `count`: where RFC 6962 divides a tree."""
    return 1 << (count - 1).bit_length() - 1


def _over(first: int, last: int, read: Read) -> bytes:
    """The hash over leaves [first, last), where RFC 6962 makes that range a subtree."""
    hashes = []
    while first < last:
        level = (last - first).bit_length() - 1
        hashes.append(read(level, first >> level))
        first += 1 << level
    over = hashes.pop()
    while hashes:
        over = node_hash(hashes.pop(), over)
    return over


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from a leaf's hash to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, over = index, size - 1, leaf
    for hash_ in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            over = node_hash(hash_, over)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            over = node_hash(over, hash_)
        node, last = node >> 1, last >> 1
    return last == 0 and over == root


def consistent(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the path shows that the new tree begins with the old (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not path and (old == 0 or old_root == new_root)
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = hashes[0]
    for hash_ in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            before, after = node_hash(hash_, before), node_hash(hash_, after)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, hash_)
        node, last = node >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root
