"""Trees and proofs are those of RFC 6962, against a tree computed as its definition says."""

import hashlib
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import merkle, tiles

# The entries and roots that RFC 6962's own implementations publish as their common test.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


@cache
def leaves(count: int) -> list[bytes]:
    return [leaf(number.to_bytes(4)) for number in range(count)]


def over(hashes: list[bytes]) -> bytes:
    """The definition: split below at the largest power of two."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + over(hashes[:k]) + over(hashes[k:])).digest()


def reading(hashes: list[bytes]) -> merkle.Read:
    @cache
    def read(level: int, index: int) -> bytes:
        return merkle.perfect(hashes[index << level : (index + 1) << level])

    return read


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_the_published_ones(size: int) -> None:
    read = reading([leaf(data) for data in ENTRIES])
    assert merkle.root(size, read).hex() == ROOTS[size]


def test_a_tree_without_leaves_has_the_root_of_nothing() -> None:
    assert merkle.root(0, reading([])) == over([])


def proofs(sizes: range) -> None:
    read = reading(leaves(sizes.stop))
    roots = {size: over(leaves(sizes.stop)[:size]) for size in range(sizes.stop)}
    for size in sizes:
        assert merkle.root(size, read) == roots[size]
        for index in range(size):
            path = merkle.inclusion(index, size, read)
            own = leaves(sizes.stop)[index]
            assert merkle.included(own, index, size, path, roots[size])
            assert not merkle.included(own, index ^ 1, size, path, roots[size])
        for old in range(size + 1):
            path = merkle.consistency(old, size, read)
            assert merkle.consistent(old, size, path, roots[old], roots[size])
            if old not in (0, size):
                assert not merkle.consistent(old, size, path, roots[old - 1], roots[size])
                assert not merkle.consistent(old, size, [*path, path[-1]], roots[old], roots[size])


def test_every_proof_of_every_small_tree_holds_and_no_neighbour_s_does() -> None:
    proofs(range(1, 66))


@pytest.mark.nightly
def test_every_proof_of_every_tree_of_up_to_512_leaves_holds() -> None:
    proofs(range(1, 513))


@given(st.integers(2, 300), st.data())
def test_a_changed_bit_anywhere_breaks_a_proof(size: int, data: st.DataObject) -> None:
    read = reading(leaves(300))
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion(index, size, read)
    root = merkle.root(size, read)
    at = data.draw(st.integers(0, len(path) * 256 - 1))
    broken = [bytearray(one) for one in path]
    broken[at // 256][at % 256 // 8] ^= 1 << at % 8
    changed = [bytes(one) for one in broken]
    assert not merkle.included(leaves(300)[index], index, size, changed, root)
    assert not merkle.included(leaves(300)[index], index, size, path[:-1], root)


@pytest.mark.parametrize("ask", [merkle.inclusion, merkle.consistency])
def test_what_the_tree_does_not_have_is_not_proven(
    ask: Callable[[int, int, merkle.Read], list[bytes]],
) -> None:
    with pytest.raises(ValueError, match="tree"):
        ask(9, 8, reading(leaves(8)))


@settings(deadline=None)  # the first example hashes all leaves
@given(st.integers(1, 3_000))
def test_tiles_give_the_same_tree(size: int) -> None:
    plain = reading(leaves(3_000))

    def tile(level: int, index: int) -> bytes:
        wide = range(tiles.width(level, index, size))
        return b"".join(plain(8 * level, index * 256 + place) for place in wide)

    assert merkle.root(size, tiles.reader(tile)) == merkle.root(size, plain)


def test_a_tile_s_place_is_where_the_reader_looks() -> None:
    asked: list[tuple[int, int]] = []

    def tile(level: int, index: int) -> bytes:
        asked.append((level, index))
        return bytes(256 * 32)

    for level in range(20):
        for index in (0, 1, 255, 256, 70_000):
            asked.clear()
            tiles.reader(tile)(level, index)
            assert asked == [tiles.place(level, index)]


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "000"),
        (999, 256, "999"),
        (1000, 256, "x001/000"),
        (1234067, 256, "x001/x234/067"),
        (3, 8, "003.p/8"),
    ],
)
def test_a_tile_s_path_reads_back(index: int, width: int, path: str) -> None:
    assert tiles.path(index, width) == path
    assert tiles.parse(path) == (index, width)


@pytest.mark.parametrize(
    "path", ["", "1", "0001", "x000/001", "001/002", "003.p/0", "003.p/256", "003.p/300", "../000"]
)
def test_no_other_path_names_a_tile(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        tiles.parse(path)
