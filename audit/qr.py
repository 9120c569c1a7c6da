"""QR codes as pictures of the page: one SVG path, no style, black on white when printed. Pure."""

from dataclasses import dataclass

import segno

QUIET = 4
"""Light modules around it, as ISO/IEC 18004 asks for."""


@dataclass(frozen=True)
class Picture:
    """The side of the square in modules, the quiet zone included, and the dark ones as a path."""

    side: int
    path: str


def picture(text: str) -> Picture:
    """With enough redundancy for a crease or a stamp across it (level M)."""
    code = segno.make_qr(text, error="m", boost_error=False)
    rows = [list(row) for row in code.matrix]
    path = "".join(
        f"M{start + QUIET} {number + QUIET}h{length}v1h-{length}z"
        for number, row in enumerate(rows)
        for start, length in _runs(row)
    )
    return Picture(len(rows) + 2 * QUIET, path)


def _runs(row: list[int]) -> list[tuple[int, int]]:
    """Where dark modules begin that stand side by side, and how many they are."""
    found: list[tuple[int, int]] = []
    for at, dark in enumerate(row):
        if dark and found and sum(found[-1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((at, 1))
    return found
