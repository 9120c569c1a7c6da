"""The code on a printed form: one for each entry, read as people write it."""

import hashlib

import pytest
import segno

from audit import codes, qr
from audit.canonical import leaf_hash
from audit.codes import Code

BODY = b'{"kind":"approval.signed_off"}'
CODE = codes.of(BODY)


def test_it_begins_with_the_short_code_and_has_eighty_bits_that_tiles_do_not_tell() -> None:
    assert CODE.startswith(leaf_hash(BODY).hex()[:8])
    assert len(CODE[8:]) * 4 == 80
    assert CODE[8:] not in leaf_hash(BODY).hex()
    assert CODE[8:] == hashlib.sha256(b"duban/form-code/v1\n" + BODY).hexdigest()[:20]


@pytest.mark.parametrize(
    "written",
    [
        CODE,
        CODE.upper(),
        " ".join(CODE[at : at + 4] for at in range(0, 28, 4)),
        "-".join(CODE[at : at + 4] for at in range(0, 28, 4)),
        f"\u3000{CODE[:8]}\n{CODE[8:]} ",
    ],
)
def test_it_is_read_however_it_is_written(written: str) -> None:
    code = Code.parse(written)
    assert code is not None
    assert code.text == CODE
    assert code.fits(BODY)
    assert not code.fits(BODY + b" ")


def test_one_wrong_digit_fits_no_more() -> None:
    for at in range(len(CODE)):
        wrong = CODE[:at] + ("0" if CODE[at] != "0" else "1") + CODE[at + 1 :]
        code = Code.parse(wrong)
        assert code is not None
        assert not code.fits(BODY)


@pytest.mark.parametrize("text", ["", " ", "x" * 28, CODE[:-1], CODE + "0", "０" * 28, "٣" * 28])
def test_anything_else_is_none(text: str) -> None:
    assert Code.parse(text) is None


def test_a_whole_hash_is_read_and_has_no_secret() -> None:
    code = Code.parse(leaf_hash(BODY).hex())
    assert code == Code(leaf_hash(BODY))
    assert code.fits(BODY)


def test_a_picture_has_the_modules_of_the_code_and_a_quiet_zone() -> None:
    address = f"https://duban.example.org/verify/{CODE}/"
    picture = qr.picture(address)
    matrix = segno.make_qr(address, error="m", boost_error=False).matrix
    assert picture.side == len(matrix) + 8
    assert drawn(picture) == {
        (x + 4, y + 4) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark
    }


def drawn(picture: qr.Picture) -> set[tuple[int, int]]:
    """The modules that a path covers, read from its text."""
    found = set()
    for run in picture.path.removeprefix("M").split("M"):
        place, length = run.split("v")[0].split("h")
        x, y = map(int, place.split())
        found |= {(x + step, y) for step in range(int(length))}
    return found
