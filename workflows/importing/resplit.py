"""Text that lost its line ends is split again before labels; offsets stay, a question is raised."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from . import labels
from .blocks import Block, Document
from .labels import Label

#: A paragraph shorter than this is a paragraph, however many numbers it holds.
LONG = 1_500
_ENDS = '。;:!?)]”"’》'
_TOP_WITHOUT_STOP = 80
_LEAD_IN = re.compile(rf"(?<=[{re.escape(_ENDS)}]){labels.LEAD_IN.pattern}")


def resplit(document: Document, folded: str) -> Document:
    """The same document with more blocks; `resplit` says whether whole text had run together."""
    blocks: list[Block] = []
    lost = False
    for block in document.blocks:
        cuts = _lead_in_cut(block, folded)
        if block.kind == "paragraph" and len(block.text) > LONG:
            found = _cuts(folded, block.start, block.end)
            lost = lost or bool(found)
            cuts = found or cuts
        blocks.extend(_split(block, cuts))
    return replace(document, blocks=tuple(blocks), resplit=lost)


def _lead_in_cut(block: Block, folded: str) -> list[int]:
    """具体措施：1．… on one line: the words stay, the number begins its own line."""
    match = labels.LEAD_IN.match(folded, block.start, block.end)
    if match is None or block.kind == "cell":
        return []
    label = labels.at(folded, match.end(), block.end)
    return [match.end()] if label is not None else []


def _split(block: Block, cuts: list[int]) -> list[Block]:
    if not cuts:
        return [block]
    pieces = []
    bounds = [block.start, *cuts, block.end]
    for index, (start, end) in enumerate(pairwise(bounds)):
        text = block.text[start - block.start : end - block.start]
        if text:
            locator = block.locator if index == 0 else f"{block.locator}.{index}"
            pieces.append(replace(block, text=text, start=start, locator=locator))
    return pieces


def _cuts(folded: str, start: int, end: int) -> list[int]:
    """Where lines began: labels after a full stop that carry their sequence on."""
    accepted: list[Label] = []
    last: dict[int, int] = {}
    fresh: set[int] = set()
    for label in labels.inside(folded, start, end):
        rank = label.rank
        follows = label.value == last.get(rank, 0) + 1
        restarts = label.value == 1 and rank in fresh
        if (follows or restarts) and _begins_a_line(folded, label, accepted):
            accepted.append(label)
            last[rank] = label.value
            fresh = {other for other in {*fresh, *last} if other > rank}
    cuts = [label.start for label in accepted]
    if len(cuts) < 4 or not any(label.style == "cn" for label in accepted):
        return []
    cuts += [match.start() for match in _LEAD_IN.finditer(folded, start, end)]
    return sorted(cut for cut in set(cuts) if cut > start)


def _begins_a_line(folded: str, label: Label, accepted: list[Label]) -> bool:
    before = folded[label.start - 1] if label.start else "\n"
    if before in _ENDS or before in " \n":
        return True
    if not accepted or accepted[-1].style not in ("cn", "chapter", "part"):
        return False
    return label.style == "cn_paren" and label.start - accepted[-1].end < _TOP_WITHOUT_STOP
