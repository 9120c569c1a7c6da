"""The real side of test_machine: one organisation, one subject, and all there is to see of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from approvals import actions, queries
from approvals.actions import Decided, StageSpec
from approvals.models import Intervention, WorkItem
from approvals.subjects import Context
from audit.actions import append
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Post, Unit
from tests.approvals.factories import KIND
from tests.approvals.model import Ask, Step
from tests.factories import NOW, make_organisation, make_person, make_unit

HOLDERS = {
    "deputy 1": "Ana",
    "principal 1": "Ben",
    "reviewer 1": "Cai",
    "coordinator 1": "Dan",
    "administrator 1": "Ada",
    "administrator 2": "Fay",
    "administrator 3": "Sue",
}
"""Who holds which post at first. Fay may be asked by name, and Sue is who submits, mostly."""
LATE = "late"
"""A role of which there is no post yet when routes ask for it."""
ROLES = ("deputy", "principal", "reviewer", "coordinator", LATE)
NAMED = ("Eve", "Fay")
PEOPLE = ("Ana", "Ben", "Cai", "Dan", "Eve", "Fay", "Sue", "Ada")
MAY = ("add_signer", "transfer", "consult")

OBSERVE = """
SELECT unit.chain_length, unit.kind,
    (SELECT coalesce(json_agg(state ORDER BY opened_at, id), '[]') FROM approvals_approval
     WHERE subject_id = unit.id),
    (SELECT count(*) FROM approvals_signoff s JOIN approvals_approval a ON a.id = s.approval_id
     WHERE a.subject_id = unit.id),
    (SELECT count(*) FROM approvals_workitem i JOIN approvals_opening o ON o.id = i.opening_id
     JOIN approvals_approval a ON a.id = i.approval_id
     WHERE a.subject_id = unit.id AND o.outcome <> '' AND i.state IN ('open', 'waiting')),
    now.id,
    (SELECT json_agg(json_build_array(s.position, r.number, o.outcome, o.resumes_at, o.reason)
        ORDER BY o.number)
     FROM approvals_opening o JOIN approvals_stage s ON s.id = o.stage_id
        JOIN approvals_round r ON r.id = o.round_id
     WHERE o.approval_id = now.id),
    (SELECT json_agg(json_build_array(i.id, i.position, coalesce(i.post_id, i.person_id), i.weight,
            i.origin, i.state, i.waits_for, i.carried_from_id IS NOT NULL,
            b.id, b.decision, b.target, b.person_id, b.acting_for_id) ORDER BY i.position)
     FROM approvals_workitem i LEFT JOIN approvals_signoff b
        ON b.work_item_id = coalesce(i.carried_from_id, i.id)
     WHERE i.state <> 'superseded' AND i.opening_id = (
        SELECT id FROM approvals_opening WHERE approval_id = now.id ORDER BY number DESC LIMIT 1)),
    (SELECT json_agg(json_build_array(kind, proposed_by_id, work_item_id, person_id))
     FROM approvals_intervention WHERE approval_id = now.id AND state = 'proposed')
