"""A tiny subject on which the engine is tried without tasks or plans: a unit asks for approval."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from approvals import actions, queries, subjects
from approvals.actions import Decided, StageSpec
from approvals.models import Approval, WorkItem
from approvals.subjects import Applied, Context, Description, Outcome, Sight
from audit.actions import append
from audit.models import Root
from directory.models import Organisation, Person, Post, Unit
from tests.factories import NOW, appoint, make_organisation, make_person, make_post, make_unit

KIND = "test_request"


class UnitRequest:
    """The subject is a unit, which is its own root; its kind field says what became of it."""

    kind = KIND
    root = Unit

    def digest(self, root: Root) -> bytes:
        return sha256(str(root).encode()).digest()

    def apply(self, root: Root, outcome: Outcome) -> Applied:
        assert isinstance(root, Unit)
        root.kind = {"passed": Unit.Kind.PARTY, "returned": Unit.Kind.OTHER}[outcome.result]
        return Applied(("kind",), {"state": {"from": "submitted", "to": outcome.result}})

    def sight(self, user: Person, subject_id: UUID, at: datetime) -> Sight:
        """Everybody of the organisation reads it; who is called Deaf reads no comments."""
        mine = Unit.objects.for_user(user).filter(pk=subject_id)
        return Sight.NOTHING if not mine else Sight.FACTS if user.name == "Deaf" else Sight.WORDS

    def describe(self, ids: Iterable[UUID]) -> dict[UUID, Description]:
        units = Unit.objects.filter(pk__in=list(ids))
        return {unit.pk: Description(unit.name, f"/units/{unit.pk}/") for unit in units}


subjects.register(UnitRequest())


@dataclass
class World:
    """An organisation whose lead unit submits, with one post and person for each name asked for."""

    organisation: Organisation = field(default_factory=make_organisation)
    unit: Unit = field(init=False)
    submitter: Person = field(init=False)
    posts: dict[str, Post] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    cooperating: tuple[UUID, ...] = ()
    authors: frozenset[UUID] = frozenset()

    def __post_init__(self) -> None:
        self.unit = make_unit(self.organisation)
        self.submitter = make_person(self.organisation, "Submitter")

    def seat(self, name: str, role: str = Post.Role.REVIEWER) -> dict[str, Any]:
        """A unit with one post of that role and its holder; returns the selector for it."""
        unit = make_unit(self.organisation, f"Office of {name} {uuid4().hex[:6]}")
        self.posts[name] = make_post(unit, role)
        self.people[name] = make_person(self.organisation, name)
        appoint(self.posts[name], self.people[name])
        return {"select": "post", "unit": str(unit.pk), "role": role}

    def publish(self, *stages: StageSpec) -> None:
        actions.publish_route(
            organisation=self.organisation,
            name="Route",
            subject_kind=KIND,
            stages=stages,
            actor="operator",
            at=NOW,
        )

    def route(self, names: Sequence[str], **rule: Any) -> None:
        """Publish a route of one stage that asks a new post for each name."""
        self.publish(StageSpec("Review", [self.seat(name) for name in names], **rule))

    def begin(
        self, at: datetime = NOW, unit: Unit | None = None, *, adds_only: bool = False
    ) -> Approval:
        """Submit: what a subject's own action does around `begin`."""
        with transaction.atomic():
            root = Unit.locked((unit or self.unit).pk)
            begun = actions.begin(
                kind=KIND,
                root=root,
                subject_id=root.pk,
                document_id=uuid4(),
                digest=sha256(b"report").digest(),
                context=Context(
                    lead_unit=root.pk,
                    cooperating_units=self.cooperating,
                    submitter=self.submitter.pk,
                    authors=self.authors,
                ),
                actor=self.submitter,
                at=at,
                adds_only=adds_only,
            )
            append(root, kind="test.submitted", actor=self.submitter, at=at, facts=begun.facts)
        return begun.approval

    def withdraw(self, actor: Person | None = None, at: datetime = NOW) -> None:
        with transaction.atomic():
            root = Unit.locked(self.unit.pk)
            actor = actor or self.submitter
            facts = actions.withdraw(kind=KIND, subject_id=root.pk, actor=actor, at=at)
            append(root, kind="test.withdrawn", actor=actor, at=at, facts=facts)

    def cancel(self, at: datetime = NOW) -> dict[str, Any]:
        with transaction.atomic():
            root = Unit.locked(self.unit.pk)
            facts = actions.cancel(kind=KIND, subject_id=root.pk, reason="test.cancelled", at=at)
            append(root, kind="test.cancelled", actor=self.submitter, at=at, facts=facts)
        return facts

    def item(self, name: str) -> WorkItem:
        """The newest work item on that name's post."""
        item: WorkItem = WorkItem.objects.filter(post=self.posts[name]).latest("id")
        return item

    def decide(
        self,
        name: str,
        decision: str = "approve",
        *,
        by: Person | None = None,
        comment: str | None = None,
        key: UUID | None = None,
        at: datetime = NOW + timedelta(minutes=5),
        **more: Any,
    ) -> Decided:
        """Decide on the newest item of `name`'s post, as its holder or as somebody else."""
        item = more.pop("item", None) or self.item(name)
        if comment is None:
            comment = "Please add the figures." if decision == "return" else ""
        digest = more.pop("seen_digest", None) or queries.seen_digest(item)
        return actions.decide(
            work_item_id=item.pk,
            actor=by or self.people[name],
            decision=decision,
            comment=comment,
            seen_digest=digest,
            idempotency_key=key or uuid4(),
            at=at,
            **more,
        )
