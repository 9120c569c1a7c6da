"""A document comes in, its questions are answered, and it becomes a draft plan."""

import copy
import json
from datetime import date
from typing import Any

import pytest

from audit.models import Entry
from directory.models import Unit
from tests.conftest import MakeForFile
from tests.factories import NOW
from tests.racing import outcomes
from tests.workflows.planning import (
    TEXT,
    District,
    answer,
    answer_all,
    confirm,
    kinds,
    make_district,
    make_draft,
    make_issued,
    put_forward,
    upload,
)
from workflows import files, flows
from workflows.actions import import_review, imports, plan_texts
from workflows.actions.authority import NotAllowed
from workflows.answering import Given
from workflows.models import Plan, PlanImport
from workflows.parties import Parties
from workflows.queries.imports import draft_of

database = pytest.mark.django_db


@pytest.fixture(scope="module")
def made_district(make_for_file: MakeForFile) -> District:
    return make_for_file(make_district)


@pytest.fixture
def district(made_district: District, db: None) -> District:
    return copy.deepcopy(made_district)


def edit(
    district: District, found: PlanImport, key: str, parties: Parties | None = None
) -> PlanImport:
    return import_review.edit_measure(
        import_id=found.pk,
        revision=found.revision,
        key=key,
        heading="As typed",
        due_date=date(2026, 12, 24),
        parties=parties,
        actor=district.coordinator,
        at=NOW,
    )


# Coming in


@database
def test_an_upload_keeps_the_document_and_what_was_read_from_it(district: District) -> None:
    found = upload(district)

    assert len(found.proposal["measures"]) == 3
    with files.open_verified(district.organisation.pk, bytes(found.source.sha256)) as kept:
        assert kept.read().decode() == TEXT
    entry = Entry.objects.get(kind="import.uploaded", subject=district.coordinator.subject)
    assert json.loads(bytes(entry.body))["facts"]["import"] == str(found.pk)


