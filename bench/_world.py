"""One organisation with a route of mixed steps, and as many submitted tasks as a benchmark wants.

Four stages, seven decisions: any one of one; all of three; two of three by vote; any one, after
which the task is reviewed. Three decisions leave their stage open, three open the next one, one
ends the approval.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from approvals import actions as approvals
from approvals.actions import StageSpec
from approvals.models import Approval
from approvals.subjects import Context
from audit.actions import append
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Organisation, Person, Post, Unit
from workflows.models import Measure, Plan, Task
from workflows.subjects import COMPLETION

SEATS = ["A", "B1", "B2", "B3", "C1", "C2", "C3", "D"]
STEPS = ["A", "B1", "B2", "B3", "C1", "C2", "D"]
STAY = {"B1", "B2", "C1"}


@dataclass
class World:
    organisation: Organisation
    unit: Unit
    submitter: Person
    people: dict[str, Person]
    posts: dict[str, Post]
    measure: Measure

    def submitted(self, at: datetime) -> tuple[Task, Approval]:
        """A task whose report is at the first stage."""
        task = Task.objects.create(
            organisation=self.organisation,
            plan=self.measure.plan,
            measure=self.measure,
            made_for=None,
            occurrence=next(_occurrences),
            title="社区宣传阵地建设",
            state=Task.State.SUBMITTED,
            created_at=at,
        )
        with transaction.atomic():
            root = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
            begun = approvals.begin(
                kind=COMPLETION,
                root=root,
                subject_id=task.pk,
                document_id=uuid4(),
                digest=sha256(task.pk.bytes).digest(),
                context=Context(lead_unit=self.unit.pk, submitter=self.submitter.pk),
                actor=self.submitter,
                at=at,
            )
            append(root, kind="task.submitted", actor=self.submitter, at=at, facts=begun.facts)
        return root, begun.approval


_occurrences = iter(range(1, 10_000_000))


def make() -> World:
    at = timezone.now()
    organisation = directory.create_organisation(name=f"Bench {uuid4()}", actor=OPERATOR, at=at)
    unit = directory.create_unit(organisation=organisation, name="统战部", actor=OPERATOR, at=at)

    def person(name: str) -> Person:
        return directory.create_person(
            organisation=organisation,
            username=f"{name}{uuid4().hex[:8]}",
            name=name,
            language="en",
            password=None,
            actor=OPERATOR,
            at=at,
        )

    people: dict[str, Person] = {}
    posts: dict[str, Post] = {}
    units: dict[str, UUID] = {}
    for name in SEATS:
        office = directory.create_unit(
            organisation=organisation, name=f"办公室 {name}", actor=OPERATOR, at=at
        )
        people[name], units[name] = person(name), office.pk
        posts[name] = directory.create_post(
            unit=office, role="principal", title="主要负责人", actor=OPERATOR, at=at
        )
        directory.appoint(
            post=posts[name], person=people[name], starts_at=at, ends_at=None, actor=OPERATOR, at=at
        )
    submitter = person("submitter")
    plan = Plan.objects.create(
        organisation=organisation,
        number="",
        title="Bench",
        coordinator=unit,
        created_by=submitter,
        created_at=at,
    )
    measure = Measure.objects.create(
        organisation=organisation,
        plan=plan,
        position=1,
        number="1",
        heading="社区宣传阵地建设",
        text="社区宣传阵地建设",
        span_start=0,
        span_end=1,
    )

    def asks(*names: str) -> list[dict[str, str]]:
        return [{"select": "post", "unit": str(units[n]), "role": "principal"} for n in names]

    approvals.publish_route(
        organisation=organisation,
        name="Bench",
        subject_kind=COMPLETION,
        stages=[
            StageSpec("Deputy", asks("A")),
            StageSpec("Countersign", asks("B1", "B2", "B3"), rule="all"),
            StageSpec(
                "Vote", asks("C1", "C2", "C3"), rule="quorum", quorum_number=2, refusal="vote"
            ),
            StageSpec("Office", asks("D")),
        ],
        actor=OPERATOR,
        at=at,
    )
    return World(organisation, unit, submitter, people, posts, measure)
