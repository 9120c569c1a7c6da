"""The search on the auditor's page, saved searches, and lists that are taken away."""

import csv
import io
import json
import zipfile
from unittest.mock import ANY

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from python_calamine import CalamineWorkbook

from audit.cells import ACTIVE
from audit.models import Entry
from audit.search import lists, saving
from audit.search.models import SavedFilter
from directory.models import Post
from tests.audit.search.conftest import Room
from tests.factories import make_holder


def kinds(answer: object) -> list[str]:
    return [row.entry.kind for row in answer.context["rows"]]  # type: ignore[attr-defined]


def test_what_was_found_reads_as_a_sentence_with_its_words_marked(
    room: Room, auditor: Client
) -> None:
    room.say("请<b>补充</b>佐证材料")
    room.follow()
    page = auditor.get("/audit/", {"q": "佐证 <b>"}).content.decode()
    assert "<mark>佐证</mark>材料" in page
    assert "<mark>&lt;b&gt;</mark>补充&lt;/b&gt;" in page
    assert "with the words “佐证 &lt;b&gt;”" in page
    page = auditor.get("/audit/", {"q": "lu wendi", "kind": "task.accepted"}).content.decode()
    assert "<mark>Lu</mark> <mark>Wendi</mark> accepted the task" in page


@pytest.mark.parametrize(
    "query",
    [
        {"q": "字" * 5000},
        {"q": "  \t　 "},
        {"q": "\x00"},
        {"q": "\ud800".encode("utf-8", "surrogatepass")},
        {"q": "%' OR 1=1 --"},
        {"first": "2026-13-45"},
        {"first": "0001-01-01"},
        {"last": "9999-12-31"},
        {"first": "2026-11-20", "last": "2026-11-10"},
        {"kind": "no.kind", "unit": "nonsense", "evidence": "none"},
        {"person": "x" * 300},
        {"person": "person:x", "subject": "task:"},
        {"subject": "plan:nonsense", "unit": "unit:"},
        {"subject": "\x00", "before": "-1"},
        {"q": "签收", "before": "99999999999999999999"},
        {"q": "签收", "before": "①"},
        {"before": "2026-11-20_" + "0" * 32},
    ],
)
def test_whatever_is_typed_a_page_comes_back(
    room: Room, auditor: Client, query: dict[str, str]
) -> None:
    assert auditor.get("/audit/", query).status_code == 200


def test_a_search_is_saved_used_renamed_and_deleted(room: Room, auditor: Client) -> None:
    asked = {"kind": "task.accepted", "q": "Lu Wendi"}
    answer = auditor.post("/audit/searches/", {**asked, "name": "Receipts"}, follow=True)
    assert kinds(answer) == ["task.accepted"]
    saved = SavedFilter.objects.get()
    assert saved.asked == asked
    page = auditor.get("/audit/").content.decode()
    assert "?q=Lu+Wendi&amp;kind=task.accepted" in page
    auditor.post(f"/audit/searches/{saved.pk}/", {"name": "签收", "is_shared": "on"})
    saved.refresh_from_db()
    assert (saved.name, saved.is_shared) == ("签收", True)
    auditor.post(f"/audit/searches/{saved.pk}/", {"delete": "1"})
    assert not SavedFilter.objects.exists()


def test_a_saved_search_is_ones_own_unless_it_is_shared(room: Room, auditor: Client) -> None:
    other = make_holder(room.world.office, Post.Role.AUDITOR, "Pan Yi")
    for name, is_shared in (("Mine", False), ("Ours", True)):
        saving.save_search(
            organisation=room.organisation.pk,
            name=name,
            asked={"q": name},
            is_shared=is_shared,
            actor=other,
            at=timezone.now(),
        )
    page = auditor.get("/audit/").content.decode()
    assert "Ours" in page
    assert "Mine" not in page
    ours = SavedFilter.objects.get(name="Ours")
    assert auditor.post(f"/audit/searches/{ours.pk}/", {"delete": "1"}).status_code == 404
    assert SavedFilter.objects.count() == 2


def test_a_name_is_there_once_not_empty_and_not_too_long(room: Room, auditor: Client) -> None:
    for name, status in (("A", 302), ("A", 409), ("", 422), ("x" * 61, 422), ("\x00", 422)):
        answer = auditor.post("/audit/searches/", {"q": "签收", "name": name})
        assert answer.status_code == status, name
    assert auditor.post("/audit/searches/", {"first": "x", "name": "B"}).status_code == 422
    assert SavedFilter.objects.count() == 1


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x"]