@database
@pytest.mark.parametrize("given", [{"text": TEXT}, {"data": TEXT.encode(), "filename": "a.txt"}])
@pytest.mark.usefixtures("guarded")
def test_no_document_is_read_in_our_own_process(
    district: District, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.importing.sandbox.propose", None)
    found = imports.upload_document(**given, actor=district.coordinator, at=NOW)
    assert len(found.proposal["measures"]) == 3


@database
@pytest.mark.parametrize("who", ["handler", "principal", "auditor", "stranger"])
def test_only_a_coordinator_imports(district: District, who: str) -> None:
    with pytest.raises(NotAllowed):
        upload(district, actor=getattr(district, who))

    assert not PlanImport.objects.filter(organisation=district.organisation).exists()


@database
@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "plan.txt", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "plan.txt", "not a text document"),
        (b"%PDF-1.7\n", "plan.pdf", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "plan.doc", "Old Word"),
        (b"PK\x03\x04broken", "plan.docx", "damaged"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_in_a_sentence(
    district: District, data: bytes, name: str, words: str
) -> None:
    with pytest.raises(imports.DocumentRefused) as refusal:
        imports.upload_document(filename=name, data=data, actor=district.coordinator, at=NOW)

    assert words in refusal.value.message
    assert not PlanImport.objects.filter(organisation=district.organisation).exists()


@database
def test_a_regulation_is_no_plan(district: District) -> None:
    articles = "\n".join(f"第{number}条 应当遵守本办法。" for number in "一二三四五六七")

    with pytest.raises(imports.NotAPlan) as refusal:
        upload(district, f"安全管理办法\n\n{articles}\n")

    assert "regulation" in refusal.value.message
    assert not PlanImport.objects.filter(organisation=district.organisation).exists()


@database
def test_the_same_document_is_imported_once(district: District) -> None:
    upload(district)

    with pytest.raises(imports.AlreadyImported) as refusal:
        upload(district, actor=district.colleague)

    assert district.coordinator.name in refusal.value.message


@database
def test_a_discarded_document_may_come_again(district: District) -> None:
    found = upload(district)

    imports.discard_import(
        import_id=found.pk, revision=found.revision, actor=district.colleague, at=NOW
    )

    assert upload(district).pk != found.pk
    assert Entry.objects.filter(
        kind="import.discarded", subject=district.colleague.subject
    ).exists()


# Answering


@database
def test_answers_name_the_units_of_a_measure(district: District) -> None:
    found = answer(
        district, upload(district), "unknown_unit", Given("other", unit=str(district.office.pk))
    )

    measure = draft_of(found).measures[1]
    assert measure.parties.lead == str(district.office.pk)
    assert measure.ready


@database
def test_a_group_has_a_task_for_each_member_or_one_together(district: District) -> None:
    streets = {str(unit.pk) for unit in district.streets}
    found = answer(district, upload(district), "group", Given("each"))
    assert {part.lead for part in draft_of(found).measures[2].parties.tasks()} == streets

    found = answer(district, found, "group", Given("joint", lead=str(district.party.pk)))

    (task,) = draft_of(found).measures[2].parties.tasks()
    assert (task.lead, set(task.cooperating)) == (str(district.party.pk), streets)


@database
def test_an_answer_can_be_taken_back(district: District) -> None:
    found = answer(district, upload(district), "group", Given("each"))
    open_before = len(draft_of(found).open)

    found = answer(district, found, "group", None)

    assert len(draft_of(found).open) == open_before + 1


@database
def test_what_is_proposed_can_be_accepted_at_once(district: District) -> None:
    found = upload(district)

    found = import_review.accept_proposals(
        import_id=found.pk, revision=found.revision, actor=district.coordinator, at=NOW
    )

    draft = draft_of(found)
    assert [question.code for question in draft.open] == ["unknown_unit"]
    assert draft.measures[0].parties.lead == str(district.personnel.pk)
    assert len(draft.measures[2].parties.tasks()) == 2


@database
@pytest.mark.parametrize(
    "given",
    [Given(), Given("other"), Given("other", unit="nonsense"), Given("unit:nonsense")],
)
def test_an_answer_that_does_not_fit_is_not_kept(district: District, given: Given) -> None:
    found = upload(district)

    with pytest.raises(import_review.AnswerUnclear):
        answer(district, found, "unknown_unit", given)

    assert PlanImport.objects.get(pk=found.pk).revision == found.revision


@database
def test_a_unit_of_another_organisation_is_no_answer(district: District) -> None:
    foreign = make_district().office

    with pytest.raises(import_review.AnswerUnclear):
        answer(district, upload(district), "unknown_unit", Given("other", unit=str(foreign.pk)))


@database
def test_nobody_overwrites_what_somebody_else_answered(district: District) -> None:
    found = upload(district)
    answer(district, found, "group", Given("each"))

    with pytest.raises(import_review.AnsweredMeanwhile):
        answer(district, found, "group", Given("drop"), actor=district.colleague, revision=1)

    kept = PlanImport.objects.get(pk=found.pk).answers["questions"]
    assert [one["mode"] for one in kept.values()] == ["each"]


@database
def test_what_is_typed_goes_before_what_was_proposed(district: District) -> None:
    parties = Parties(str(district.party.pk), [str(district.education.pk)])

    measure = draft_of(edit(district, upload(district), "1.2", parties)).measures[1]

    assert (measure.heading, measure.due_date) == ("As typed", "2026-12-24")
    assert measure.parties.lead == str(district.party.pk)
    assert measure.ready


@database
def test_two_measures_are_merged_and_come_apart_again(district: District) -> None:
    found = upload(district)
    keys = [measure.key for measure in draft_of(found).measures]

    found = import_review.merge(
        import_id=found.pk,
        revision=found.revision,
        key=keys[1],
        actor=district.coordinator,
        at=NOW,
    )
    merged = draft_of(found).measures
    assert [measure.keys for measure in merged] == [(keys[0], keys[1]), (keys[2],)]
    assert "设置护学岗" in merged[0].text
    assert "施划标线" in merged[0].text

    found = import_review.unmerge(
        import_id=found.pk,
        revision=found.revision,
        key=keys[1],
        actor=district.coordinator,
        at=NOW,
    )
    assert len(draft_of(found).measures) == 3


@database
def test_a_measure_is_split_at_a_sentence(district: District) -> None:
    found = upload(district)
    measure = draft_of(found).measures[0]
    place = found.proposal["source"].index("在校门口")

    found = import_review.split(
        import_id=found.pk,
        revision=found.revision,
        key=measure.key,
        offsets=[place],
        actor=district.coordinator,
        at=NOW,
    )

    first, second = draft_of(found).measures[:2]
    assert second.text.startswith("在校门口")
    assert first.end == second.start == place
    assert first.keys == second.keys == (measure.key,)


@database
def test_a_measure_is_not_split_within_a_sentence(district: District) -> None:
    found = upload(district)
    measure = draft_of(found).measures[0]

    with pytest.raises(import_review.AnswerUnclear):
        import_review.split(
            import_id=found.pk,
            revision=found.revision,
            key=measure.key,
            offsets=[measure.start + 3],
            actor=district.coordinator,
            at=NOW,
        )


# Confirming


@database
def test_a_confirmed_import_is_a_draft_plan(district: District) -> None:
    plan = make_draft(district)

    measures = list(plan.measures.all())
    assert (plan.number, plan.coordinator) == ("本高发〔2026〕7号", district.party)
    assert [measure.number for measure in measures] == ["1", "2", "3"]
    assert measures[0].due_date == date(2026, 12, 31)
    for measure in measures:
        assert plan.text[measure.span_start : measure.span_end].strip() == measure.text
    assert flows.where(plan) == "draft"
    assert kinds(plan) == ["plan.drafted"]


@database
def test_an_answered_name_is_an_alias_from_then_on(district: District) -> None:
    plan = make_draft(district)

    office = Unit.objects.get(pk=district.office.pk)
    entry = Entry.objects.get(subject=office.subject, kind="unit.changed")
    assert "卫管处" in office.aliases
    assert entry.action == Entry.objects.get(subject=plan.subject).action


@database
def test_an_import_with_open_questions_is_not_confirmed(district: District) -> None:
    found = upload(district)

    with pytest.raises(imports.StillOpen):
        confirm(district, found)

    assert not Plan.objects.filter(organisation=district.organisation).exists()
    assert PlanImport.objects.get(pk=found.pk).state == "open"


@database
def test_a_second_document_with_the_same_number_is_asked_about(district: District) -> None:
    make_draft(district)

    changed = upload(district, TEXT.replace("有人值守", "两人值守"))

    assert "duplicate_document" in {question.code for question in draft_of(changed).open}


@database
def test_a_changed_document_replaces_the_earlier_draft(district: District) -> None:
    earlier = make_draft(district)
    changed = upload(district, TEXT.replace("有人值守", "两人值守"))

    changed = answer(district, changed, "duplicate_document", Given("replace"))
    plan = confirm(district, answer_all(district, changed))

    assert flows.where(Plan.objects.get(pk=earlier.pk)) == "cancelled"
    assert (flows.where(plan), plan.number) == ("draft", earlier.number)
    assert kinds(earlier)[-1] == "plan.cancelled"


@database
def test_a_plan_that_went_on_is_not_replaced(district: District) -> None:
    earlier = make_draft(district)
    changed = upload(district, TEXT.replace("有人值守", "两人值守"))
    changed = answer(district, changed, "duplicate_document", Given("replace"))
    changed = answer_all(district, changed)
    put_forward(district, earlier)

    with pytest.raises(imports.EarlierPlanMoved):
        confirm(district, changed)

    assert flows.where(earlier) == "approve_issuing"


@database
def test_an_issued_plan_keeps_its_number_and_the_other_gets_its_own(district: District) -> None:
    make_issued(district)
    changed = upload(district, TEXT.replace("有人值守", "两人值守"))
    with pytest.raises(import_review.AnswerUnclear):
        answer(district, changed, "duplicate_document", Given("replace"))

    changed = answer(
        district, changed, "duplicate_document", Given("number", number="本高发〔2026〕7号（修订）")
    )

    assert confirm(district, answer_all(district, changed)).number == "本高发〔2026〕7号（修订）"


@database
def test_a_number_that_was_taken_meanwhile_is_refused(district: District) -> None:
    other = answer_all(district, upload(district, TEXT.replace("有人值守", "两人值守")))
    make_draft(district)

    with pytest.raises(plan_texts.NumberTaken):
        confirm(district, other)


@pytest.mark.races
def test_of_two_coordinators_who_confirm_at_once_one_makes_the_plan(committed_db: None) -> None:
    district = make_district()
    found = answer_all(district, upload(district))

    results = outcomes(
        lambda: confirm(district, found),
        lambda: confirm(district, found, actor=district.colleague),
    )

    assert results == ["AlreadyConfirmed", "done"]
    assert Plan.objects.filter(organisation=district.organisation).count() == 1


@pytest.mark.races
def test_of_two_uploads_of_one_document_at_once_one_is_kept(committed_db: None) -> None:
    district = make_district()

    results = outcomes(lambda: upload(district), lambda: upload(district, actor=district.colleague))

    assert results == ["AlreadyImported", "done"]


@database
def test_who_confirms_second_is_told_who_did(district: District) -> None:
    found = answer_all(district, upload(district))
    confirm(district, found, actor=district.colleague)

    with pytest.raises(import_review.AlreadyConfirmed) as refusal:
        confirm(district, found)

    assert district.colleague.name in refusal.value.message


@database
def test_a_coordinator_of_another_unit_does_not_answer(district: District) -> None:
    found = upload(district)

    with pytest.raises(PlanImport.DoesNotExist):
        answer(
            district,
            found,
            "group",
            Given("each"),
            actor=make_district().coordinator,
        )