FROM directory_unit unit
LEFT JOIN LATERAL (
    SELECT * FROM approvals_approval WHERE subject_id = unit.id
    ORDER BY opened_at DESC, id DESC LIMIT 1
) now ON true
WHERE unit.id = %s
"""


@dataclass(frozen=True)
class Turn:
    """A work item of the newest opening with its ballot, in the words of the model."""

    id: UUID
    position: int
    asks: str
    weight: int
    origin: str
    state: str
    waits_for: int | None
    sign_off: UUID | None
    vote: str
    target: int | None
    by: str
    acting_for: str
    carried: bool


@dataclass(frozen=True)
class Seen:
    """Everything about the subject and its newest approval, from one statement."""

    entries: int
    fate: str
    states: list[str]
    decisions: int
    forgotten: int
    """Items that still ask somebody although their opening is over."""
    approval: UUID | None
    openings: list[list[Any]]
    turns: list[Turn]
    proposed: list[list[Any]]

    def turn(self, position: int) -> Turn:
        (found,) = [turn for turn in self.turns if turn.position == position]
        return found


class Office:
    """People, posts and one subject, called as the model calls them; each act is a minute later."""

    def __init__(self) -> None:
        self.at = NOW
        self.organisation = make_organisation()
        self.unit = make_unit(self.organisation)
        self.offices = {role: make_unit(self.organisation) for role in ("deputy", LATE)}
        self.people = {name: make_person(self.organisation, name) for name in PEOPLE}
        self.posts: dict[str, Post] = {}
        self.delegations: dict[int, UUID] = {}
        self.names: dict[str | None, str] = {None: ""}
        self.names |= {str(person.pk): name for name, person in self.people.items()}
        for post, name in HOLDERS.items():
            self.create(post)
            self.appoint(post, name)

    def tick(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at

    # What there is to see

    def see(self) -> Seen:
        with connection.cursor() as cursor:
            cursor.execute(OBSERVE, [self.unit.pk])
            columns = cursor.fetchone()
        entries, fate, states, decisions, forgotten, approval, openings, items, proposed = columns
        return Seen(
            entries=entries,
            fate=fate,
            states=states,
            decisions=decisions,
            forgotten=forgotten,
            approval=approval,
            openings=openings or [],
            turns=[self.turn(*item) for item in items or ()],
            proposed=[[self.names.get(one, one) for one in row] for row in proposed or ()],
        )

    def turn(self, id: str, position: int, asks: str, *row: Any) -> Turn:
        weight, origin, state, waits_for, carried, sign_off, vote, target, by, acting_for = row
        return Turn(
            id=UUID(id),
            position=position,
            asks=self.names[asks],
            weight=weight,
            origin=origin,
            state=state,
            waits_for=waits_for,
            sign_off=UUID(sign_off) if sign_off else None,
            vote=vote or "",
            target=target,
            by=self.names[by],
            acting_for=self.names[acting_for],
            carried=carried,
        )

    # The directory

    def create(self, post: str) -> None:
        role = post.split()[0]
        unit = self.offices["deputy" if role != LATE else LATE]
        made = directory.create_post(
            unit=unit,
            role="reviewer" if role == LATE else role,
            title=post,
            actor=OPERATOR,
            at=self.tick(),
        )
        self.posts[post] = made
        self.names[str(made.pk)] = post

    def appoint(self, post: str, name: str) -> None:
        directory.appoint(
            post=self.posts[post],
            person=self.people[name],
            actor=OPERATOR,
            at=self.tick(),
            replace=True,
        )

    def dismiss(self, post: str) -> None:
        held = self.posts[post].appointments.get(ends_at=None)
        directory.dismiss(appointment_id=held.pk, actor=OPERATOR, at=self.tick())

    def abolish(self, post: str) -> None:
        directory.abolish_post(post_id=self.posts[post].pk, actor=OPERATOR, at=self.tick())

    def deactivate(self, name: str) -> None:
        who = self.people[name].pk
        self.people[name] = directory.deactivate_person(
            person_id=who, actor=OPERATOR, at=self.tick()
        )

    def reactivate(self, name: str) -> None:
        who = self.people[name].pk
        self.people[name] = directory.reactivate_person(
            person_id=who, actor=OPERATOR, at=self.tick()
        )

    def delegate(self, number: int, principal: str, name: str, post: str) -> None:
        at = self.tick()
        given = directory.delegate(
            principal=self.people[principal],
            delegate=self.people[name],
            post=self.posts[post] if post else None,
            starts_at=at,
            ends_at=at + timedelta(days=3650),
            reason="Away",
            actor=OPERATOR,
            at=at,
        )
        self.delegations[number] = given.pk

    def end_delegation(self, number: int) -> None:
        given = self.delegations[number]
        directory.revoke(delegation_id=given, actor=OPERATOR, at=self.tick())

    # The route

    def selector(self, ask: Ask) -> dict[str, Any]:
        if ask.person:
            who = {"select": "person", "person": str(self.people[ask.person].pk)}
            return {**who, "weight": ask.weight}
        late = ask.post == LATE
        unit, role = self.offices[LATE if late else "deputy"], "reviewer" if late else ask.post
        return {"select": "post", "unit": str(unit.pk), "role": role, "weight": ask.weight}

    def stage(self, step: Step) -> StageSpec:
        return StageSpec(
            "Stage",
            [self.selector(ask) for ask in step.asks],
            rule=step.rule.kind,
            quorum_number=step.rule.number,
            quorum_percent=step.rule.percent,
            refusal=step.rule.refusal,
            sequential=step.rule.sequential,
            returns_to=tuple(step.returns_to),
            after_return="resume" if step.resumes else "restart",
            repeat_signer="carry" if step.carries else "ask",
            due_in=1 if step.due else None,
            escalate_to=[self.selector(ask) for ask in step.escalates],
            fallback=[self.selector(ask) for ask in step.fallback],
            may=MAY,
            condition={"priorities": ["high"]} if step.urgent_only else None,
        )

    def publish(self, route: tuple[Step, ...]) -> None:
        actions.publish_route(
            organisation=self.organisation,
            name="Route",
            subject_kind=KIND,
            stages=[self.stage(step) for step in route],
            actor=OPERATOR,
            at=self.tick(),
        )

    # The subject

    def submit(self, name: str, authors: frozenset[str], urgent: bool, adds_only: bool) -> None:
        actor, at = self.people[name], self.tick()
        with transaction.atomic():
            root = Unit.locked(self.unit.pk)
            begun = actions.begin(
                kind=KIND,
                root=root,
                subject_id=root.pk,
                document_id=uuid4(),
                digest=sha256(b"report").digest(),
                context=Context(
                    lead_unit=root.pk,
                    submitter=actor.pk,
                    authors=frozenset(self.people[one].pk for one in authors),
                    priority="high" if urgent else "normal",
                ),
                actor=actor,
                at=at,
                adds_only=adds_only,
            )
            append(root, kind="test.submitted", actor=actor, at=at, facts=begun.facts)

    def withdraw(self, name: str) -> None:
        actor, at = self.people[name], self.tick()
        with transaction.atomic():
            root = Unit.locked(self.unit.pk)
            facts = actions.withdraw(kind=KIND, subject_id=root.pk, actor=actor, at=at)
            append(root, kind="test.withdrawn", actor=actor, at=at, facts=facts)

    def cancel(self) -> None:
        at = self.tick()
        with transaction.atomic():
            root = Unit.locked(self.unit.pk)
            facts = actions.cancel(kind=KIND, subject_id=root.pk, reason="test.cancelled", at=at)
            append(root, kind="test.cancelled", actor=self.people["Sue"], at=at, facts=facts)

    # The approval

    def form(self, item: UUID, name: str, vote: str, target: int) -> dict[str, Any]:
        """What a person sends to decide."""
        row = WorkItem.objects.select_related("approval", "opening__round").get(pk=item)
        return {
            "work_item_id": item,
            "actor": self.people[name],
            "decision": vote,
            "target": target if vote == "return" else None,
            "comment": "Not yet." if vote == "return" else "",
            "seen_digest": queries.seen_digest(row),
            "idempotency_key": uuid4(),
        }

    def decide(self, form: dict[str, Any]) -> Decided:
        return actions.decide(**form, at=self.tick())

    def revoke(self, sign_off: UUID, name: str) -> None:
        actions.revoke(
            sign_off_id=sign_off,
            reason="I read the wrong one.",
            actor=self.people[name],
            at=self.tick(),
        )

    def beside(self, act: str, item: UUID, name: str, whom: str, **more: str) -> None:
        more["question" if act == "consult" else "note"] = "Please."
        getattr(actions, act)(
            work_item_id=item,
            person=self.people[whom],
            actor=self.people[name],
            at=self.tick(),
            **more,
        )

    def give_opinion(self, item: UUID, name: str) -> None:
        actions.give_opinion(
            work_item_id=item, opinion="Fine.", actor=self.people[name], at=self.tick()
        )

    def propose(self, approval: UUID, name: str, item: UUID | None, whom: str) -> None:
        actions.propose_intervention(
            approval_id=approval,
            kind="reseat" if item else "send_back",
            reason="It is stuck.",
            work_item_id=item,
            person=self.people[whom] if item else None,
            actor=self.people[name],
            at=self.tick(),
        )

    def settle(self, name: str, confirm: bool) -> None:
        made = Intervention.objects.filter(approval__subject_id=self.unit.pk)
        actions.settle_intervention(
            intervention_id=made.latest("proposed_at").pk,
            confirm=confirm,
            actor=self.people[name],
            at=self.tick(),
        )
