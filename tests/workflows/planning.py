"""A district that plans: who drafts, who approves, who receives, and a document with questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from approvals import actions as approvals
from approvals.actions import StageSpec
from approvals.models import WorkItem
from approvals.queries import seen_digest
from audit.models import Entry
from directory.actions import OPERATOR
from directory.models import Organisation, Person, Unit, UnitGroup
from tests.factories import NOW, make_group, make_holder, make_organisation, make_unit
from workflows.actions import import_review, imports, plan_texts, plans
from workflows.actions.plan_texts import PlanText
from workflows.answering import Given
from workflows.models import Addressee, Plan, PlanImport
from workflows.queries.imports import draft_of, proposal_of

TEXT = """\
本高发〔2026〕7号

关于护航校园周边交通安全的实施方案

党群工作部、组织人事部、高教办：

一、工作任务
1.设置护学岗。在校门口设置护学岗，上下学时段有人值守。（责任单位：组织人事部、高教办；完成时限：2026年12月底前）
2.施划标线。补齐斑马线和减速带，完善夜间照明。（责任单位：卫管处）
3.开展宣传。进社区、进家庭讲解安全知识。（责任单位：各街道）

2026年11月2日
"""


@dataclass(frozen=True)
class District:
    organisation: Organisation
    party: Unit
    personnel: Unit
    education: Unit
    office: Unit
    streets: list[Unit]
    group: UnitGroup
    coordinator: Person
    colleague: Person
    principal: Person
    issuer: Person
    handler: Person
    stranger: Person
    auditor: Person


def make_district() -> District:
    organisation = make_organisation()
    party, personnel, education, office = (
        make_unit(organisation, name)
        for name in ("党群工作部", "组织人事部", "高教办", "综合办公室")
    )
    streets = [make_unit(organisation, name) for name in ("新城街道", "云桥街道")]
    district = District(
        organisation=organisation,
        party=party,
        personnel=personnel,
        education=education,
        office=office,
        streets=streets,
        group=make_group(organisation, "各街道", streets),
        coordinator=make_holder(party, "coordinator"),
        colleague=make_holder(party, "coordinator"),
        principal=make_holder(party, "principal"),
        issuer=make_holder(office, "principal"),
        handler=make_holder(personnel, "handler"),
        stranger=make_holder(education, "reviewer"),
        auditor=make_holder(office, "auditor"),
    )
    approvals.publish_route(
        organisation=organisation,
        name="Issuing",
        subject_kind="plan_issue",
        stages=[
            StageSpec("Unit", [{"select": "post_of_coordinating", "role": "principal"}]),
            StageSpec("Office", [{"select": "post", "unit": office.pk, "role": "principal"}]),
        ],
        actor=OPERATOR,
        at=NOW,
    )
    return district


def publish_countersigning(district: District) -> None:
    """From now on the principals of the units concerned sign a plan before its approval."""
    for unit in (district.personnel, district.education):
        make_holder(unit, "principal")
    posts = [
        {"select": "post", "unit": unit.pk, "role": "principal"}
        for unit in (district.personnel, district.education)
    ]
    approvals.publish_route(
        organisation=district.organisation,
        name="Countersigning",
        subject_kind="plan_countersign",
        stages=[StageSpec("Units", posts, rule="all")],
        actor=OPERATOR,
        at=NOW,
    )


def upload(district: District, text: str = TEXT, *, actor: Person | None = None) -> PlanImport:
    return imports.upload_document(text=text, actor=actor or district.coordinator, at=NOW)


def answer(
    district: District,
    found: PlanImport,
    code: str,
    given: Given | None,
    *,
    actor: Person | None = None,
    revision: int | None = None,
) -> PlanImport:
    """Answer the import's question of this kind."""
    question = next(one for one in proposal_of(found).questions if one.code == code)
    return import_review.answer(
        import_id=found.pk,
        revision=found.revision if revision is None else revision,
        question_id=question.id,
        given=given,
        actor=actor or district.coordinator,
        at=NOW,
    )


def answer_all(district: District, found: PlanImport) -> PlanImport:
    """Unknown units are the office, groups have a task each, the rest is as proposed."""
    given = {
        "unknown_unit": Given("other", unit=str(district.office.pk)),
        "group": Given("each"),
        "no_lead_among_several": Given("lead:0"),
    }
    while asked := draft_of(found).open:
        found = answer(district, found, asked[0].code, given.get(asked[0].code, Given("accept")))
    return found


def confirm(district: District, found: PlanImport, *, actor: Person | None = None) -> Plan:
    return imports.confirm_import(
        import_id=found.pk, revision=found.revision, actor=actor or district.coordinator, at=NOW
    )


def make_draft(district: District) -> Plan:
    return confirm(district, answer_all(district, upload(district)))


def put_forward(district: District, plan: Plan) -> Plan:
    return plans.submit_for_issue(
        plan_id=plan.pk, revision=plan.revision, actor=district.coordinator, at=NOW
    )


def signers(plan: Plan) -> list[Person]:
    """Who is asked about the plan now."""
    items = WorkItem.objects.filter(approval__subject_id=plan.pk, state="open")
    return [item.post.appointments.get().person for item in items.order_by("position")]


def decide(plan: Plan, person: Person, decision: str = "approve", comment: str = "") -> None:
    """The person signs off whichever of their seats is open."""
    decide_on(plan.pk, person, decision, comment)


def decide_on(subject: UUID, person: Person, decision: str = "approve", comment: str = "") -> None:
    item = WorkItem.objects.get(
        approval__subject_id=subject, state="open", post__appointments__person=person
    )
    approvals.decide(
        work_item_id=item.pk,
        actor=person,
        decision=decision,
        comment=comment,
        seen_digest=seen_digest(item),
        idempotency_key=uuid4(),
        at=NOW,
    )


def make_approved(district: District) -> Plan:
    plan = put_forward(district, make_draft(district))
    for person in (district.principal, district.issuer):
        decide(plan, person)
    return plan


def make_issued(district: District) -> Plan:
    return plans.issue(plan_id=make_approved(district).pk, actor=district.coordinator, at=NOW)


def kinds(plan: Plan) -> Sequence[str]:
    """The kinds of the plan's ledger entries, in order."""
    entries = Entry.objects.filter(subject=plan.subject).order_by("subject_seq")
    return list(entries.values_list("kind", flat=True))


def revise(district: District, plan: Plan, text: PlanText, revision: int | None = None) -> Plan:
    return plan_texts.revise_plan(
        plan_id=plan.pk,
        revision=plan.revision if revision is None else revision,
        text=text,
        actor=district.coordinator,
        at=NOW,
    )


def receive_everywhere(plan: Plan) -> None:
    for addressee in Addressee.objects.filter(plan=plan):
        handler = make_holder(addressee.unit, "handler")
        plans.receive_plan(plan_id=plan.pk, actor=handler, at=NOW, unit_id=addressee.unit_id)
