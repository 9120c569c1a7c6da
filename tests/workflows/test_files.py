"""What the evidence store takes, what it refuses, and what it says of damage."""

import hashlib
import io
import os
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django import Settings

from tests.workflows.factories import upload
from workflows import files
from workflows.files import FileDamaged, FileEmpty, FileTooLarge, FileTypeRefused

ORGANISATION = uuid4()


def archive(*members: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archived:
        for member in members:
            archived.writestr(member, "x")
    return content.getvalue()


def left(settings: Settings) -> list[Path]:
    return [path for path in Path(settings.EVIDENCE_ROOT).rglob("*") if path.is_file()]


def test_the_same_bytes_lie_in_the_store_once_under_their_hash(settings: Settings) -> None:
    stored = files.store(ORGANISATION, upload("a.pdf"))
    again = files.store(ORGANISATION, upload("b.pdf"))

    assert stored == again
    assert stored.sha256 == hashlib.sha256(upload().read()).digest()
    assert left(settings) == [files.path_of(ORGANISATION, stored.sha256)]


def test_another_organisation_has_its_own_copy() -> None:
    stored = files.store(ORGANISATION, upload())

    with pytest.raises(FileDamaged):
        files.open_verified(uuid4(), stored.sha256)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notice.PDF", b"%PDF-1.7\n"),
        ("photo.png", b"\x89PNG\r\n\x1a\n0"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0"),
        ("list.docx", archive("[Content_Types].xml", "word/document.xml")),
        ("list.xlsx", archive("[Content_Types].xml", "xl/workbook.xml")),
        ("form.ofd", archive("OFD.xml")),
        ("photos.zip", archive("1.jpg", "2.jpg")),
        ("old.doc", files.OLE + bytes(100)),
        ("table.csv", "姓名,学时\n陆闻笛,12\n".encode("gb18030")),
        ("note.txt", "\ufeff已完成。".encode("utf-16")),
        ("note.txt", "已完成。".encode()),
    ],
)
def test_documents_pictures_tables_and_archives_are_taken(name: str, content: bytes) -> None:
    stored = files.store(ORGANISATION, upload(name, content))

    assert files.open_verified(ORGANISATION, stored.sha256).read() == content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.pdf", b"MZ\x90\x00 a program"),
        ("report.pdf", b"\x7fELF\x02\x01"),
        ("report.exe", b"%PDF-1.7\n"),
        ("report.pdf.exe", b"MZ"),
        ("page.html", b"<!doctype html><script>alert(1)</script>"),
        ("page.txt", b"  <svg onload=alert(1)>"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("run.txt", b"#!/bin/sh\nrm -rf /"),
        ("run.bat", b"@echo off"),
        ("table.docm", archive("word/document.xml", "word/vbaProject.bin")),
        ("table.docx", archive("word/document.xml", "word/vbaProject.bin")),
        ("photo.png", b"%PDF-1.7\n"),
        ("list.docx", archive("1.jpg")),
        ("broken.zip", b"PK\x03\x04 broken"),
        ("noise.txt", b"\x00\x01\x02\x03"),
        ("no ending", b"%PDF-1.7\n"),
    ],
)
def test_programs_scripts_pages_and_disguises_are_refused_and_leave_nothing(
    settings: Settings, name: str, content: bytes
) -> None:
    with pytest.raises(FileTypeRefused):
        files.store(ORGANISATION, upload(name, content))

    assert left(settings) == []


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(FileEmpty, match=r"notice\.pdf"):
        files.store(ORGANISATION, upload(content=b""))


def test_a_file_above_the_limit_is_refused_and_leaves_nothing(settings: Settings) -> None:
    settings.EVIDENCE_MAX_BYTES = 1024 * 1024

    with pytest.raises(FileTooLarge, match="1 MB"):
        files.store(ORGANISATION, upload(content=b"%PDF-" + bytes(1024 * 1024)))

    assert left(settings) == []


def test_an_archive_whose_list_would_fill_the_memory_is_refused() -> None:
    forged = bytearray(archive("1.jpg"))
    place = forged.rfind(b"PK\x05\x06")
    forged[place + 12 : place + 16] = (2**31).to_bytes(4, "little")

    with pytest.raises(FileTypeRefused):
        files.store(ORGANISATION, upload("bomb.zip", bytes(forged)))


def test_changed_bytes_are_never_handed_out() -> None:
    stored = files.store(ORGANISATION, upload())
    path = files.path_of(ORGANISATION, stored.sha256)
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(FileDamaged):
        files.open_verified(ORGANISATION, stored.sha256)


def test_only_the_owner_of_the_process_reads_the_store() -> None:
    stored = files.store(ORGANISATION, upload())

    mode = os.stat(files.path_of(ORGANISATION, stored.sha256)).st_mode
    assert mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        (r"C:\Users\lu\签到表.pdf", "签到表.pdf"),
        ("a\x00b\r\n.pdf", "a b .pdf"),
        ("gnp.\u202efdp.pdf", "gnp. fdp.pdf"),
        ('a"<b>|c?.pdf', "a b c .pdf"),
        ("...", "file"),
        (None, "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_an_uploaded_name_is_only_a_name(given: str | None, kept: str) -> None:
    assert files.clean_name(given) == kept
