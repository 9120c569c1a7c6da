"""Evidence on disk: kept under its own SHA-256, typed by its content, handed out unchanged.

Nothing that a browser or a desk would run is taken in. The name that a file was uploaded under is
never a path here.
"""

import hashlib
import os
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused

CHUNK = 64 * 1024
LONGEST_NAME = 200
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OFD = "application/ofd"
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (OLE, "application/x-ole-storage"),
)
# What a zip archive is, by a member that only such a document has.
OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/presentation.xml": (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ),
    "OFD.xml": OFD,
}
# The endings that a kind of content may carry; anything else is a disguise or a program.
ENDINGS = {
    "application/pdf": {".pdf"},
    "image/png": {".png"},
    "image/jpeg": {".jpg", ".jpeg"},
    "image/gif": {".gif"},
    "image/tiff": {".tif", ".tiff"},
    "image/bmp": {".bmp"},
    "application/zip": {".zip"},
    "application/vnd.rar": {".rar"},
    "application/x-7z-compressed": {".7z"},
    "application/x-ole-storage": {".doc", ".xls", ".ppt", ".wps", ".et", ".dps"},
    "text/plain": {".txt", ".csv", ".md"},
    OFFICE["word/document.xml"]: {".docx"},
    OFFICE["xl/workbook.xml"]: {".xlsx"},
    OFFICE["ppt/presentation.xml"]: {".pptx"},
    OFD: {".ofd"},
}
MARKUP = re.compile(r"\s*(<|#!|@echo|%!)", re.IGNORECASE)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
LARGEST_DIRECTORY = 4 * 1024 * 1024


class FileEmpty(Refused):
    """A file of no bytes."""

    status = 422
    sentence = _("“%(name)s” is empty. Choose the file again.")


class FileTooLarge(Refused):
    """A file above the limit."""

    status = 422
    sentence = _("“%(name)s” is larger than %(most)d MB. Make it smaller or split it.")


class FileTypeRefused(Refused):
    """A kind of content that isn't taken, or a name that hides what the content is."""

    status = 422
    sentence = _(
        "“%(name)s” can't be taken: it is not a document, picture, table, text or archive that its "
        "name says it is. Programs, scripts and web pages are never taken."
    )


class FileDamaged(Exception):
    """The bytes in the store are no longer the ones that were put there."""


class Upload(Protocol):
    """What Django gives for an uploaded file."""

    name: str | None

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class Stored:
    """Bytes that are safely on disk: their SHA-256 (32 bytes), size and kind."""

    sha256: bytes
    size: int
    media_type: str


def clean_name(name: str | None) -> str:
    """The last part of an uploaded name, without controls, bidi marks and path characters."""
    name = unicodedata.normalize("NFC", name or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(" " if unicodedata.category(one).startswith("C") else one for one in name)
    name = re.sub(r'[<>:"|?*\s]+', " ", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if dot and len(name) > LONGEST_NAME:
        return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending[:20]}"
    return name[:LONGEST_NAME] or "file"


def store(organisation_id: UUID, upload: Upload) -> Stored:
    """Put an upload into the store, hashing as it comes; the file is on disk when this returns.

    The same bytes are kept once. Raises FileEmpty, FileTooLarge, FileTypeRefused, and then leaves
    nothing behind.
    """
    name = clean_name(upload.name)
    root = Path(settings.EVIDENCE_ROOT) / str(organisation_id)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(prefix=".incoming-", dir=root)
    try:
        with os.fdopen(handle, "w+b") as file:
            sha256, size = _copy(upload.chunks(), file, name)
            media_type = _kind(file, name)
            file.flush()
            os.fsync(file.fileno())
        _place(temporary, organisation_id, sha256)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Stored(sha256, size, media_type)


def keep(organisation_id: UUID, data: bytes, media_type: str) -> Stored:
    """Put bytes into the store that somebody else has checked: a document that was imported."""
    root = Path(settings.EVIDENCE_ROOT) / str(organisation_id)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(prefix=".incoming-", dir=root)
    sha256 = hashlib.sha256(data).digest()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _place(temporary, organisation_id, sha256)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Stored(sha256, len(data), media_type)


def _place(temporary: str, organisation_id: UUID, sha256: bytes) -> None:
    target = path_of(organisation_id, sha256)
    target.parent.mkdir(exist_ok=True, mode=0o700)
    os.replace(temporary, target)
    _sync(target.parent)


def path_of(organisation_id: UUID, sha256: bytes) -> Path:
    digest = bytes(sha256).hex()
    return Path(settings.EVIDENCE_ROOT) / str(organisation_id) / digest[:2] / digest


def open_verified(organisation_id: UUID, sha256: bytes) -> IO[bytes]:
    """The stored bytes, after checking that they still have their hash.

    Raises FileDamaged where they don't or are gone.
    """
    try:
        file = path_of(organisation_id, sha256).open("rb")
    except FileNotFoundError as error:
        raise FileDamaged(bytes(sha256).hex()) from error
    if hashlib.file_digest(file, "sha256").digest() != bytes(sha256):
        file.close()
        raise FileDamaged(bytes(sha256).hex())
    file.seek(0)
    return file


def _copy(chunks: Iterable[bytes], file: IO[bytes], name: str) -> tuple[bytes, int]:
    most, size, digest = settings.EVIDENCE_MAX_BYTES, 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise FileTooLarge(name=name, most=most // (1024 * 1024))
        digest.update(chunk)
        file.write(chunk)
    if not size:
        raise FileEmpty(name=name)
    return digest.digest(), size


def _kind(file: IO[bytes], name: str) -> str:
    """What the content is, if its name says the same. Raises FileTypeRefused."""
    file.seek(0)
    head = file.read(CHUNK)
    media_type = next((kind for magic, kind in MAGIC if head.startswith(magic)), "")
    if media_type == "application/zip":
        media_type = _archive(file)
    elif not media_type and _is_text(file, head):
        media_type = "text/plain"
    if Path(name).suffix.lower() not in ENDINGS.get(media_type, ()):
        raise FileTypeRefused(name=name)
    return media_type


def _archive(file: IO[bytes]) -> str:
    """An office document, or a plain archive; "" for one that is broken or carries macros."""
    if _directory_size(file) > LARGEST_DIRECTORY:
        return ""
    try:
        names = zipfile.ZipFile(file).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return ""
    office = next((kind for member, kind in OFFICE.items() if member in names), "")
    if office and any(name.endswith("vbaProject.bin") for name in names):
        return ""
    return office or "application/zip"


def _directory_size(file: IO[bytes]) -> int:
    """How long the archive's list of members says it is, before anybody reads it into memory."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - CHUNK - 22))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[place + 12 : place + 16], "little") if place >= 0 else 0


def _is_text(file: IO[bytes], head: bytes) -> bool:
    """UTF-8, UTF-16 with its mark, or GB18030, without controls; and no markup or script."""
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if marked else ["utf-8", "gb18030"]
    file.seek(0)
    content = file.read()
    for encoding in encodings:
        try:
            text = content.decode(encoding).lstrip("\ufeff")
        except UnicodeDecodeError:
            continue
        return not CONTROLS.search(text) and not MARKUP.match(text)
    return False


def _sync(directory: Path) -> None:
    """The new name, too, survives a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
