"""Who could act on a seat, and why somebody else can't."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from approvals import policy, sentences
from approvals.models import Opening, Round, SignOff, WorkItem
from approvals.policy import EVIDENCE, Claim
from approvals.selectors import Chair
from directory.models import Delegation, Person, Post, Unit
from directory.queries import holders, in_force

if TYPE_CHECKING:
    from approvals.stages import Approver

Key = tuple[UUID | None, UUID | None]
"""A seat by its post or its person."""


def barred(round: Round) -> frozenset[UUID]:
    """Who may not decide in a round, nor anybody for them: its submitter and its authors."""
    return frozenset([round.submitter_id, *round.authors])


def units_of(rounds: Collection[Round]) -> dict[UUID, str]:
    """The name of the unit that leads or coordinates what each round is about. One query."""
    wanted = {
        one.pk: UUID(unit)
        for one in rounds
        if (unit := one.context.get("lead") or one.context.get("coordinating"))
    }
    if not wanted:
        return {}
    names = dict(Unit.objects.filter(pk__in=set(wanted.values())).values_list("pk", "name"))
    return {pk: names[unit] for pk, unit in wanted.items() if unit in names}


def claimants(keys: Iterable[Key], at: datetime) -> dict[Key, list[Claim]]:
    """Who could act on each seat now: its holder, and those to whom the holder delegated.

    Three queries however many seats.
    """
    seats = list(keys)
    posts = holders([post for post, _ in seats if post], at)
    named = _active([person for _, person in seats if person])
    owners: dict[Key, UUID] = {}
    for post, person in seats:
        if post in posts:
            owners[post, person] = posts[post].pk
        elif person in named:
            owners[post, person] = person
    lent = _delegations(set(owners.values()), at)
    return {
        key: [Claim(owners[key])]
        + [
            Claim(one.delegate_id, acting_for=one.principal_id)
            for one in lent.get(owners[key], ())
            if one.post_id in (None, key[0])
        ]
        if key in owners
        else []
        for key in seats
    }


def _active(people: Collection[UUID]) -> set[UUID]:
    if not people:
        return set()
    return set(Person.objects.filter(pk__in=people, is_active=True).values_list("pk", flat=True))


def _delegations(principals: Collection[UUID], at: datetime) -> Mapping[UUID, list[Delegation]]:
    given: dict[UUID, list[Delegation]] = {}
    if principals:
        found = Delegation.objects.filter(
            in_force(at), principal__in=principals, delegate__is_active=True
        ).exclude(revoked_at__lte=at)
        for one in found.order_by("starts_at", "id"):
            given.setdefault(one.principal_id, []).append(one)
    return given


def holders_of(items: Iterable[WorkItem], at: datetime) -> dict[UUID, UUID]:
    """By item, the person whose seat it is now: the post's holder, or whoever is asked by name."""
    listed = list(items)
    people = holders([one.post_id for one in listed if one.post_id], at)
    owners = {one.pk: one.person_id for one in listed if one.person_id}
    return owners | {
        one.pk: people[one.post_id].pk for one in listed if one.post_id and one.post_id in people
    }


def seated(items: Iterable[WorkItem], at: datetime) -> set[UUID | None]:
    """Those who have one of these seats: who holds it now, who decided on it, and for whom."""
    listed = list(items)
    decided_on = [one.carried_from_id or one.pk for one in listed]
    ballots = SignOff.objects.filter(work_item__in=decided_on).values_list("person", "acting_for")
    people = {one for ballot in ballots for one in ballot if one}
    return people | set(holders_of(listed, at).values())


