"""A table of statistics as a file; no cell of it acts as a formula. Pure."""

import csv
import io
from collections.abc import Sequence
from contextlib import closing

import xlsxwriter

from audit.cells import escaped, fitting

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def written(format: str, lines: Sequence[Sequence[str]], heading: int) -> bytes:
    """The lines in a format of `TYPES`; the one at `heading` names the columns."""
    return _csv(lines) if format == "csv" else _xlsx(lines, heading)


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[escaped(cell) for cell in line] for line in lines])
    return text.getvalue().encode("utf-8-sig")


def _xlsx(lines: Sequence[Sequence[str]], heading: int) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False})
    with closing(book):
        page = book.add_worksheet()
        bold = book.add_format({"bold": True})
        page.set_column(0, 0, 36)
        page.set_column(1, 9, 18)
        for number, line in enumerate(lines):
            for place, cell in enumerate(line):
                style = bold if number == heading else None
                if cell.isascii() and cell.isdecimal() and len(cell) < 15:
                    page.write_number(number, place, int(cell), style)
                else:
                    page.write_string(number, place, fitting(escaped(cell)), style)
    return file.getvalue()
