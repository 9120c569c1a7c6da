"""Opening a .docx safely: claims are checked before, contents while unpacking."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import IO
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

import defusedxml.sax
from defusedxml.common import DefusedXmlException

from .refusals import Refused

MAX_MEMBERS = 2_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 100
#: Below this size a high ratio is harmless: empty style parts compress very well.
RATIO_MATTERS_ABOVE = 1024 * 1024


def check(data: bytes) -> None:
    """Raise Refused unless `data` is an archive of harmless size, names and XML."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_claims(archive, len(data))
            _check_content(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise Refused("malformed_docx") from error


def _check_claims(archive: zipfile.ZipFile, packed: int) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise Refused("archive_bomb")
    for member in members:
        if _unsafe(member.filename):
            raise Refused("path_traversal", member=member.filename[:80])
        if member.flag_bits & 0x1:
            raise Refused("encrypted")
    unpacked = sum(member.file_size for member in members)
    ratio_too_high = unpacked > RATIO_MATTERS_ABOVE and unpacked > packed * MAX_RATIO
    if unpacked > MAX_UNPACKED or ratio_too_high:
        raise Refused("archive_bomb")


def _check_content(archive: zipfile.ZipFile) -> None:
    """Parse every XML member; zipfile never yields more bytes than a member claims."""
    names = {member.filename for member in archive.infolist()}
    if not {"[Content_Types].xml", "word/document.xml"} <= names:
        raise Refused("malformed_docx")
    for name in names:
        if name.endswith((".xml", ".rels")):
            with archive.open(name) as stream:
                _check_xml(stream)


def _check_xml(stream: IO[bytes]) -> None:
    try:
        defusedxml.sax.parse(stream, ContentHandler(), forbid_dtd=True)
    except DefusedXmlException as error:
        raise Refused("dtd") from error
    except (SAXParseException, UnicodeDecodeError, LookupError) as error:
        raise Refused("malformed_docx") from error


def _unsafe(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\x00" in name