def take(auditor: Client, format: str, **asked: str) -> bytes:
    answer = auditor.post("/audit/list/", {**asked, "format": format})
    assert answer.status_code == 200
    assert answer["Content-Disposition"].endswith(f'.{format}"')
    content: bytes = answer.getvalue()
    return content


def test_no_cell_of_a_list_acts_as_a_formula(room: Room, auditor: Client) -> None:
    """A title stands at the very beginning of a cell."""
    for formula in FORMULAS:
        with room.speaking_as("owner"):
            type(room.task).objects.filter(pk=room.task.pk).update(title=formula)
        for line in csv.reader(
            io.StringIO(take(auditor, "csv", kind="task.accepted").decode("utf-8-sig"))
        ):
            assert not [cell for cell in line if cell.startswith(ACTIVE)]
        book = take(auditor, "xlsx", kind="task.accepted")
        with zipfile.ZipFile(io.BytesIO(book)) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        row = (CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python())[
            -1
        ]
        assert str(row[4]).startswith("'")


def test_a_list_says_what_it_is_and_holds_every_script(room: Room, auditor: Client) -> None:
    said = "督办𠀀 “引号”, 逗号\n第二行 café"
    entry = room.say(said)
    room.follow()
    lines = list(
        csv.reader(io.StringIO(take(auditor, "csv", q="督办𠀀").decode("utf-8-sig"), newline=""))
    )
    about = {line[0]: line[1] for line in lines[1:6]}
    assert about["Asked for"] == "with the words “督办𠀀”"
    assert about["Entries"] == "1"
    assert about["Exported by"] == room.world.auditor.name
    assert "Newest checkpoint" in about
    assert said in lines[-1][8]
    assert lines[-1][9] == bytes(entry.entry_hash).hex()
    rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(take(auditor, "xlsx", q="督办𠀀")))
        .get_sheet_by_index(0)
        .to_python()
    )
    assert said in str(rows[-1][8])


def test_ndjson_holds_the_bodies_byte_for_byte(room: Room, auditor: Client) -> None:
    room.say("逐字节")
    room.follow()
    about, *bodies = take(auditor, "ndjson").splitlines()
    assert json.loads(about)["list"]["entries"] == len(bodies)
    kept = Entry.objects.filter(searched__isnull=False).order_by("-leaf__leaf_index")
    assert bodies == [bytes(body) for body in kept.values_list("body", flat=True)]


def test_that_a_list_was_taken_is_recorded_and_its_words_can_be_erased(
    room: Room, auditor: Client
) -> None:
    take(auditor, "csv", q="Lu Wendi", kind="task.accepted")
    entry = Entry.objects.get(kind="ledger.listed")
    assert entry.subject == entry.actor == room.world.auditor.subject
    facts = json.loads(bytes(entry.body))["facts"]
    assert facts["asked"]["words"] == {"commitment": ANY}
    assert (facts["asked"]["kind"], facts["format"], facts["entries"]) == (
        "task.accepted",
        "csv",
        1,
    )
    assert b"Wendi" not in bytes(entry.body)
    room.follow()
    assert entry in room.found("Lu Wendi")


def test_too_many_entries_are_refused_with_a_sentence_and_nothing_is_recorded(
    room: Room, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "LISTED_WHILE_WAITING", 3)
    answer = auditor.post("/audit/list/", {"format": "csv"})
    assert answer.status_code == 409
    assert "manage.py export_list" in answer.content.decode()
    assert not Entry.objects.filter(kind="ledger.listed").exists()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"format": "pdf"}, 422),
        ({}, 422),
        ({"format": "csv", "q": "没有这样的话"}, 404),
        ({"format": "csv", "first": "gestern"}, 422),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(
    room: Room, auditor: Client, sent: dict[str, str], status: int
) -> None:
    assert auditor.post("/audit/list/", sent).status_code == status
    assert not Entry.objects.filter(kind="ledger.listed").exists()


def test_the_command_writes_lists_of_any_length(
    room: Room, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "BATCH", 3)
    path = f"{tmp_path}/all.ndjson"
    call_command("export_list", path)
    with open(path, "rb") as file:
        assert len(file.readlines()) == Entry.objects.filter(searched__isnull=False).count() + 1
    [entry] = Entry.objects.filter(kind="ledger.listed")
    assert entry.actor == "operator"


def test_the_command_makes_the_search_anew(room: Room) -> None:
    before = room.find("签收")
    with room.speaking_as("worker"):
        call_command("rebuild_search")
    assert room.find("签收") == before != []
