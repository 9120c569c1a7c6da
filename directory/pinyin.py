"""Sort keys for Chinese names: the bundled PostgreSQL has no ICU, so we store them. Pure."""


def sort_key(name: str, limit: int) -> str:
    """`dangqungongzuobu` for 党群工作部: lower case, syllables joined, at most `limit` long."""
    # Its dictionary is slow to load, and most processes never name anything.
    from pypinyin import Style, lazy_pinyin

    syllables: list[str] = lazy_pinyin(name, style=Style.NORMAL, errors="default")
    return "".join(syllables).lower()[:limit]
