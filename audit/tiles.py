"""The log's hashes as C2SP tlog-tiles: strips of 256, eight levels of the tree apart. Pure.

https://c2sp.org/tlog-tiles. Tile (level, index) holds the hashes of the subtrees over
256**level leaves each, from `index * 256` on.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from audit import merkle

HEIGHT = 8
WIDTH = 1 << HEIGHT
HASH = 32


def reader(tile: Callable[[int, int], bytes]) -> merkle.Read:
    """Subtrees' hashes out of tiles; `tile(level, index)` gives as many hashes as it has."""
    tile = lru_cache(maxsize=64)(tile)

    def read(level: int, index: int) -> bytes:
        height, number = place(level, index)
        within = level % HEIGHT
        first = (index << within) % WIDTH
        strip = tile(height, number)
        wanted = strip[first * HASH : (first + (1 << within)) * HASH]
        if len(wanted) < HASH << within:
            raise LookupError(f"tile {height}/{number} is shorter than the log")
        return merkle.perfect(hashes(wanted))

    return read


def place(level: int, index: int) -> tuple[int, int]:
    """Level and index of the tile out of which a subtree's hash follows."""
    height, within = divmod(level, HEIGHT)
    return height, (index << within) // WIDTH


def hashes(strip: bytes) -> list[bytes]:
    return [strip[at : at + HASH] for at in range(0, len(strip), HASH)]


def width(level: int, index: int, size: int) -> int:
    """How many hashes tile (level, index) has in a log of `size` leaves; 0: there is none."""
    return max(0, min((size >> HEIGHT * level) - index * WIDTH, WIDTH))


_PATH = re.compile(r"((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?")


def path(index: int, width: int = WIDTH) -> str:
    """`x001/x234/067`, and `.p/` with the width of a tile that isn't full."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups)) + (f".p/{width}" if width < WIDTH else "")


def parse(text: str) -> tuple[int, int]:
    """Index and width that `path` wrote. Raises ValueError for anything else."""
    found = _PATH.fullmatch(text)
    if not found:
        raise ValueError("no tile's path")
    index = int(found[1].replace("x", "").replace("/", ""))
    width = int(found[2] or WIDTH)
    if path(index, width) != text:
        raise ValueError("no tile's path")
    return index, width
