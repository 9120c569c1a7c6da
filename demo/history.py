"""Months of work on the demo plan, told by the real actions: whoever acts may do what they do."""

import io
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import xlsxwriter
from django.utils import timezone

from approvals import actions as approvals
from approvals.models import WorkItem
from approvals.queries import seen_digest
from demo.story import CHAPTERS, EACH, EACH_DUE, Chapter
from directory import queries
from directory.calendar import WorkingDays, start_of
from directory.models import Organisation, Person, Post, Unit
from workflows import files
from workflows.actions import drafts, import_review, imports, plans, reports, requests, tasks
from workflows.answering import Given
from workflows.importing import Question
from workflows.models import Addressee, Assignment, Draft, Plan, PlanImport, Task
from workflows.parties import Parties
from workflows.queries.imports import draft_of

HERE = Path(__file__).resolve().parent
COORDINATING, OVERSEEING = "党群工作部", "党政综合办公室"
EVERY_UNIT, JOINT = "13", "12"


def tell(organisation: Organisation, now: datetime) -> Plan:
    """Import, approve and issue the demo plan, and let its units work on it until `now`."""
    district = District(organisation, now)
    plan = issued(district)
    begun = district.day(-62)
    for number, task in enumerate(Task.objects.filter(plan=plan).select_related("measure")):
        lead = Assignment.objects.get(task=task, role="lead", ended_at=None).unit
        Work(district, task, lead).follow(chapter_of(task, lead), begun, number)
    plans.advance_plans(at=now)
    return plan


def chapter_of(task: Task, lead: Unit) -> Chapter:
    if task.measure.number == EVERY_UNIT:
        return EACH.get(lead.name, Chapter("started", EACH_DUE))
    return CHAPTERS[task.measure.number]


class District:
    """Who holds which post in the demo, and when its working days were."""

    def __init__(self, organisation: Organisation, now: datetime) -> None:
        self.organisation = organisation
        self.now = now
        self.units = {unit.name: unit for unit in Unit.objects.filter(organisation=organisation)}
        self.calendar: WorkingDays = queries.working_days(organisation.pk)
        posts = Post.objects.filter(organisation=organisation)
        self.held = queries.holders(posts, now)
        self.posts: dict[tuple[UUID, str], Person] = {}
        for post in posts:
            self.posts.setdefault((post.unit_id, post.role), self.held[post.pk])

    def who(self, unit: Unit | str, role: str) -> Person:
        unit = self.units[unit] if isinstance(unit, str) else unit
        return self.posts[unit.pk, role]

    def day(self, days: int, minutes: int = 0) -> datetime:
        """About `days` from now (before it: negative), in the morning of a working day."""
        zone = timezone.get_current_timezone()
        day = self.now.astimezone(zone).date() + timedelta(days=days)
        while not self.calendar.is_working(day):
            day -= timedelta(days=1)
        at = start_of(day, zone) + timedelta(hours=9, minutes=minutes)
        return min(at, self.now - timedelta(minutes=1))


# The plan


