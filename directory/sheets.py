"""Directory sheets: one row a post, with its unit and who holds it. Pure: bytes in, rows out.

Sentences are marked for translation here and translated by whoever shows them.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, PasswordError, load_workbook

from audit.cells import ACTIVE, ESCAPE, escaped

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 50 * 1024 * 1024
MAX_MEMBERS = 1_000
MAX_ROWS = 5_000
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
ZIP = b"PK\x03\x04"

# Column → its headings (the first is written), and how long a value may be.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "unit": ("单位", "单位名称", "unit"),
    "kind": ("单位类型", "类型", "kind"),
    "parent": ("上级单位", "superior unit", "parent"),
    "aliases": ("单位别名", "别名", "aliases"),
    "groups": ("单位组", "组", "groups"),
    "post": ("岗位", "post"),
    "role": ("角色", "role"),
    "name": ("姓名", "name"),
    "account": ("账号", "account"),
    "email": ("邮箱", "mail address", "email"),
}
ENGLISH = {
    "unit": "Unit",
    "kind": "Kind",
    "parent": "Superior unit",
    "aliases": "Aliases",
    "groups": "Groups",
    "post": "Post",
    "role": "Role",
    "name": "Name",
    "account": "Account",
    "email": "Mail address",
}
LONGEST = {"unit": 100, "parent": 100, "post": 60, "name": 60, "account": 60, "email": 254}
LONGEST_NAME = 100  # an alias or a group
KINDS: Mapping[str, tuple[str, ...]] = {
    "party": ("党委部门", "党的机关", "party organ"),
    "government": ("政府部门", "行政机关", "government organ"),
    "supervision": ("监督机构", "supervision office"),
    "street": ("街道", "street office"),
    "branch": ("派出机构", "分局", "branch of a higher organ"),
    "other": ("其他", "other unit"),
}
ROLES: Mapping[str, tuple[str, ...]] = {
    "handler": ("经办人",),
    "deputy": ("分管负责人", "deputy in charge"),
    "principal": ("主要负责人",),
    "reviewer": ("审核人",),
    "coordinator": ("统筹",),
    "auditor": ("审计人",),
    "administrator": ("管理员",),
}
_SEPARATORS = re.compile(r"[、,，;；\n]")
_ACCOUNT = re.compile(r"[\w.@+-]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translation without asking Django for one."""
    return sentence


class Unreadable(ValueError):
    """The file is no directory sheet; `sentence` says why, with places for `params`."""

    def __init__(self, sentence: str, **params: Any) -> None:
        super().__init__(sentence % params if params else sentence)
        self.sentence = sentence
        self.params = params


@dataclass(frozen=True)
class Problem:
    """What is wrong in a row of the sheet."""

    row: int
    sentence: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A row as it was meant; empty where the sheet says nothing. `number` is the sheet's own."""

    number: int
    unit: str
    kind: str = ""
    parent: str = ""
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    post: str = ""
    role: str = ""
    name: str = ""
    account: str = ""
    email: str = ""


@dataclass(frozen=True)
class Sheet:
    rows: list[Row]
    problems: list[Problem]


def read(data: bytes) -> Sheet:
    """The rows of an .xlsx or .csv file, and what is wrong in them. Raises Unreadable."""
    if not data:
        raise Unreadable(gettext_noop("The file is empty."))
    if len(data) > MAX_BYTES:
        raise Unreadable(
            gettext_noop("The file is larger than %(limit)s MB."), limit=MAX_BYTES >> 20
        )
    if data.startswith(OLD_OFFICE):
        raise Unreadable(
            gettext_noop(
                "The file is protected by a password or in an old format. Open it and save it "
                "as .xlsx without a password."
            )
        )
    return parse(_cells_of_xlsx(data) if data.startswith(ZIP) else _cells_of_csv(data))


