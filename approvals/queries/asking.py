"""Whom a signer may ask beside the route, and which decisions may still be taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from approvals import sentences
from approvals.models import Approval, SignOff, WorkItem
from approvals.queries.people import barred, had, holders_of
from directory.models import Appointment, Person, Post
from directory.queries import in_force, posts_of

SHOWN = 12


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be asked, with unit and post."""

    person: Person
    places: list[str]


@dataclass(frozen=True)
class Candidates:
    """`more`: others fit, too; further words find them."""

    found: list[Candidate]
    more: bool = False


def candidates(
    item: WorkItem, verb: str, words: str, at: datetime, *, asker: Person, chosen: str = ""
) -> Candidates:
    """Those who may be asked and whose name, account, unit or post has these words.

    Without words the asker's colleagues. Whoever was chosen before stays, and stands first.
    """
    able = Person.objects.filter(organisation=item.organisation_id, is_active=True)
    able = able.exclude(pk__in=_excluded(item, verb, asker, at))
    found = list(able.filter(_matching(words.strip(), asker, at)).order_by("pinyin", "pk")[:50])
    kept = list(able.filter(pk=chosen)) if _is_id(chosen) else []
    people = [*kept, *(one for one in found if one not in kept)]
    shown = people[:SHOWN]
    held = posts_of(shown, at)
    return Candidates([_candidate(one, held) for one in shown], len(people) > SHOWN)


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _candidate(person: Person, held: dict[UUID, list[Post]]) -> Candidate:
    posts = held.get(person.pk, [])
    return Candidate(person, [sentences.capacity(one.unit.name, one.title) for one in posts])


def _matching(words: str, asker: Person, at: datetime) -> Q:
    held = Appointment.objects.filter(in_force(at), post__abolished_at=None)
    if not words:
        own = held.filter(person=asker).values("post__unit")
        return Q(pk__in=held.filter(post__unit__in=own).values("person"))
    there = Q(post__unit__name__icontains=words) | Q(post__title__icontains=words)
    return (
        Q(name__icontains=words)
        | Q(pinyin__startswith=words.lower().replace(" ", ""))
        | Q(username__istartswith=words)
        | Q(pk__in=held.filter(there).values("person"))
    )


def _excluded(item: WorkItem, verb: str, asker: Person, at: datetime) -> Collection[UUID]:
    """Whom the action would refuse; it asks again under the lock."""
    asked = WorkItem.objects.filter(opening=item.opening_id)
    if verb == "consult":
        named = asked.filter(person__isnull=False, state__in=("open", "waiting"))
        return {asker.pk, *named.values_list("person", flat=True)}
    signed = SignOff.objects.filter(work_item__opening=item.opening_id, revocation=None)
    used = {one for pair in signed.values_list("person", "acting_for") for one in pair if one}
    out = {asker.pk, *barred(item.opening.round), *holders_of(asked.seats(), at).values(), *used}
    return out | had(item.pk) if verb == "transfer" else out


def revocable(signed: QuerySet[SignOff]) -> QuerySet[SignOff]:
    """Those decisions from which nothing has followed yet: they may be taken back.

    Their stage is open, and nobody decided or was asked since; opinions don't count.
    """
    later = SignOff.objects.filter(approval=OuterRef("approval"), at__gte=OuterRef("at"))
    asked = WorkItem.objects.filter(
        opening=OuterRef("work_item__opening"),
        asked_by__isnull=False,
        opened_at__gt=OuterRef("at"),
    )
    return signed.filter(
        ~Exists(later.exclude(pk=OuterRef("pk"))),
        ~Exists(asked.exclude(origin=WorkItem.Origin.CONSULTED)),
        work_item__state=WorkItem.State.DECIDED,
        work_item__opening__outcome="",
        approval__state=Approval.State.OPEN,
    )


def revocable_ids(ids: Sequence[UUID]) -> set[UUID]:
    """Which of these sign-offs may be taken back. One query."""
    found = revocable(SignOff.objects.filter(pk__in=ids)) if ids else SignOff.objects.none()
    return set(found.values_list("pk", flat=True))
