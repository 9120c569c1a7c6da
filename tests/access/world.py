"""One organisation with something at every step, made by the real actions and marked throughout.

Three marks stand in its texts, so that a page that shows one too many is found by reading it:
`everyone` where the whole organisation may read, `concerned` in reports, evidence and decisions,
which only those meet whom the task concerns, and `drafting` in plans that aren't issued yet.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import get_current_timezone

from approvals import actions as approvals
from approvals.actions import Decided, StageSpec
from approvals.models import Approval, Route, WorkItem
from approvals.queries import seen_digest
from approvals.routes.specs import MAY
from audit import checkpoints, codes, sequencer
from audit.models import Entry
from audit.search import follower
from audit.search.saving import save_search
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import (
    Appointment,
    CalendarDay,
    Organisation,
    Passkey,
    Person,
    Post,
    Unit,
)
from notices import actions as notices
from notices.models import Notice
from tests import databases
from tests.factories import (
    LONG_AGO,
    make_group,
    make_organisation,
    make_passkey,
    make_unit,
)
from workflows import files
from workflows.actions import (
    amendments,
    drafts,
    import_review,
    imports,
    plan_texts,
    plans,
    reports,
    requests,
    tasks,
)
from workflows.actions.amendments import ItemText
from workflows.actions.plan_texts import PlanText
from workflows.models import (
    Amendment,
    Draft,
    DraftFile,
    Evidence,
    Measure,
    Plan,
    PlanImport,
    Task,
)
from workflows.parties import Parties
from workflows.queries.import_page import cuts
from workflows.queries.imports import draft_of, proposal_of

STEPS = ("assigned", "declined", "open", "submitted", "reviewed", "closed")
"""A task of the issued plan stands at each of them."""

_accounts = count(1)


@dataclass(frozen=True)
class Marks:
    everyone: str
    concerned: str
    drafting: str

    @property
    def all(self) -> tuple[str, ...]:
        return (self.everyone, self.concerned, self.drafting)


@dataclass
class World:
    marks: Marks
    now: datetime
    organisation: Organisation
    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    """Whatever stands in an address or a form, by name."""

    def __getitem__(self, name: str) -> Any:
        return self.things[name]

    def does(self, who: str, **more: Any) -> dict[str, Any]:
        return {"actor": self.people[who], "at": self.now, **more}


def two_worlds() -> tuple[World, World]:
    """Two organisations that know nothing of each other, told of all that happened."""
    worlds = make_world("赤楠", "赤檀", "赤桂"), make_world("青楠", "青檀", "青桂")
    with databases.speaking_as("worker"):
        tell(*worlds)
    return worlds


def make_world(everyone: str, concerned: str, drafting: str) -> World:
    marks = Marks(everyone, concerned, drafting)
    world = World(marks, datetime.now(UTC), make_organisation(f"{everyone}区"))
    _directory(world)
    _routes(world)
    _plans(world)
    _tasks(world)
    _imports(world)
    _amendments(world)
    _searches(world)
    return world


# Who there is


def _directory(world: World) -> None:
    mark, organisation = world.marks.everyone, world.organisation
    names = {"own": "承办局", "office": "综合办", "partner": "协作局", "other": "邻近局"}
    for unit, name in names.items():
        world.units[unit] = make_unit(organisation, f"{mark}{name}", aliases=[f"{mark}{name}处"])
        world.things[f"unit.{unit}"] = world.units[unit].pk
    seats = [(unit, role) for unit in ("own", "other") for role in Post.Role.values]
    seats += [("office", "coordinator"), ("office", "principal"), ("partner", "handler")]
    for unit, role in seats:
        _seat(world, unit, role)
    world.things["newcomer"] = _person(world, f"{mark}新人").pk
    closed = _person(world, f"{mark}旧人")
    directory.deactivate_person(person_id=closed.pk, actor=OPERATOR, at=LONG_AGO)
    vacant = directory.create_post(
        unit=world.units["other"],
        role="deputy",
        title=f"{mark}空缺",
        actor=OPERATOR,
        at=LONG_AGO,
    )
    group = make_group(organisation, f"各{mark}部门", [world.units["own"], world.units["other"]])
    directory.set_calendar_day(
        organisation_id=organisation.pk,
        date=world.now.date() + timedelta(days=40),
        is_working=False,
        name=f"{mark}节",
        actor=OPERATOR,
        at=world.now,
    )
    delegation = directory.delegate(
        principal=world.people["own.principal"],
        delegate=world.people["own.deputy"],
        post=None,
        starts_at=world.now,
        ends_at=world.now + timedelta(days=9),
        reason=f"{mark}出差",
        actor=OPERATOR,
        at=world.now,
    )
    world.things |= {
        "closed person": closed.pk,
        "name of closed person": bytes(closed.name_commitment or b"").hex(),
        "vacant post": vacant.pk,
        "group": group.pk,
        "day": CalendarDay.objects.get(organisation=organisation).pk,
        "delegation": delegation.pk,
        "person": world.people["other.handler"].pk,
        "appointment": Appointment.objects.get(person=world.people["other.handler"]).pk,
        "passkey": _passkey(world, "other.handler").pk,
    }


def _passkey(world: World, who: str) -> Passkey:
    """One that waits for an administrator."""
    directory.ask_for_approval_of_passkeys(
        organisation_id=world.organisation.pk, wanted=True, actor=OPERATOR, at=LONG_AGO
    )
    name = f"{world.marks.everyone}手机"
    passkey, _device = make_passkey(world.people[who], name=name, at=world.now)
    return passkey


def _seat(world: World, unit: str, role: str) -> None:
    person = _person(world, f"{world.marks.everyone}{len(world.people)}")
    post = directory.create_post(
        unit=world.units[unit],
        role=role,
        title=f"{world.marks.everyone}{role}",
        actor=OPERATOR,
        at=LONG_AGO,
    )
    directory.appoint(post=post, person=person, starts_at=LONG_AGO, actor=OPERATOR, at=LONG_AGO)
    world.people[f"{unit}.{role}"] = person


def _person(world: World, name: str) -> Person:
    return directory.create_person(
        organisation=world.organisation,
        username=f"access{next(_accounts)}",
        name=name,
        email="",
        language="en",
        actor=OPERATOR,
        at=LONG_AGO,
    )


def _routes(world: World) -> None:
    mark = world.marks.everyone
    stages = {
        "task_completion": [("post_of_lead", "deputy"), ("post_of_reviewing", "coordinator")],
        "task_extension": [("post_of_lead", "principal")],
        "task_reopening": [("post_of_reviewing", "coordinator")],
        "plan_issue": [("post_of_coordinating", "principal")],
        "plan_amendment": [("post_of_coordinating", "principal")],
    }
    for kind, asked in stages.items():
        version = approvals.publish_route(
            organisation=world.organisation,
            name=f"{mark}{kind}",
            subject_kind=kind,
            stages=[
                StageSpec(f"{mark}{role}", [{"select": select, "role": role}], may=MAY)
                for select, role in asked
            ],
            actor=OPERATOR,
            at=LONG_AGO,
        )
    world.things["route"] = version.route_id
    _drafts(world)


def _drafts(world: World) -> None:
    """One route's next version is being written, another's is under approval."""
    mark, committee = world.marks.everyone, world.units["office"].pk
    version = approvals.publish_route(
        organisation=world.organisation,
        name=f"{mark}route_publication",
        subject_kind="route_publication",
        stages=[
            StageSpec(
                f"{mark}审定",
                [{"select": "post", "unit": committee, "role": "principal"}],
                may=MAY,
            )
        ],
        actor=OPERATOR,
        at=LONG_AGO,
    )
    written = approvals.begin_route(
        organisation=world.organisation,
        name=f"{mark}新流程",
        subject_kind="task_completion",
        **world.does("own.administrator"),
    )
    draft = approvals.begin_draft(route_id=version.route_id, **world.does("own.administrator"))
    approvals.submit_draft(
        route_id=version.route_id, revision=draft.revision, **world.does("own.administrator")
    )
    item = WorkItem.objects.get(approval__subject_id=version.route_id)
    world.things |= {
        "route with draft": written.route_id,
        "route under approval": version.route_id,
        "route item": item.pk,
        "sign-off": _decided_in_part(world),
        "route approval": item.approval_id,
        "intervention": approvals.propose_intervention(
            approval_id=item.approval_id,
            kind="send_back",
            reason=f"{mark}有误",
            **world.does("other.administrator"),
        ).pk,
    }


def _decided_in_part(world: World) -> UUID:
    """A decision that its stage goes on after: somebody was asked beside the route."""
    names = {"organisation": world.organisation, "name": f"{world.marks.everyone}task_completion"}
    route_id = Route.objects.get(**names).pk
    draft = approvals.begin_draft(route_id=route_id, **world.does("own.administrator"))
    approvals.submit_draft(
        route_id=route_id, revision=draft.revision, **world.does("own.administrator")
    )
    item = WorkItem.objects.get(approval__subject_id=route_id)
    approvals.add_signer(
        work_item_id=item.pk,
        person=world.people["own.handler"],
        when="parallel",
        note=f"{world.marks.everyone}会签",
        **world.does("office.principal"),
    )
    return sign(world, "office.principal", item).sign_off_id


# What is planned


def _document(world: World, mark: str, number: int, measures: int, lead: str) -> str:
    partner = world.units["partner"].name
    lines = [
        f"{i}.{mark}{i}。{mark}正文{i}，如期办结。再做一次{mark}。"
        f"（牵头单位：{lead}；配合单位：{partner}；完成时限：2031年12月底前）"
        for i in range(1, measures + 1)
    ]
    head = (
        f"{mark}发〔2026〕{number}号\n\n关于{mark}工作的实施方案\n\n{world.units['own'].name}：\n\n"
    )
    return head + "一、工作任务\n" + "\n".join(lines) + "\n\n2026年11月2日\n"


def _upload(world: World, mark: str, number: int, measures: int = 1, lead: str = "") -> PlanImport:
    text = _document(world, mark, number, measures, lead or world.units["own"].name)
    who = world.does("office.coordinator")
    found = imports.upload_document(filename=f"{mark}.txt", data=text.encode(), **who)
    return import_review.accept_proposals(import_id=found.pk, revision=found.revision, **who)


def _draft(world: World, mark: str, number: int, measures: int = 1) -> Plan:
    who = world.does("office.coordinator")
    found = _upload(world, mark, number, measures)
    plan = imports.confirm_import(import_id=found.pk, revision=found.revision, **who)
    text = PlanText(basis=f"{mark}依据", addressees=[world.units["own"].pk])
    return plan_texts.revise_plan(plan_id=plan.pk, revision=plan.revision, text=text, **who)


def _put_forward(world: World, plan: Plan) -> Plan:
    who = world.does("office.coordinator")
    return plans.submit_for_issue(plan_id=plan.pk, revision=plan.revision, **who)


def _issued(world: World, number: int, measures: int) -> Plan:
    everyone = world.marks.everyone
    plan = _put_forward(world, _draft(world, everyone, number, measures))
    decide(world, "office.principal", plan, comment=f"{everyone}同意")
    return plans.issue(plan_id=plan.pk, **world.does("office.coordinator"))


def _plans(world: World) -> None:
    drafting = world.marks.drafting
    issued = _issued(world, 1, len(STEPS))
    approved = _put_forward(world, _draft(world, drafting, 2))
    decide(world, "office.principal", approved)
    under_approval = _put_forward(world, _draft(world, drafting, 3))
    draft = _draft(world, drafting, 4)
    world.things |= {
        "plan": issued.pk,
        "other plan": _issued(world, 8, 1).pk,
        "approved plan": approved.pk,
        "plan under approval": under_approval.pk,
        "draft plan": draft.pk,
        "draft plan.revision": draft.revision,
        "draft measure": draft.measures.get().pk,
        "plan item": _item(under_approval).pk,
        "plan approval": _item(under_approval).approval_id,
        "issued plan approval": Approval.objects.get(subject_id=issued.pk).pk,
    }


def _imports(world: World) -> None:
    mark = world.marks.drafting
    ready, asking = _upload(world, mark, 5, 3), _upload(world, mark, 6, lead=f"{mark}不明处")
    _first, second, third = (one.key for one in draft_of(ready).measures)
    who = world.does("office.coordinator")
    ready = import_review.merge(import_id=ready.pk, revision=ready.revision, key=second, **who)
    world.things |= {
        "import": ready.pk,
        "import.revision": ready.revision,
        "merged": second,
        "measure": third,
        "cut": cuts(ready, third)[0][0],
        "asking import": asking.pk,
        "asking import.revision": asking.revision,
        "question": proposal_of(asking).questions[0].id,
        "document": _document(world, mark, 7, 1, world.units["own"].name),
        "today": world.now.astimezone(get_current_timezone()).date(),
        "draft.revision": Draft.objects.get(
            task=world["open task"], unit=world["unit.own"]
        ).revision,
        "entry": entry_of(world).pk,
        "code": codes.of(bytes(entry_of(world).body)),
        "organisation": world.organisation.pk,
    }


def _amend(world: World, plan_id: UUID) -> Amendment:
    """A draft that adds a measure to an issued plan."""
    mark, who = world.marks.drafting, world.does("office.coordinator")
    found = amendments.begin_amendment(plan_id=plan_id, title=f"{mark}补充", **who)
    text = ItemText(
        "add",
        heading=f"{mark}新增",
        text=f"{mark}新增任务",
        parties=Parties(lead=str(world["unit.own"])),
    )
    amendments.put_item(amendment_id=found.pk, revision=found.revision, text=text, **who)
    return Amendment.objects.get(pk=found.pk)


def _amendments(world: World) -> None:
    """One on the issued plan is a draft; one of another plan waits for its approver."""
    draft, sent = _amend(world, world["plan"]), _amend(world, world["other plan"])
    amendments.submit_amendment(
        amendment_id=sent.pk, revision=sent.revision, **world.does("office.coordinator")
    )
    world.things |= {
        "measure of plan": Measure.objects.filter(plan=world["plan"])[0].pk,
        "draft amendment": draft.pk,
        "draft amendment.revision": draft.revision,
        "amendment item": draft.items.get().pk,
        "sent amendment": sent.pk,
        "amendment to sign": WorkItem.objects.get(approval__subject_id=sent.pk).pk,
    }


def _searches(world: World) -> None:
    """The auditor keeps one for their own use."""
    saved = save_search(
        organisation=world.organisation.pk,
        name="Closed",
        asked={"kind": "task.closed"},
        is_shared=False,
        **world.does("own.auditor"),
    )
    world.things["saved search"] = saved.pk


# What is done


def _tasks(world: World) -> None:
    found = Task.objects.filter(plan=world["plan"]).order_by("measure__position")
    for step, task in zip(STEPS, found, strict=True):
        world.things[f"{step} task"] = task.pk
        _bring(world, task, step)


def _bring(world: World, task: Task, step: str) -> None:
    """Take a fresh task to the step that it is to stand at."""
    whose = {"task_id": task.pk} | world.does("own.handler")
    mark = world.marks.concerned
    if step == "assigned":
        return
    if step == "declined":
        tasks.decline(reason=f"{mark}不属我局", **whose)
        return
    tasks.accept(**whose)
    _write(world, task, "own", "own.handler")
    if step == "open":
        _write(world, task, "partner", "partner.handler")
        world.things["draft file"] = DraftFile.objects.get(
            draft__task=task, draft__unit=world["unit.own"]
        ).pk
        return
    _contribute(world, task)
    sent = _submit(world, task)
    if step == "submitted":
        item = _item(task)
        _ask(world, task, "extension", requests.ask_extension, due_date=date(2032, 1, 31))
        world.things |= {"item": item.pk, "seen": seen_digest(item).hex()}
        world.things["approval"] = item.approval_id
        asked = approvals.consult(
            work_item_id=item.pk,
            person=world.people["own.handler"],
            question=f"{mark}属实吗",
            **world.does("own.deputy"),
        )
        world.things["asked item"] = asked.pk
        return
    decide(world, "own.deputy", task, "return", f"{mark}退回")
    _write(world, task, "own", "own.handler", f"{mark}第二稿")
    sent = _submit(world, task)
    decide(world, "own.deputy", task, comment=f"{mark}同意")
    decide(world, "office.coordinator", task, comment=f"{mark}属实")
    world.things["evidence"] = Evidence.objects.get(submission=sent).pk
    if step == "reviewed":
        _ask(world, task, "reopening", requests.ask_reopening)
    if step == "closed":
        who = world.does("office.coordinator")
        tasks.close(task_id=task.pk, outcome="verified", comment=f"{mark}办结", **who)


def _ask(world: World, task: Task, verb: str, ask: Callable[..., Any], **more: Any) -> None:
    ask(task_id=task.pk, reason=f"{world.marks.concerned}理由", **more, **world.does("own.handler"))
    item = WorkItem.objects.get(
        approval__subject_id=task.pk, approval__subject_kind=f"task_{verb}", state="open"
    )
    world.things |= {f"{verb} item": item.pk, f"{verb} approval": item.approval_id}


def _write(world: World, task: Task, unit: str, who: str, text: str = "") -> Draft:
    mark = world.marks.concerned
    place: dict[str, Any] = {"task_id": task.pk, "unit_id": world.units[unit].pk}
    before = Draft.objects.filter(task=task, unit=world.units[unit]).first()
    draft = drafts.save_draft(
        revision=before.revision if before else 0,
        text=text or f"{mark}报告",
        percent=100,
        answer=f"{mark}答复" if before else "",
        **place,
        **world.does(who),
    )
    if before is None:
        file = SimpleUploadedFile(f"{mark}.txt", f"{mark}佐证".encode())
        stored = files.store(world.organisation.pk, file)
        drafts.attach_file(stored=stored, name=f"{mark}.txt", **place, **world.does(who))
    return draft


def _contribute(world: World, task: Task) -> None:
    _write(world, task, "partner", "partner.handler")
    draft = Draft.objects.get(task=task, unit=world.units["partner"])
    who = world.does("partner.handler")
    reports.send_contribution(
        task_id=task.pk, unit_id=draft.unit_id, revision=draft.revision, **who
    )


def _submit(world: World, task: Task) -> Any:
    draft = Draft.objects.get(task=task, unit=world.units["own"])
    return reports.submit(task_id=task.pk, revision=draft.revision, **world.does("own.handler"))


def _item(subject: Plan | Task) -> WorkItem:
    return WorkItem.objects.get(approval__subject_id=subject.pk, state="open")


def decide(
    world: World, who: str, subject: Plan | Task, decision: str = "approve", comment: str = ""
) -> None:
    sign(world, who, _item(subject), decision, comment)


def sign(
    world: World, who: str, item: WorkItem, decision: str = "approve", comment: str = ""
) -> Decided:
    return approvals.decide(
        work_item_id=item.pk,
        decision=decision,
        comment=comment,
        seen_digest=seen_digest(item),
        idempotency_key=uuid4(),
        **world.does(who),
    )


def entry_of(world: World) -> Entry:
    """The newest entry of the closed task."""
    return Entry.objects.filter(subject=f"task:{world['closed task']}").latest("subject_seq")


def tell(*worlds: World) -> None:
    """The worker's round after all this: everybody has their notices."""
    for world in worlds:
        for _step in range(2):  # the log's name is an entry of its own
            sequencer.advance(at=world.now)
            checkpoints.sign_all(at=world.now)
        notices.follow(at=world.now)
        while follower.follow(at=world.now):
            pass
        world.things["unread notice"] = Notice.objects.for_user(world.people["own.handler"])[0].pk
