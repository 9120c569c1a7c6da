"""Several approvals at once: what can be approved together, and doing it one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from approvals import actions, queries, subjects
from approvals.models import WorkItem
from approvals.policy import PERSONAL
from approvals.queries import Review
from audit.errors import Refused
from directory.models import Person

MOST = 20
APPROVE = "approve"


@dataclass(frozen=True)
class Chosen:
    """A turn among those to be approved; `left_out` says why it can't be, if it can't."""

    item: UUID
    title: str
    url: str
    sentence: str
    then: str
    digest: str
    seen: str
    key: UUID
    left_out: str = ""


@dataclass(frozen=True)
class Given:
    """What the confirmation page showed of one turn, as it was sent back."""

    item: UUID
    digest: bytes
    seen: str
    key: UUID


@dataclass(frozen=True)
class Left:
    """A turn that was left out, and why."""

    title: str
    reason: str


def chosen(person: Person, ids: Iterable[UUID], at: datetime) -> list[Chosen]:
    """The person's turns among these, in the order in which they were asked. At most `MOST`.

    What isn't theirs is as if it didn't exist. About a dozen queries for each.
    """
    items = WorkItem.objects.for_user(person).filter(pk__in=list(ids)[:MOST]).order_by("opened_at")
    found = list(
        items.select_related(
            "approval__version__route", "opening__stage", "opening__round", "post__unit", "person"
        )
    )
    claims = queries.claimants({(one.post_id, one.person_id) for one in found}, at)
    mine = [
        one
        for one in found
        if any(claim.person == person.pk for claim in claims[one.post_id, one.person_id])
    ]
    return [_chosen(queries.review(one, person, at)) for one in mine]


def _chosen(review: Review) -> Chosen:
    about = _about(review.item)
    then = next((one.then for one in review.choices if one.value == APPROVE), "")
    return Chosen(
        review.item.pk,
        about.title,
        about.url,
        review.sentence,
        then,
        review.digest.hex(),
        str(review.head),
        uuid4(),
        _why_not(review, then),
    )


def _why_not(review: Review, then: str) -> str:
    if review.refusal:
        return review.refusal
    if review.evidence == PERSONAL:
        return _("It asks for your passkey: sign it on its own page.")
    if review.evidence != "session":
        return _("It asks for your password again: decide on its own page.")
    return "" if then else _("It can't be approved as it stands: see its own page.")


def _about(item: WorkItem) -> subjects.Description:
    approval = item.approval
    return subjects.get(approval.subject_kind).describe([approval.subject_id])[approval.subject_id]


def approve(person: Person, given: Sequence[Given], at: datetime) -> tuple[int, list[Left]]:
    """Approve each in a transaction of its own; how many were, and which were left out."""
    left: list[Left] = []
    for one in given[:MOST]:
        try:
            actions.decide(
                work_item_id=one.item,
                actor=person,
                decision=APPROVE,
                seen_digest=one.digest,
                seen=one.seen,
                idempotency_key=one.key,
                at=at,
            )
        except Refused as refusal:
            item = WorkItem.objects.select_related("approval").get(pk=one.item)
            left.append(Left(_about(item).title, refusal.message))
    return min(len(given), MOST) - len(left), left
