"""Words that are written again and again, to be put in with one choice."""

from collections.abc import Mapping, Sequence

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from approvals.models import SignOff, WorkItem
from audit.queries import read_openings
from directory.models import Person

OWN = 3
LONGEST = 60

PHRASES: Mapping[str, Sequence[Promise]] = {
    "comment": (
        pgettext_lazy("phrase", "Agreed."),
        pgettext_lazy("phrase", "The facts are as reported."),
        pgettext_lazy("phrase", "Agreed; please keep the date."),
        pgettext_lazy("phrase", "Please add the evidence and submit it again."),
        pgettext_lazy("phrase", "The figures don't match the evidence; please check them."),
    ),
    "add_signer": (
        pgettext_lazy("phrase", "This concerns your unit as well; please sign, too."),
        pgettext_lazy("phrase", "Please check the figures."),
        pgettext_lazy("phrase", "You know the matter best."),
    ),
    "transfer": (
        pgettext_lazy("phrase", "This is yours to look after."),
        pgettext_lazy("phrase", "I am away; please decide in my place."),
    ),
    "consult": (
        pgettext_lazy("phrase", "What does your unit think of this?"),
        pgettext_lazy("phrase", "Are these figures right?"),
        pgettext_lazy("phrase", "Does this meet what the plan asks?"),
    ),
    "opinion": (
        pgettext_lazy("phrase", "No objection."),
        pgettext_lazy("phrase", "The figures are right."),
    ),
    "revoke": (
        pgettext_lazy("phrase", "I chose the wrong decision."),
        pgettext_lazy("phrase", "I overlooked something."),
    ),
}
"""What is offered to everybody, by the occasion."""


def phrases(occasion: str, person: Person) -> list[str]:
    """What is offered for an occasion, the person's own last words first. Two queries."""
    own = _own(occasion, person)
    return [*own, *(text for one in PHRASES[occasion] if (text := str(one)) not in own)]


def _own(occasion: str, person: Person) -> list[str]:
    """The short ones among what the person last wrote on such an occasion."""
    recent = _recent(occasion, person)
    digests = [bytes(one) for one in recent[: 3 * OWN]] if recent is not None else []
    if not digests:
        return []
    texts = read_openings(person.organisation_id, digests)
    short = [text for one in digests if (text := texts[one]) and len(text) <= LONGEST]
    return list(dict.fromkeys(short))[:OWN]


def _recent(occasion: str, person: Person) -> "QuerySet[SignOff, bytes] | None":
    if occasion == "comment":
        signed = SignOff.objects.filter(person=person, comment__isnull=False)
        return signed.order_by("-at").values_list("comment", flat=True)
    asked = WorkItem.objects.filter(asked_by=person, note__isnull=False).order_by("-opened_at")
    notes = asked.values_list("note", flat=True)
    if occasion == "transfer":
        return notes.filter(succeeds__isnull=False)
    if occasion in ("add_signer", "consult"):
        return notes.filter(origin={"add_signer": "added", "consult": "consulted"}[occasion])
    return None
