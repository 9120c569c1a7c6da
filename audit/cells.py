"""Cells of a spreadsheet that say what they say and do nothing. Pure."""

ACTIVE = tuple("=+-@\t\r＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula, full-width forms included."""
ESCAPE = "'"
LONGEST = 32_767
"""Characters of one cell; a spreadsheet drops a longer one."""


def escaped(text: str) -> str:
    """The text with an apostrophe before what would act as a formula."""
    return ESCAPE + text if text.startswith(ACTIVE) else text


def fitting(text: str) -> str:
    """The text as far as a cell holds it; that it goes on is seen."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
