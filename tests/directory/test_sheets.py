"""Reading and writing directory sheets, without a database."""

import contextlib
import io
import zipfile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from audit import cells
from directory import sheets
from directory.sheets import Row, Unreadable

HEADINGS = ["单位", "单位类型", "上级单位", "单位别名", "单位组", "岗位", "角色", "姓名", "账号"]


def csv_of(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\n".join([",".join(HEADINGS), *lines]).encode(encoding)


def workbook(*lines: list[str | int]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet()
        for number, line in enumerate(lines):
            page.write_row(number, 0, line)
    return buffer.getvalue()


def sentences(data: bytes) -> list[tuple[int, str]]:
    return [(one.row, one.sentence % one.params) for one in sheets.read(data).problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_table_is_read_in_the_encodings_that_offices_use(encoding: str) -> None:
    sheet = sheets.read(
        csv_of(
            "党群工作部,党委部门,,区党群工作部、党群部,区直各部门,审核岗,审核人,苏见微,su",
            encoding=encoding,
        )
    )

    assert sheet.problems == []
    assert sheet.rows == [
        Row(
            2,
            "党群工作部",
            kind="party",
            aliases=("区党群工作部", "党群部"),
            groups=("区直各部门",),
            post="审核岗",
            role="reviewer",
            name="苏见微",
            account="su",
        )
    ]


def test_a_workbook_reads_like_a_table_and_numbers_become_text() -> None:
    data = workbook(
        ["Unit", "Post", "Role", "Name", "Account"], ["Office", "Desk", "handler", "A", 7]
    )

    assert sheets.read(data).rows == [
        Row(2, "Office", post="Desk", role="handler", name="A", account="7")
    ]


def test_what_is_written_is_read_back_the_same() -> None:
    row = {"unit": "=1+1", "kind": "街道", "aliases": "甲、乙", "post": "@岗", "role": "经办人"}

    assert sheets.read(sheets.write([row])).rows == [
        Row(2, "=1+1", kind="street", aliases=("甲", "乙"), post="@岗", role="handler")
    ]


@given(st.text(max_size=30))
def test_no_written_cell_can_act_as_a_formula(value: str) -> None:
    assert not cells.escaped(value).startswith(cells.ACTIVE)


@pytest.mark.parametrize("start", cells.ACTIVE)
def test_a_value_that_looks_like_a_formula_is_a_problem_of_its_row(start: str) -> None:
    data = csv_of(f'"{start}cmd|calc",,,,,,,,')

    assert [(row, "looks like a formula" in text) for row, text in sentences(data)] == [(2, True)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (",,,,,岗,经办人,,", "The unit is missing."),
        ("局,,,,,岗,经办人,甲,", "A person needs a name and an account."),
        ("局,,,,,,,甲,jia", "The post is missing."),
        ("局,银行,,,,,,,", "“银行” is not known."),
        ("局,,,,,岗,老板,,", "“老板” is not known."),
        ("局,,,,,岗,经办人,甲,jia yi", "is no account name"),
        ("局\u202e,,,,,,,,", "invisible characters"),
        ("局" * 101 + ",,,,,,,,", "is too long"),
    ],
)
def test_a_row_says_what_is_wrong_with_it(line: str, expected: str) -> None:
    found = sentences(csv_of("好局,,,,,,,,", line))

    assert len(found) == 1
    assert found[0][0] == 3
    assert expected in found[0][1]


def test_empty_lines_are_skipped_and_rows_keep_the_numbers_of_the_sheet() -> None:
    assert [row.number for row in sheets.read(csv_of(",,,,,,,,", "甲局,,,,,,,,")).rows] == [3]


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(sheets.MAX_UNPACKED + 1))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"x" * (sheets.MAX_BYTES + 1), "larger"),
        (b"\xd0\xcf\x11\xe0rest", "password"),
        (b"PK\x03\x04rest", "damaged"),
        (b"%PDF-1.7\0\0", "neither"),
        (b"\xff\xff\xff,1", "neither UTF-8"),
        ("姓名,账号\n甲,jia".encode(), "no heading"),
        ("单位,单位\n甲,乙".encode(), "Two columns"),
        ('单位\n"甲'.encode(), "quote"),
        (("单位\n" + "甲\n" * (sheets.MAX_ROWS + 1)).encode(), "more than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_sheet_is_refused_with_a_sentence(data: bytes, expected: str) -> None:
    with pytest.raises(Unreadable, match=expected):
        sheets.read(data)


def test_an_archive_that_unpacks_to_too_much_is_not_opened() -> None:
    with pytest.raises(Unreadable, match="unpacks"):
        sheets.read(bomb())


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_problems_or_a_sentence(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert sheets.read(data).rows is not None
