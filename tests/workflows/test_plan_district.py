"""The real district plan and the demo's own, from document to tasks and a ledger that verifies."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.verification import verify
from demo import people, routes
from directory.models import Organisation
from tests.factories import NOW
from tests.workflows.planning import decide, kinds, make_district, receive_everywhere
from workflows import flows
from workflows.actions import import_review, imports, plans
from workflows.answering import Given
from workflows.models import Plan, PlanImport, Task
from workflows.queries.imports import draft_of

HERE = Path(__file__).parents[2]
REAL = HERE.parent / "shared" / "corpus" / "01-benxi-minzu-tuanjie.txt"
DEMO = HERE / "demo" / "plan.txt"
IN_2026 = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)

real_plan = pytest.mark.skipif(not REAL.exists(), reason="../shared with the corpus is absent")


def drafted(organisation: Organisation, document: Path) -> Plan:
    """Uploaded by the demo's coordinator, every proposal accepted, the office overseeing."""
    coordinator = people.person("taojingxing")
    office = organisation.units.get(name=routes.ISSUING_OFFICE)
    found = imports.upload_document(
        filename=document.name, data=document.read_bytes(), actor=coordinator, at=NOW
    )
    whose: dict[str, Any] = {"import_id": found.pk, "actor": coordinator, "at": NOW}
    found = import_review.accept_proposals(revision=found.revision, **whose)
    found = import_review.edit_document(
        revision=found.revision, fields={"overseer": str(office.pk)}, **whose
    )
    while still := draft_of(found).open:
        given = Given("each", group=str(group_for(organisation, still[0].params["text"])))
        found = import_review.answer(
            revision=found.revision, question_id=still[0].id, given=given, **whose
        )
    return imports.confirm_import(revision=found.revision, **whose)


def group_for(organisation: Organisation, text: str) -> object:
    assert text.startswith(("各", "区直")), text
    return organisation.groups.get(name="各街道" if "街道" in text else "区直各部门").pk


@pytest.mark.parametrize(
    "document", [pytest.param(REAL, marks=real_plan, id="real"), pytest.param(DEMO, id="demo")]
)
def test_the_district_plan_goes_from_its_document_to_tasks(empty_db: None, document: Path) -> None:
    organisation = people.load(IN_2026, str)
    routes.publish(organisation, IN_2026)

    plan = drafted(organisation, document)
    assert (plan.number, plan.measures.count()) == ("本高党政办发〔2021〕35号", 15)
    coordinator = people.person("taojingxing")
    plans.submit_for_issue(plan_id=plan.pk, revision=plan.revision, actor=coordinator, at=NOW)
    for signer in ("luomuyun", "wenyining", "qinyu", "shenruochuan", "fangyanqiu"):
        decide(plan, people.person(signer))
    plans.issue(plan_id=plan.pk, actor=coordinator, at=NOW)
    receive_everywhere(plan)
    plans.advance_plans(at=NOW)

    joint = Task.objects.filter(plan=plan, made_for=None)
    assert joint.count() == 13
    assert (
        Task.objects.filter(plan=plan).exclude(made_for=None).values("measure").distinct().count()
        == 2
    )
    assert flows.where(plan) == "in_force"
    assert kinds(plan)[-1] == "plan.in_force"
    assert verify(organisation.pk).first_bad is None


# manage.py import_plan


@pytest.mark.django_db
@real_plan
def test_a_dry_run_prints_the_proposal_for_scoring() -> None:
    out = StringIO()

    call_command("import_plan", REAL, "--dry-run", "--json", stdout=out)

    proposal = json.loads(out.getvalue())
    assert proposal["doc_number"] == "本高党政办发〔2021〕35号"
    assert len(proposal["measures"]) == 15


@pytest.mark.django_db
def test_a_plan_is_stored_in_a_coordinators_name(tmp_path: Path) -> None:
    district = make_district()
    file = tmp_path / "plan.txt"
    file.write_text(
        "关于设置护学岗的方案\n\n1.设置护学岗。校门口有人值守。（责任单位：组织人事部）\n"
    )
    out = StringIO()

    call_command("import_plan", file, "--as", district.coordinator.username, stdout=out)

    plan = Plan.objects.get(organisation=district.organisation)
    assert out.getvalue().strip().endswith(f"/plans/{plan.pk}/")


@pytest.mark.django_db
def test_a_plan_with_questions_waits_on_the_review_screen(tmp_path: Path) -> None:
    district = make_district()
    file = tmp_path / "plan.txt"
    file.write_text("关于设置护学岗的方案\n\n1.设置护学岗。校门口有人值守。（责任单位：护学办）\n")
    out = StringIO()

    call_command("import_plan", file, "--as", district.coordinator.username, stdout=out)

    found = PlanImport.objects.get(organisation=district.organisation)
    assert f"/imports/{found.pk}/" in out.getvalue()
    assert not Plan.objects.filter(organisation=district.organisation).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--as", "nobody-of-that-name"], "nobody-of-that-name"),
        ([], "--as"),
        (["--dry-run", "--organisation", "nowhere"], "nowhere"),
    ],
)
def test_the_command_says_what_is_missing(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("import_plan", DEMO, *arguments)


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.txt"):
        call_command("import_plan", tmp_path / "missing.txt", "--dry-run")
