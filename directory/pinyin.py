"""Sort keys for Chinese names: the bundled PostgreSQL has no ICU, so we store them. Pure."""

from pypinyin import Style, lazy_pinyin


def sort_key(name: str, limit: int) -> str:
    """`dangqungongzuobu` for 党群工作部: lower case, syllables joined, at most `limit` long."""
    syllables: list[str] = lazy_pinyin(name, style=Style.NORMAL, errors="default")
    return "".join(syllables).lower()[:limit]
