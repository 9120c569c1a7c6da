"""Lists: a person's open items, what is blocked, the routes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery

from approvals import policy, rules
from approvals.models import Approval, Opening, Route, RouteVersion, SignOff, Stage, WorkItem
from approvals.policy import Claim
from approvals.queries.people import barred, claimants
from approvals.rules import Rule, Seat
from directory.models import Person
from directory.queries import delegations_to, holdings


def open_items_for(
    person: Person,
    at: datetime,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[WorkItem]:
    """The items that wait for a person, the longest waiting first, one more than `limit` if any.

    Their own posts', delegated ones', and those that ask them by name; what they may not decide
    because it is their own work is left out, and nothing waits for a closed account. Each slice
    comes straight from an index, however much history there is. `after` is (opened_at, id) of the
    last item shown. Three queries at most.
    """
    if not person.is_active:
        return []
    seats = [
        (Q(post=one.post), {person.pk} | ({one.acting_for.pk} if one.acting_for else set()))
        for one in holdings(person, at)
    ]
    seats.append((Q(person=person), {person.pk}))
    seats += [
        (Q(person=one.principal_id), {person.pk, one.principal_id})
        for one in delegations_to(person, at)
        if one.post_id is None
    ]
    slices = [_slice(seat, out, after)[: limit + 1] for seat, out in seats]
    ids = slices[0].union(*slices[1:], all=True) if len(slices) > 1 else slices[0]
    found = [pk for pk, _ in sorted(dict(ids).items(), key=lambda pair: (pair[1], pair[0]))]
    items = WorkItem.objects.filter(pk__in=found[: limit + 1])
    related = items.select_related(
        "approval", "opening__stage", "opening__round", "post__unit", "person"
    )
    return sorted(related, key=lambda item: (item.opened_at, item.pk))


def _slice(
    seat: Q, out: set[UUID], after: tuple[datetime, UUID] | None
) -> "QuerySet[WorkItem, tuple[UUID, datetime]]":
    votes = WorkItem.objects.exclude(origin=WorkItem.Origin.CONSULTED)
    items = votes.filter(seat, state=WorkItem.State.OPEN).exclude(
        Q(opening__round__submitter__in=out) | Q(opening__round__authors__overlap=list(out))
    )
    if after:
        items = items.filter(Q(opened_at__gt=after[0]) | Q(opened_at=after[0], id__gt=after[1]))
    return items.order_by("opened_at", "id").values_list("id", "opened_at")


@dataclass(frozen=True)
class Blocked:
    """An open stage that nobody can move. `reason`: no_post, vacant, excluded, out_of_reach."""

    approval: Approval
    opening: Opening
    reason: str
    items: list[WorkItem]

    @property
    def stage(self) -> Stage:
        return self.opening.stage


def blocked(organisation_id: UUID, at: datetime, approval: Approval | None = None) -> list[Blocked]:
    """The stages where no open seat has anybody who may decide, longest first.

    Nothing of it is stored: an appointment, a delegation or a new post changes the answer.
    """
    items = WorkItem.objects.seats().select_related("post__unit", "person")
    openings = Opening.objects.filter(organisation_id=organisation_id, outcome="")
    if approval is not None:
        openings = openings.filter(approval=approval)
    openings = (
        openings.select_related("approval__version__route", "stage", "round")
        .prefetch_related(Prefetch("work_items", queryset=items))
        .order_by("opened_at", "id")
    )
    found = list(openings)
    asked = [item for opening in found for item in opening.work_items.all()]
    claims = claimants({(item.post_id, item.person_id) for item in asked}, at)
    used = _used(found)
    seats = {opening.pk: list(opening.work_items.all()) for opening in found}
    return [
        Blocked(opening.approval, opening, reason, seats[opening.pk])
        for opening in found
        if (reason := why_blocked(opening, seats[opening.pk], claims, used.get(opening.pk, set())))
    ]


def why_blocked(
    opening: Opening,
    items: Sequence[WorkItem],
    claims: Mapping[tuple[UUID | None, UUID | None], list[Claim]],
    used: Collection[UUID],
) -> str:
    """The reason why nobody can move an open stage; empty where somebody can. No query.

    `items` are its seats, `used` the people who fill one of them already.
    """
    if not items:
        return "no_post"
    stage = opening.stage
    rule = Rule(stage.rule, stage.refusal, stage.quorum_number, stage.quorum_percent)
    if not rules.reachable(
        rule, [Seat(i.pk, i.weight, rules.is_added(i.origin, stage.rule)) for i in items]
    ):
        return "out_of_reach"
    could = [
        claim
        for item in items
        if item.state == WorkItem.State.OPEN
        for claim in claims[item.post_id, item.person_id]
    ]
    out = barred(opening.round)
    if any(policy.may_decide([claim], barred=out, used=used) for claim in could):
        return ""
    return "excluded" if could else "vacant"


def _used(openings: list[Opening]) -> dict[UUID, set[UUID]]:
    """By opening, the people who fill a seat of it already."""
    decided = {
        item.carried_from_id or item.pk: opening.pk
        for opening in openings
        for item in opening.work_items.all()
        if item.state == WorkItem.State.DECIDED
    }
    used: dict[UUID, set[UUID]] = {}
    ballots = SignOff.objects.filter(work_item__in=decided)
    for item, person, acting_for in ballots.values_list("work_item", "person", "acting_for"):
        used.setdefault(decided[item], set()).update({person, acting_for} - {None})
    return used


def unfinished(kind: str, subject_id: UUID) -> Approval | None:
    """The subject's approval that hasn't ended."""
    states = [Approval.State.OPEN, Approval.State.WITH_SUBMITTER]
    found: Approval | None = Approval.objects.filter(
        subject_kind=kind, subject_id=subject_id, state__in=states
    ).first()
    return found


def version_in_force(organisation_id: UUID, kind: str) -> RouteVersion | None:
    """The version published last among the organisation's routes for that kind."""
    published = RouteVersion.objects.filter(
        organisation_id=organisation_id, route__subject_kind=kind, published_at__isnull=False
    )
    found: RouteVersion | None = published.order_by("-published_at", "-id").first()
    return found