def parse(table: Sequence[Sequence[str]]) -> Sheet:
    """Rows from a table whose first line that isn't empty holds the headings."""
    lines = [(number, line) for number, line in enumerate(table, 1) if any(line)]
    if not lines:
        raise Unreadable(gettext_noop("The sheet is empty."))
    if len(lines) > MAX_ROWS + 1:
        raise Unreadable(
            gettext_noop("The sheet has more than %(limit)s rows. Split it."), limit=MAX_ROWS
        )
    columns = _columns(lines[0][1])
    sheet = Sheet([], [])
    for number, line in lines[1:]:
        cells = {column: line[place] for column, place in columns.items() if place < len(line)}
        problems = list(_problems_of(number, cells))
        sheet.problems.extend(problems)
        if not problems:
            sheet.rows.append(_row(number, cells))
    return sheet


def write(rows: Iterable[Mapping[str, str]], *, english: bool = False) -> bytes:
    """An .xlsx file with these rows; no cell of it can act as a formula."""
    headings = [ENGLISH[key] if english else words[0] for key, words in COLUMNS.items()]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet()
        bold = book.add_format({"bold": True, "bottom": 1})
        for place, heading in enumerate(headings):
            page.write_string(0, place, heading, bold)
        page.set_column(0, len(headings) - 1, 18)
        page.freeze_panes(1, 0)
        for line, row in enumerate(rows, 1):
            for place, column in enumerate(COLUMNS):
                page.write_string(line, place, escaped(row.get(column, "")))
    return buffer.getvalue()


def word(words: Mapping[str, tuple[str, ...]], code: str, *, english: bool = False) -> str:
    """How a sheet writes a kind or role: the heading word, or the code itself in English."""
    return code if english else words[code][0]


# Reading


def _cells_of_xlsx(data: bytes) -> list[list[str]]:
    damaged = Unreadable(gettext_noop("The file is damaged or is not an .xlsx workbook."))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bomb(archive)
        with load_workbook(io.BytesIO(data)) as book:
            if not book.sheet_names:
                raise damaged
            found = book.get_sheet_by_index(0).to_python(skip_empty_area=False, nrows=MAX_ROWS + 2)
    except PasswordError as error:
        raise Unreadable(gettext_noop("The file is protected by a password.")) from error
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise error if isinstance(error, Unreadable) else damaged from error
    return [[_text(value) for value in line] for line in found]


def _refuse_bomb(archive: zipfile.ZipFile) -> None:
    """Unpack everything once in chunks: the sizes that the archive claims may lie."""
    bomb = Unreadable(gettext_noop("The file unpacks to far more than a directory holds."))
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(one.file_size for one in members) > MAX_UNPACKED:
        raise bomb
    unpacked = 0
    for member in members:
        with archive.open(member) as stream:
            while chunk := stream.read(1 << 20):
                unpacked += len(chunk)
                if unpacked > MAX_UNPACKED:
                    raise bomb


