"""The demo's approval routes, one for each kind of subject."""

from datetime import datetime

from approvals.actions import StageSpec, publish_route
from directory.actions import OPERATOR
from directory.models import Organisation, Unit

ISSUING_OFFICE = "党政综合办公室"
STAFFING_UNIT = "组织人事部"
LEADING_ORGANS = ("党工委", "管委会")


def completion() -> list[StageSpec]:
    """A task's report: its unit first, then its partners, then the office that reviews."""
    return [
        StageSpec("分管负责人审核", [{"select": "post_of_lead", "role": "deputy"}]),
        StageSpec(
            "主要负责人签批",
            [{"select": "post_of_lead", "role": "principal"}],
            may=["transfer", "consult"],
        ),
        StageSpec(
            "配合单位会签",
            [{"select": "post_of_each_cooperating", "role": "principal"}],
            rule="all",
        ),
        StageSpec(
            "督办审核",
            [{"select": "post_of_reviewing", "role": "reviewer"}],
            may=["add_signer", "transfer", "consult"],
        ),
    ]


def issuing(organisation: Organisation) -> list[StageSpec]:
    """A plan's issuing: who coordinates it, who issues it, and both leading organs."""
    named = {unit.name: unit.pk for unit in Unit.objects.filter(organisation=organisation)}
    return [
        StageSpec("统筹单位审核", [{"select": "post_of_coordinating", "role": "principal"}]),
        StageSpec(
            "印发单位审核", [{"select": "post", "unit": named[ISSUING_OFFICE], "role": "principal"}]
        ),
        StageSpec(
            "党工委、管委会审定",
            [{"select": "post", "unit": named[one], "role": "principal"} for one in LEADING_ORGANS],
            rule="all",
        ),
    ]


def countersigning(organisation: Organisation) -> list[StageSpec]:
    """A plan before its approval: the unit that staffs whatever is planned."""
    staffing = Unit.objects.get(organisation=organisation, name=STAFFING_UNIT)
    return [
        StageSpec(
            "有关单位会签",
            [{"select": "post", "unit": staffing.pk, "role": "principal"}],
            rule="all",
        ),
    ]


def publication(organisation: Organisation) -> list[StageSpec]:
    """A route's next version: the office that reviews, then both leading organs."""
    named = {unit.name: unit.pk for unit in Unit.objects.filter(organisation=organisation)}
    return [
        StageSpec(
            "督办审核", [{"select": "post", "unit": named[ISSUING_OFFICE], "role": "reviewer"}]
        ),
        StageSpec(
            "党工委、管委会审定",
            [{"select": "post", "unit": named[one], "role": "principal"} for one in LEADING_ORGANS],
        ),
    ]


def extension() -> list[StageSpec]:
    """Another deadline: the unit's principal stands by it, the office that reviews decides."""
    return [
        StageSpec("主要负责人审核", [{"select": "post_of_lead", "role": "principal"}]),
        StageSpec(
            "督办审核",
            [{"select": "post_of_reviewing", "role": "reviewer"}],
            may=["transfer", "consult"],
        ),
    ]


def reopening() -> list[StageSpec]:
    """Another round: the office that reviews, then its principal."""
    return [
        StageSpec("督办审核", [{"select": "post_of_reviewing", "role": "reviewer"}]),
        StageSpec("督办负责人审定", [{"select": "post_of_reviewing", "role": "principal"}]),
    ]


def publish(organisation: Organisation, at: datetime) -> None:
    """Put all of them in force."""
    for name, kind, stages in (
        ("任务办结审批", "task_completion", completion()),
        ("任务延期审批", "task_extension", extension()),
        ("任务重启审批", "task_reopening", reopening()),
        ("方案会签", "plan_countersign", countersigning(organisation)),
        ("方案印发审批", "plan_issue", issuing(organisation)),
        ("方案调整审批", "plan_amendment", issuing(organisation)),
        ("审批流程发布", "route_publication", publication(organisation)),
    ):
        publish_route(
            organisation=organisation,
            name=name,
            subject_kind=kind,
            stages=stages,
            actor=OPERATOR,
            at=at,
        )
