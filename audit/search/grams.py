"""What text is searched by: every character, and every two that stand together. Pure.

Chinese has no spaces between its words, and most of them have two characters. The database does the
same in `cjk_grams`; `folded` text is what both are given.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

LONGEST = 100
"""Characters of a search; nobody types more, and each costs a look-up."""


@lru_cache(maxsize=50_000)
def _fold(character: str) -> str:
    if character.isspace() or unicodedata.category(character) in {"Cc", "Cs"}:
        return " "
    plain = unicodedata.normalize("NFKC", character).casefold()
    return plain if len(plain) == 1 and not plain.isspace() else character


def folded(text: str) -> str:
    """One spelling for matching, each character in its place: `Ａ１` and `a1` are the same."""
    return "".join(map(_fold, unicodedata.normalize("NFC", text)))


def grams(text: str) -> set[str]:
    """Every character of a folded text and every two neighbours."""
    return {*text, *(a + b for a, b in pairwise(text))}


def words(text: str) -> list[str]:
    """The words that a search asks for, folded, each once, in their order."""
    return list(dict.fromkeys(folded(text[:LONGEST]).split()))


def asked(words: Iterable[str]) -> list[str]:
    """The grams that a text must have to hold all words: pairs, and a lone character by itself."""
    found: set[str] = set()
    for word in words:
        found |= {one for one in grams(word) if len(one) == 2 or len(word) == 1}
    return sorted(found)


def places(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where the words stand in a text, as (start, end) in order; what touches is one place.

    `text` in NFC, as the ledger has it, keeps its offsets when it is folded.
    """
    plain, found = folded(text), list[tuple[int, int]]()
    for word in words:
        start = plain.find(word)
        while start >= 0:
            found.append((start, start + len(word)))
            start = plain.find(word, start + 1)
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