def approvals_before(opening: Opening, now: Approver | None) -> dict[UUID, UUID]:
    """By person, an item of an earlier stage that they approved in this round in their own right.

    Only what still stands counts: not a decision that was revoked, nor one of an opening that a
    return has superseded, nor one with weaker proof than the stage asks for. `now` is the approval
    that is about to be written.
    """
    strong = EVIDENCE[EVIDENCE.index(opening.stage.evidence) :]
    newer = Opening.objects.filter(
        round=OuterRef("work_item__opening__round"),
        stage=OuterRef("work_item__opening__stage"),
        number__gt=OuterRef("work_item__opening__number"),
    )
    rows = SignOff.objects.filter(
        ~Exists(newer),
        work_item__opening__round=opening.round_id,
        work_item__opening__stage__position__lt=opening.stage.position,
        work_item__state=WorkItem.State.DECIDED,
        decision=SignOff.Decision.APPROVE,
        acting_for=None,
        evidence__in=strong,
    )
    found = dict(rows.order_by("at").values_list("person", "work_item"))
    if now and now.evidence in strong:
        found[now.person] = now.item
    return found


@dataclass(frozen=True)
class Seated:
    """Who would sign on a seat now: the post's holder, or a person asked by name.

    `id` is the post's or the person's.
    """

    id: UUID
    person: UUID
    name: str
    capacity: str = ""


def names_of(ids: Collection[UUID], at: datetime) -> dict[UUID, Seated]:
    """Who would sign for each of these posts and persons; vacant posts are left out."""
    if not ids:
        return {}
    held = holders(ids, at)
    posts = Post.objects.filter(pk__in=held).select_related("unit")
    people = Person.objects.filter(pk__in=set(ids) - set(held), is_active=True)
    return {
        one.pk: Seated(
            one.pk,
            held[one.pk].pk,
            held[one.pk].name,
            sentences.capacity(one.unit.name, one.title),
        )
        for one in posts
    } | {one.pk: Seated(one.pk, one.pk, one.name) for one in people}


def has_part(kind: str, subject_id: UUID, person: Person, posts: Collection[UUID]) -> bool:
    """Whether somebody wrote, submitted or was asked to decide, in any approval of the subject.

    `posts` are those in which the person acts now. Two queries at most.
    """
    of_it = {"approval__subject_kind": kind, "approval__subject_id": subject_id}
    asked = Q(post__in=posts) | Q(person=person) | Q(sign_off__person=person)
    if WorkItem.objects.filter(asked, **of_it).exists():
        return True
    wrote = Q(submitter=person) | Q(authors__contains=[person.pk])
    return Round.objects.filter(wrote, **of_it).exists()


def somebody_able(chairs: Sequence[Chair], out: Collection[UUID], at: datetime) -> bool:
    """Whether anybody at all could decide on one of the seats, `out` excluded."""
    claims = claimants([(chair.post, chair.person) for chair in chairs], at)
    return any(
        policy.may_decide([claim], barred=out, used=())
        for seat in claims.values()
        for claim in seat
    )


def why_not_yours(work_item_id: UUID, person: Person, at: datetime) -> str:
    """The sentence for somebody without a right to the seat: what ended, or whose it is."""
    item = WorkItem.objects.select_related("post__unit", "person").get(pk=work_item_id)
    if item.post is None:
        return _("This was asked of %(name)s by name.") % {"name": item.person.name}
    words = {"post": sentences.capacity(item.post.unit.name, item.post.title)}
    ended = item.post.appointments.filter(person=person, ends_at__lte=at).order_by("-ends_at")
    if over := ended.first():
        return _("Your appointment as %(post)s ended on %(date)s.") % {
            **words,
            "date": date_format(localtime(over.ends_at)),
        }
    given = Delegation.objects.filter(
        Q(post=item.post) | Q(post=None),
        delegate=person,
        principal__appointments__post=item.post,
        starts_at__lte=at,
    ).select_related("principal")
    if lent := given.order_by("-ends_at").first():
        return _("The delegation from %(name)s has ended.") % {"name": lent.principal.name}
    return _("This waits for %(post)s, a post you don't hold.") % words


def had(work_item_id: UUID) -> set[UUID]:
    """Those who had this seat before it came to where it is, and those who handed it on."""
    people: set[UUID] = set()
    item = WorkItem.objects.get(pk=work_item_id)
    while item.succeeds is not None:
        people |= {one for one in (item.asked_by_id, item.succeeds.person_id) if one}
        item = item.succeeds
    return people