def issued(district: District) -> Plan:
    coordinator = district.who(COORDINATING, "coordinator")
    found = answered(district, coordinator, district.day(-80))
    plan = imports.confirm_import(
        import_id=found.pk, revision=found.revision, actor=coordinator, at=district.day(-79)
    )
    plans.submit_for_issue(
        plan_id=plan.pk, revision=plan.revision, actor=coordinator, at=district.day(-78)
    )
    sign_all(district, plan.pk, district.day(-76))
    plans.issue(plan_id=plan.pk, actor=coordinator, at=district.day(-72))
    for number, addressee in enumerate(Addressee.objects.filter(plan=plan)):
        plans.receive_plan(
            plan_id=plan.pk,
            unit_id=addressee.unit_id,
            actor=district.who(addressee.unit, "handler"),
            at=district.day(-71 + number // 6, minutes=number * 11),
        )
    plans.advance_plan(plan_id=plan.pk, at=district.day(-66))
    return plan


def answered(district: District, coordinator: Person, at: datetime) -> PlanImport:
    """The plan uploaded, its questions answered, its deadlines put into our time."""
    found = imports.upload_document(
        filename="plan.txt", data=(HERE / "plan.txt").read_bytes(), actor=coordinator, at=at
    )
    asked: dict[str, Any] = {"actor": coordinator, "at": at, "import_id": found.pk}
    found = import_review.edit_document(
        **asked,
        revision=found.revision,
        fields={"overseer": str(district.units[OVERSEEING].pk)},
    )
    found = import_review.accept_proposals(**asked, revision=found.revision)
    while questions := draft_of(found).open:
        found = import_review.answer(
            **asked,
            revision=found.revision,
            question_id=questions[0].id,
            given=by_hand(questions[0], at),
        )
    for measure in draft_of(found).measures:
        due = CHAPTERS[measure.number].due if measure.number in CHAPTERS else EACH_DUE
        found = import_review.edit_measure(
            **asked,
            revision=found.revision,
            key=measure.key,
            heading=measure.heading,
            due_date=deadline(district, due),
            parties=joint(district) if measure.number == JOINT else None,
        )
    return found


def by_hand(question: Question, at: datetime) -> Given:
    """What only a person can say: the years and the deadlines, which are edited afterwards."""
    if question.code == "missing_year":
        return Given("other_year", year=str(at.year))
    return Given("open")


def deadline(district: District, days: int) -> date:
    return district.day(0).date() + timedelta(days=days)


def joint(district: District) -> Parties:
    """Measure 12: the coordinating unit leads, three offices work with it."""
    partners = (OVERSEEING, "组织人事部", "经济发展局")
    return Parties(
        lead=str(district.units[COORDINATING].pk),
        cooperating=[str(district.units[name].pk) for name in partners],
    )


# The tasks


class Work:
    """One task on its way, as far as its chapter goes."""

    def __init__(self, district: District, task: Task, lead: Unit) -> None:
        self.district = district
        self.task = task
        self.lead = lead
        self.handler = district.who(lead, "handler")
        parts = Assignment.objects.filter(task=task, role="cooperating", ended_at=None)
        self.partners = [part.unit for part in parts.select_related("unit")]

    def follow(self, chapter: Chapter, begun: datetime, number: int) -> None:
        day = self.district.day
        if chapter.turn == "asked":
            return
        if chapter.turn == "declined":
            self.decline(chapter.why, day(-4, minutes=number))
            return
        self.accept(day(-60 + number % 7, minutes=number))
        if chapter.part:
            self.contribute(chapter.part, day(-34 + number % 5, minutes=number))
        if chapter.turn == "started":
            self.write(self.first_words(), 40, day(-9, minutes=number))
            if chapter.later:
                self.extend(chapter, day(-5, minutes=number))
            return
        self.report(chapter.report, day(-28 + number % 5, minutes=number))
        if chapter.why:
            self.send_back(chapter, day(-21 + number % 4, minutes=number))
            if chapter.turn == "returned":
                return
            self.report(chapter.report, day(-15 + number % 4, minutes=number), "已按意见补充。")
        self.finish(chapter, number)

    def finish(self, chapter: Chapter, number: int) -> None:
        """The signatures after the last version, and the closing of the task."""
        at = self.district.day(-8 + number % 4, minutes=number)
        if chapter.turn in {"sent", "resent"}:
            sign_all(self.district, self.task.pk, at, most=chapter.signed)
            return
        sign_all(self.district, self.task.pk, at)
        if chapter.turn == "closed":
            office = OVERSEEING if self.lead.name == COORDINATING else COORDINATING
            tasks.close(
                task_id=self.task.pk,
                outcome="verified",
                actor=self.district.who(office, "coordinator"),
                at=self.district.day(-3, minutes=number),
            )

    def accept(self, at: datetime) -> None:
        deputy = self.district.who(self.lead, "deputy")
        tasks.accept(
            task_id=self.task.pk,
            actor=self.handler,
            handler_id=self.handler.pk,
            deputy_id=deputy.pk,
            at=at,
        )
        for number, unit in enumerate(self.partners):
            tasks.receive(
                task_id=self.task.pk,
                unit_id=unit.pk,
                actor=self.district.who(unit, "handler"),
                at=at + timedelta(hours=1 + number),
            )

    def decline(self, why: str, at: datetime) -> None:
        tasks.decline(task_id=self.task.pk, reason=why, actor=self.handler, at=at)

    def contribute(self, words: str, at: datetime) -> None:
        for number, unit in enumerate(self.partners):
            writer, sent = self.district.who(unit, "handler"), at + timedelta(minutes=20 * number)
            part: dict[str, Any] = {
                "task_id": self.task.pk,
                "unit_id": unit.pk,
                "actor": writer,
                "at": sent,
            }
            draft = drafts.save_draft(**part, revision=0, text=words, percent=100)
            reports.send_contribution(**part, revision=draft.revision)

    def extend(self, chapter: Chapter, at: datetime) -> None:
        """Ask for another deadline, as far as the route for it has come."""
        requests.ask_extension(
            task_id=self.task.pk,
            due_date=deadline(self.district, chapter.due + chapter.later),
            reason=chapter.later_because,
            actor=self.handler,
            at=at,
        )
        later = self.district.day(-2, minutes=self.task.measure.position)
        sign_all(self.district, self.task.pk, later, most=chapter.later_signed)

    def write(self, words: str, percent: int, at: datetime, answer: str = "") -> Draft:
        kept = Draft.objects.filter(task=self.task, unit=self.lead).first()
        return drafts.save_draft(
            task_id=self.task.pk,
            unit_id=self.lead.pk,
            revision=kept.revision if kept else 0,
            text=words,
            percent=percent,
            answer=answer,
            actor=self.handler,
            at=at,
        )

    def report(self, words: str, at: datetime, answer: str = "") -> None:
        draft = self.write(words + answer, 100, at, answer)
        self.attach("佐证材料（补充）.xlsx" if answer else "佐证材料.xlsx", at)
        silent = "" if not self.partners or self.has_parts() else "配合单位暂无单独工作量。"
        reports.submit(
            task_id=self.task.pk,
            revision=draft.revision,
            without_units_reason=silent,
            actor=self.handler,
            at=at + timedelta(minutes=30),
        )

    def attach(self, name: str, at: datetime) -> None:
        content = sheet_of(self.task.title, name)
        stored = files.keep(self.task.organisation_id, content, XLSX)
        drafts.attach_file(
            task_id=self.task.pk,
            unit_id=self.lead.pk,
            stored=stored,
            name=name,
            actor=self.handler,
            at=at,
        )

    def has_parts(self) -> bool:
        return self.task.contributions.exists()

    def send_back(self, chapter: Chapter, at: datetime) -> None:
        """Sign until it is the turn of who returns it, then return it with the reason."""
        before = {"principal": 1, "cooperating": 2, "reviewer": 2 + len(self.partners)}
        sign_all(self.district, self.task.pk, at, most=before[chapter.returned_by])
        sign(self.district, self.task.pk, at + timedelta(hours=3), "return", chapter.why)

    def first_words(self) -> str:
        return "前期工作已经开展，具体数据正在汇总。"


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet_of(title: str, name: str) -> bytes:
    """A small spreadsheet to stand as evidence; the same words give the same bytes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 1, 1)})  # noqa: DTZ001 -- written as is
        page = book.add_worksheet()
        page.write_column(0, 0, [title, name, "序号", "1", "2", "3"])
    return buffer.getvalue()


# Signing


def sign_all(district: District, subject: UUID, at: datetime, most: int = 99) -> None:
    """Let whoever is asked approve, one after another, at most so many."""
    for number in range(most):
        if not sign(district, subject, at + timedelta(minutes=40 * number)):
            return


def sign(
    district: District, subject: UUID, at: datetime, decision: str = "approve", comment: str = ""
) -> bool:
    """One decision by the holder of the first open seat; False where nobody is asked."""
    item = (
        WorkItem.objects.filter(approval__subject_id=subject, state="open")
        .order_by("opened_at", "position")
        .first()
    )
    if item is None:
        return False
    approvals.decide(
        work_item_id=item.pk,
        actor=district.held[item.post_id],
        decision=decision,
        comment=comment,
        seen_digest=seen_digest(item),
        idempotency_key=uuid4(),
        at=min(at, district.now),
    )
    return True
