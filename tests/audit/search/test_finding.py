"""Full-text search over entries: what is found, what isn't, in which order, what is erased."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audit.models import Opening
from audit.search import finding, follower, listing
from audit.search.listing import Wanted
from audit.search.models import SearchAgain, SearchBlock, Searched
from audit.search.pieces import read
from tests.audit.search.conftest import Room
from tests.factories import make_organisation
from workflows.actions import tasks


def test_two_characters_of_a_comment_are_enough(room: Room) -> None:
    said = room.say("请各单位补充佐证材料后再报")
    room.follow()
    for words in ("佐证", "证", "补充佐证材料", "佐证 单位"):
        assert room.found(words)[0] == said
    assert room.found("证佐") == []
    assert room.found("佐证 缺席") == []


def test_what_was_not_read_yet_is_found_after_the_next_round(room: Room) -> None:
    said = room.say("补充说明")
    assert room.found("补充说明") == []
    assert room.follow() == 1
    assert room.found("补充说明") == [said]


SIGNS = [
    "100%",
    "50_a",
    "C:\\数据",
    "%",
    "_",
    "\\",
    "'); DROP TABLE",
    '{"x"}',
    "，",
    "２０２６",
    "ABC号",
]


def test_signs_mean_themselves(room: Room) -> None:
    said = room.say('完成100% 见50_A与C:\\数据，\'); DROP TABLE {"x"} 2026 abc号')
    room.say("完成1000 见50xa与C:数据")
    room.follow()
    for words in SIGNS:
        assert room.found(words, kind="task.noted") == [said], words


def test_people_titles_and_kinds_are_words_too(room: Room) -> None:
    assert "task.accepted" in room.find("Lu Wendi")
    assert "task.created" in room.find("Training of officials")
    assert room.find("签收", person=room.world.handler.subject) == ["task.accepted"]
    assert room.find("task accepted") == ["task.accepted"]


def test_the_text_of_a_measure_is_found_where_its_task_was_made(room: Room) -> None:
    measure = room.world.measure
    with room.speaking_as("owner"):
        type(measure).objects.filter(pk=measure.pk).update(text="扎实推进基层宣传阵地建设")
        follower.start_over(room.organisation.pk)
    room.follow()
    assert room.find("宣传阵地") == ["task.created"]


def test_filters_and_words_go_together(room: Room) -> None:
    who = room.world.handler
    said = room.say("同意办结")
    room.follow()
    organisation, task = room.organisation.pk, room.task
    assert room.found("同意", subject=task.subject) == [said]
    assert room.found("同意", kind="task.noted", person="operator") == [said]
    assert room.found("同意", person=who.subject) == []
    assert room.found("同意", last=(said.at - timedelta(days=1)).date()) == []
    assert {one.actor for one in room.found(person=who.subject)} == {who.subject}
    plan = room.found(subject=room.world.plan.subject)
    assert said in plan, "a plan's tasks belong to it"
    accepted = room.found(kind="task.accepted")[0]
    unit = read(organisation, [accepted])[0].body["capacity"]["unit"]
    assert accepted in room.found(unit=unit)
    assert said not in room.found(unit=unit)


def test_nothing_of_another_organisation_is_found(room: Room) -> None:
    room.say("只有本区知道")
    room.follow()
    foreign = make_organisation()
    assert listing.entries(foreign.pk, Wanted(words="本区知道")).entries == []


def test_an_erased_text_is_gone_with_the_erasure_and_the_entry_is_found_without_it(
    room: Room,
) -> None:
    said = room.say("涉及个人隐私", number=77123)
    room.follow()
    assert room.found("隐私") == [said]
    room.erase("涉及个人隐私")
    assert not Searched.objects.filter(text__contains="隐私").exists()
    assert room.found("隐私") == []
    room.follow()
    assert room.found("77123") == [said]
    assert not SearchAgain.objects.exists()


def test_an_erased_name_is_gone_from_everything_that_the_person_did(room: Room) -> None:
    assert room.found("Lu Wendi")
    room.erase("Lu Wendi")
    assert not Searched.objects.filter(text__contains="lu wendi").exists()
    room.follow()
    assert room.found("Lu Wendi") == []
    assert "task.accepted" in room.find(person=room.world.handler.subject)


def test_an_erasure_waits_for_the_follower_that_is_reading_the_words(room: Room) -> None:
    """Else the follower would write down a moment later what had just been erased."""
    room.say("正在抹去")
    with room.speaking_as("worker"), transaction.atomic():
        follower._alone()
        waiting = Opening.objects.filter(content="正在抹去".encode())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
                " AND mode = 'ExclusiveLock' AND granted",
                [follower.LOCK],
            )
            assert cursor.fetchone()[0] == 1
            cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'audit_forget_words'")
            assert f"pg_advisory_xact_lock({follower.LOCK})" in cursor.fetchone()[0]
        assert waiting.exists()


def test_older_hits_follow_without_gap_or_repetition(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    said = [room.say(f"第{number}次催办").pk for number in range(10)]
    room.follow()
    seen, before = [], ""
    while True:
        page = listing.entries(room.organisation.pk, Wanted(words="催办"), before)
        seen += [one.pk for one in page.entries]
        if not (before := page.older):
            break
    assert seen == said[::-1]


def test_blocks_are_read_from_the_newest_back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "BLOCK", 4)
    monkeypatch.setattr(follower, "BLOCK", 4)
    with room.speaking_as("worker"):
        follower.start_over(room.organisation.pk)
    said = [room.say(f"第{number}次催办").pk for number in range(10)]
    room.follow()
    assert SearchBlock.objects.count() > 3
    hits = finding.hits(room.organisation.pk, Wanted(words="催办").asked, below=None, limit=50)
    assert [hit.entry for hit in hits] == said[::-1]
    indexes = [hit.index for hit in hits]
    assert indexes == sorted(indexes, reverse=True)
    older = finding.hits(
        room.organisation.pk, Wanted(words="催办").asked, below=indexes[4], limit=50
    )
    assert older == hits[5:]


def test_every_entry_is_read_exactly_once_and_anew_when_asked(room: Room) -> None:
    assert room.follow() == 0
    before = set(Searched.objects.values_list("entry_id", "leaf_index", "text"))
    with room.speaking_as("worker"):
        follower.start_over(room.organisation.pk)
    assert room.found("签收") == []
    assert room.follow() == len(before)
    assert set(Searched.objects.values_list("entry_id", "leaf_index", "text")) == before


def test_a_failure_in_the_middle_of_a_batch_leaves_nothing_half_read(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = room.say("断电之前")

    def fails(*given: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(follower, "_mark", fails)
        with pytest.raises(RuntimeError):
            room.follow()
    assert room.found("断电之前") == []
    room.follow()
    assert room.found("断电之前") == [said]


def test_a_reason_of_an_action_is_found(room: Room) -> None:
    tasks.cancel(
        task_id=room.task.pk,
        actor=room.world.coordinator,
        at=timezone.now(),
        reason="并入另一方案办理",
    )
    room.follow()
    assert room.find("另一方案") == ["task.cancelled"]