def _cells_of_csv(data: bytes) -> list[list[str]]:
    if b"\0" in data:
        raise Unreadable(gettext_noop("The file is neither an .xlsx workbook nor a .csv table."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Unreadable(gettext_noop("The text is neither UTF-8 nor GB18030."))
    first = text.partition("\n")[0]
    delimiter = max(",;\t，", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [[_text(value) for value in line] for line in reader]
    except csv.Error as error:
        raise Unreadable(gettext_noop("The .csv table is damaged: a quote is not closed.")) from (
            error
        )


def _text(value: Any) -> str:
    """A cell as text: whole numbers without a point, NFC, no space at the ends or doubled.

    A tab or carriage return at the beginning stays, for it is dangerous, not space.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFC", str(value))
    if text.startswith(("\t", "\r")) and text.strip():
        return text
    return re.sub(r"[ \u3000\xa0]+", " ", text).strip()


def _columns(headings: Sequence[str]) -> dict[str, int]:
    known = {heading: column for column, words in COLUMNS.items() for heading in words}
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        column = known.get(heading.lower().rstrip("*"))
        if column in places:
            raise Unreadable(
                gettext_noop("Two columns have the heading “%(heading)s”."), heading=heading
            )
        if column:
            places[column] = place
    if "unit" not in places:
        raise Unreadable(
            gettext_noop(
                "The first line of the sheet has no heading “%(heading)s”. Start from the template."
            ),
            heading=COLUMNS["unit"][0],
        )
    return places


def _problems_of(number: int, cells: Mapping[str, str]) -> Iterator[Problem]:
    for column, value in cells.items():
        if value.startswith(ACTIVE):
            yield Problem(
                number,
                gettext_noop("“%(value)s” looks like a formula, so it was not read."),
                {"value": value[:40]},
            )
        elif any(unicodedata.category(character) in {"Cc", "Cf"} for character in value):
            yield Problem(
                number,
                gettext_noop("“%(value)s” contains invisible characters. Type it anew."),
                {"value": _visible(value)[:40]},
            )
        elif any(len(part) > LONGEST.get(column, LONGEST_NAME) for part in _parts(column, value)):
            yield Problem(number, gettext_noop("“%(value)s…” is too long."), {"value": value[:40]})
    yield from _missing(number, cells)
    yield from _unknown(number, cells)


def _missing(number: int, cells: Mapping[str, str]) -> Iterator[Problem]:
    given = {column for column, value in cells.items() if value}
    if "unit" not in given:
        yield Problem(number, gettext_noop("The unit is missing."))
    if given & {"name", "account"} and not given >= {"name", "account"}:
        yield Problem(number, gettext_noop("A person needs a name and an account."))
    if given & {"name", "role", "account"} and "post" not in given:
        yield Problem(number, gettext_noop("The post is missing."))


def _unknown(number: int, cells: Mapping[str, str]) -> Iterator[Problem]:
    for column, words in (("kind", KINDS), ("role", ROLES)):
        value = cells.get(column, "")
        if value and not _code(words, value):
            choice = "、".join(one[0] for one in words.values())
            yield Problem(
                number,
                gettext_noop("“%(value)s” is not known. Write one of: %(choice)s."),
                {"value": value[:40], "choice": choice},
            )
    for column, pattern in (("account", _ACCOUNT), ("email", _EMAIL)):
        value = cells.get(column, "")
        if value and not pattern.fullmatch(value):
            sentence = (
                gettext_noop("“%(value)s” is no account name: use letters, digits and . @ + - _")
                if column == "account"
                else gettext_noop("“%(value)s” is no mail address.")
            )
            yield Problem(number, sentence, {"value": value[:40]})


def _row(number: int, cells: Mapping[str, str]) -> Row:
    plain = {column: _unescape(value) for column, value in cells.items()}
    return Row(
        number,
        unit=plain["unit"],
        kind=_code(KINDS, plain.get("kind", "")),
        parent=plain.get("parent", ""),
        aliases=tuple(map(_unescape, _parts("aliases", cells.get("aliases", "")))),
        groups=tuple(map(_unescape, _parts("groups", cells.get("groups", "")))),
        post=plain.get("post", ""),
        role=_code(ROLES, plain.get("role", "")),
        name=plain.get("name", ""),
        account=plain.get("account", ""),
        email=plain.get("email", ""),
    )


def _code(words: Mapping[str, tuple[str, ...]], value: str) -> str:
    """The code behind a word in either language; empty when there is none."""
    wanted = value.lower()
    return next((code for code, known in words.items() if wanted in {code, *known}), "")


def _parts(column: str, value: str) -> list[str]:
    if column not in {"aliases", "groups"}:
        return [value]
    return [part.strip() for part in _SEPARATORS.split(value) if part.strip()]


def _unescape(value: str) -> str:
    is_escaped = value.startswith(ESCAPE) and value[1:].startswith(ACTIVE)
    return value[1:] if is_escaped else value


def _visible(value: str) -> str:
    return "".join("□" if unicodedata.category(one) in {"Cc", "Cf"} else one for one in value)