def resumption(approval: Approval) -> int:
    """The stage at which a round may begin that changes nothing which was read: usually the first.

    The stage that returned the last round to the submitter may have asked for it back directly.
    """
    last = approval.openings.select_related("stage").order_by("-number").first()
    if approval.state != Approval.State.WITH_SUBMITTER or last is None:
        return 1
    return last.stage.position if last.stage.after_return == "resume" else 1


def overdue(today: date) -> list[UUID]:
    """Approvals whose open stage is past its deadline and says what happens then.

    All of them: some can't be moved yet, and would keep those after them from a limited list.
    """
    late = Opening.objects.filter(outcome="", due_date__lt=today)
    escalates = ~Q(stage__escalate_to=[]) & ~Exists(
        WorkItem.objects.filter(opening=OuterRef("pk"), origin=WorkItem.Origin.ESCALATED)
    )
    found = late.filter(escalates | Q(stage__refusal=Stage.Refusal.ADVICE)).order_by("due_date")
    return list(found.values_list("approval", flat=True))


def unanswered() -> list[UUID]:
    """Approvals whose open stage has no seats yet, all of them, for the worker to ask again."""
    found = Opening.objects.filter(outcome="", work_items=None).order_by("opened_at")
    return list(found.values_list("approval", flat=True))


def routes(user: Person) -> "QuerySet[Route]":
    """The organisation's routes with the number of their newest version and what is on its way."""
    newest = RouteVersion.objects.filter(route=OuterRef("pk")).order_by("-number")
    found: QuerySet[Route] = Route.objects.for_user(user).annotate(
        version_number=Subquery(newest.values("number")[:1]),
        published_at=Subquery(newest.values("published_at")[:1]),
        on_the_way=Count(
            "versions__approvals",
            filter=Q(versions__approvals__state__in=["open", "with_submitter"]),
        ),
    )
    return found


def version_of(route: Route, number: int | None) -> RouteVersion | None:
    """A version of the route with its stages: that number, or else the newest."""
    versions = route.versions.prefetch_related("stages").select_related("published_by")
    found: RouteVersion | None = (
        versions.filter(number=number) if number else versions.order_by("-number")
    ).first()
    return found


def personally_signed(organisation_id: UUID) -> tuple[int, int]:
    """How many sign-offs bear a signature of the person's own, and how many there are."""
    found = SignOff.objects.filter(organisation=organisation_id).aggregate(
        personally=Count("pk", filter=Q(evidence="passkey")), all=Count("pk")
    )
    return found["personally"], found["all"]


def statements(organisation_id: UUID, sign_offs: Iterable[str]) -> dict[str, bytes]:
    """What was signed, byte for byte, by the sign-off's id."""
    found = SignOff.objects.filter(organisation=organisation_id, pk__in=sign_offs)
    return {str(pk): bytes(said) for pk, said in found.values_list("pk", "statement")}
