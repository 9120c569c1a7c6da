"""Everybody of two organisations going to addresses, and what they find there."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from directory import sheets
from directory.models import Person
from tests.access.table import Row
from tests.access.world import World

WORDS = {
    **dict.fromkeys((200, 204, 302, 303), "may"),
    403: "refused",
    404: "not found",
    405: "no such method",
    409: "conflict",
    422: "not understood",
    500: "broken",
}

ROUTE = b"""{"format": "duban-route/1", "name": "Taken over", "subject_kind": "task_completion",
"stages": [{"name": "One", "approvers": [{"select": "post_of_lead", "role": "principal"}]}]}"""


class Visitors:
    """`here` is the organisation whose things are asked for, `there` another just like it."""

    def __init__(self, here: World, there: World) -> None:
        self.here, self.there = here, there
        self.client = Client(raise_request_exception=False, SERVER_NAME="localhost")
        self.sessions: dict[UUID, Any] = {}
        for world in (here, there):
            for person in world.people.values():
                self.client.force_login(person)
                cookie = self.client.cookies.pop(settings.SESSION_COOKIE_NAME)
                self.sessions[person.pk] = cookie.value

    def go(
        self, person: Person | None, method: str, row: Row, *, unknown: bool = False
    ) -> "Answer":
        """One request with nothing left of the one before; whatever it changed is undone."""
        self.client.cookies.clear()
        if person:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[person.pk]
        args = [self._thing(one) for one in row.at]
        if unknown:
            args[0] = uuid4()
        address = reverse(row.name, args=args) + (f"?{row.query}" if row.query else "")
        sent = {key: self._value(text) for key, text in row.send.items()}
        with nullcontext() if row.own_transaction else undone():
            response = getattr(self.client, method)(address, sent if method == "post" else {})
            return Answer(response, response.getvalue())

    def _thing(self, name: str | int) -> Any:
        if isinstance(name, int):
            return name
        return name[1:] if name.startswith("=") else self.here[name]

    def _value(self, text: str) -> Any:
        if text.startswith("="):
            return text[1:]
        if text == "sheet":
            return SimpleUploadedFile("sheet.xlsx", sheets.write([], english=True))
        if text == "route file":
            return SimpleUploadedFile("route.json", ROUTE)
        return str(self.here[text])


@dataclass(frozen=True)
class Answer:
    response: HttpResponse
    content: bytes

    @property
    def outcome(self) -> str:
        """What somebody found, in a word or two."""
        status, target = self.response.status_code, self.response.headers.get("Location", "")
        if status == 302 and target.startswith(reverse("sign_in") + "?"):
            return "signs in first"
        return WORDS.get(status, str(status))

    @property
    def text(self) -> str:
        """Everything that was said, in headers and inside of archives too."""
        headers = unquote(" ".join(f"{name}: {value}" for name, value in self.response.items()))
        content = self.content
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        return headers + content.decode(errors="replace")


@contextmanager
def undone() -> Iterator[None]:
    """Nothing of this is kept; a durable action may run in it, as in a test."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)
