"""Files that must be refused, each with its own reason, nothing read."""

import io
import zipfile

import docx
import pytest

from tests.importing.plans import archive, docx_bytes
from workflows.importing import MAX_BYTES, REFUSALS, Refused, read_document, read_text

TYPES = b'<?xml version="1.0"?><Types xmlns="x"></Types>'
BODY = b'<?xml version="1.0"?><document/>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refusal(data: bytes, filename: str) -> str:
    with pytest.raises(Refused) as caught:
        read_document(data, filename)
    assert str(caught.value)
    return caught.value.code


def repacked(
    extra: dict[str, bytes] | None = None, replace: dict[str, bytes] | None = None
) -> bytes:
    """A real Word file with members added or replaced."""
    with zipfile.ZipFile(io.BytesIO(docx_bytes(docx.Document()))) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    return archive(members | (replace or {}) | (extra or {}))


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"", "plan.txt") == "empty"
    assert refusal(b"\n \n", "plan.txt") == "empty"


def test_an_empty_word_document_is_refused() -> None:
    assert refusal(docx_bytes(docx.Document()), "plan.docx") == "empty"


def test_a_binary_file_is_refused() -> None:
    assert refusal(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "plan.txt") == "binary"
    assert refusal(b"\x00\x01\x02\x03" * 99 + b"\x00", "plan.txt") == "binary"


def test_a_file_of_100_megabytes_is_refused_by_its_size() -> None:
    with pytest.raises(Refused) as caught:
        read_document(bytes(100 * 1024 * 1024), "plan.txt")
    assert caught.value.code == "too_large"
    assert caught.value.params["limit"] == MAX_BYTES


def test_a_scanned_pdf_is_refused_with_advice() -> None:
    assert refusal(b"%PDF-1.7 ...", "plan.pdf") == "unsupported_pdf"
    assert refusal(b"%PDF-1.7 ...", "plan.docx") == "unsupported_pdf"


def test_old_word_and_wps_files_are_refused_with_advice() -> None:
    assert refusal(OLE + bytes(600), "plan.doc") == "legacy_word"
    assert refusal(OLE + bytes(600), "plan.wps") == "legacy_word"
    assert refusal(b"{\\rtf1 x}", "plan.txt") == "legacy_word"


def test_an_encrypted_document_is_refused() -> None:
    data = OLE + bytes(512) + "EncryptedPackage".encode("utf-16-le") + bytes(64)
    assert refusal(data, "plan.docx") == "encrypted"


def test_an_archive_bomb_is_refused() -> None:
    assert refusal(repacked({"word/media/a.bin": bytes(30_000_000)}), "p.docx") == "archive_bomb"


def test_an_archive_of_too_many_members_is_refused() -> None:
    members = {f"word/media/{index}": b"x" for index in range(2_001)}
    assert refusal(repacked(members), "p.docx") == "archive_bomb"


def test_an_archive_that_lies_about_its_size_is_refused() -> None:
    body = b'<?xml version="1.0"?><d>' + b" " * 3_000_000 + b"</d>"
    data = bytearray(repacked(replace={"word/document.xml": body}))
    name = b"word/document.xml"
    entry = data.rfind(name) - 46
    data[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    assert refusal(bytes(data), "p.docx") == "malformed_docx"


def test_an_external_entity_is_refused() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        b"<w:body><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>"
    )
    assert refusal(repacked(replace={"word/document.xml": bomb}), "plan.docx") == "dtd"


def test_a_document_type_definition_alone_is_refused() -> None:
    body = b'<?xml version="1.0"?><!DOCTYPE d><d/>'
    assert refusal(repacked(replace={"word/document.xml": body}), "plan.docx") == "dtd"


def test_entities_in_a_page_are_refused() -> None:
    assert refusal(b'<!DOCTYPE html [<!ENTITY a "b">]><p>&a;</p>', "plan.html") == "dtd"


def test_path_traversal_is_refused() -> None:
    for name in ("../../etc/cron.d/x", "/etc/x", "word/..\\..\\x", "C:/x"):
        assert refusal(repacked({name: b"x"}), "plan.docx") == "path_traversal"


def test_a_damaged_word_document_is_refused() -> None:
    whole = docx_bytes(docx.Document())
    assert refusal(whole[: len(whole) // 2], "plan.docx") == "malformed_docx"
    assert refusal(archive({"a.txt": b"x"}), "plan.docx") == "malformed_docx"
    assert refusal(b"just text", "plan.docx") == "malformed_docx"
    broken = repacked(replace={"word/document.xml": b"<w:document"})
    assert refusal(broken, "plan.docx") == "malformed_docx"
    other = archive({"[Content_Types].xml": TYPES, "word/document.xml": BODY})
    assert refusal(other, "plan.docx") == "malformed_docx"


def test_a_page_nested_too_deeply_is_refused() -> None:
    page = b"<html>" + b"<table><tr><td>" * 5_000 + b"x"
    assert refusal(page, "plan.html") == "malformed_html"


def test_a_page_without_text_is_refused() -> None:
    assert refusal(b"<html><body><img></body></html>", "plan.html") == "empty"


def test_text_in_no_known_encoding_is_refused() -> None:
    assert refusal("清淤".encode() + b"\xff\xff\x80", "plan.txt") == "encoding"


def test_unknown_kinds_of_file_are_refused() -> None:
    assert refusal(b"a,b", "plan.csv") == "unsupported_type"


def test_pasted_text_has_the_same_limits() -> None:
    with pytest.raises(Refused):
        read_text("  \n")
    with pytest.raises(Refused):
        read_text("清" * (MAX_BYTES // 3 + 1))


def test_every_refusal_has_a_sentence() -> None:
    assert all(sentence.endswith(".") for sentence in REFUSALS.values())
