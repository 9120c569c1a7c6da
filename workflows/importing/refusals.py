"""Why a file cannot be read at all: one fact each, worded by the caller."""

from __future__ import annotations

from typing import Any

#: code → English sentence; the interface translates it, with the parameters in braces.
REFUSALS: dict[str, str] = {
    "empty": "The file is empty.",
    "binary": "The file is not a text document.",
    "too_large": "The file has {size} bytes; at most {limit} bytes can be imported.",
    "unsupported_pdf": "PDF files and scans cannot be imported yet: save the document as .docx.",
    "legacy_word": "Old Word and WPS files cannot be read: open the file and save it as .docx.",
    "unsupported_type": "Files of type {suffix} cannot be imported: use .docx, .html or .txt.",
    "encrypted": "The file is protected by a password: remove the password and try again.",
    "archive_bomb": "The file unpacks to far more than a document holds, so it was not opened.",
    "path_traversal": "The file contains a member with an unsafe name: {member}.",
    "dtd": "The file contains a document type definition or external entity, which is not allowed.",
    "malformed_docx": "The file is damaged or is not a Word document.",
    "malformed_html": "The page is damaged or nested too deeply to be read.",
    "encoding": "The text is neither UTF-8, UTF-16 nor GB18030.",
    "too_complex": "Reading the file took more time or memory than a document needs.",
}


class Refused(Exception):
    """The document was refused; nothing of it was imported."""

    def __init__(self, code: str, **params: Any) -> None:
        if code not in REFUSALS:
            raise ValueError(f"unknown refusal code {code!r}")
        super().__init__(REFUSALS[code].format_map(params) if params else REFUSALS[code])
        self.code = code
        self.params: dict[str, Any] = params

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "params": self.params}

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (self.code, self.params))


def _restore(code: str, params: dict[str, Any]) -> Refused:
    return Refused(code, **params)
