"""What the house knows of an entry beyond its facts: names, titles, and texts that it points at."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import translation
from django.utils.functional import Promise

from approvals.models import SignOff
from audit.models import Entry
from audit.reading import Named, Said, Searchable
from audit.search.pieces import known_at
from workflows.models import AmendmentVersion, Measure, MeasureRevision, PlanVersion, Task

Body = Mapping[str, Any]
LANGUAGES = ("zh-hans", "en")
DECISIONS = {one.value: one.label for one in SignOff.Decision}
OUTCOMES = {one.value: one.label for one in Task.Outcome}
VERSIONS = {"plan.approval_opened": PlanVersion, "amendment.submitted": AmendmentVersion}
"""Where the text lies that was put forward."""


def searched(
    organisation: UUID,
    entries: Sequence[Entry],
    bodies: Mapping[UUID, Body],
    kinds: Mapping[str, str | Promise],
    named: Mapping[str, Named],
) -> dict[UUID, Searchable]:
    """Seven queries at most. `named`: what subjects are called, by their text."""
    people = _people(organisation, bodies.values())
    documents = _documents(organisation, entries, bodies)
    plans = _plans_of_tasks(organisation, entries)
    found = {}
    for entry in entries:
        body = bodies[entry.pk]
        said = [Said("kind", in_all_languages(kinds.get(entry.kind, entry.kind)))]
        said += _names(entry, body, people)
        if entry.subject in named and not entry.subject.startswith("person:"):
            said.append(Said("about", named[entry.subject].text))
        said += [Said("decision", text) for text in _decided(body.get("facts") or {})]
        said += [Said("document", text) for text in documents.get(entry.pk, [])]
        tags = [f"evidence:{level}"] if (level := _evidence(body)) else []
        if plan := plans.get(entry.subject):
            tags.append(f"about:plan:{plan}")
        found[entry.pk] = Searchable(said, tags)
    return found


def in_all_languages(words: str | Promise) -> str:
    found = []
    for language in LANGUAGES:
        with translation.override(language):
            found.append(str(words))
    return " ".join(dict.fromkeys(found))


def _facts(body: Body) -> Mapping[str, Any]:
    return body.get("facts") or {}


def _evidence(body: Body) -> str:
    """How a sign-off is evidenced; old ones, which don't say it, by their session."""
    signed = _facts(body).get("sign_off")
    return str(signed.get("evidence", "session")) if isinstance(signed, dict) else ""


def _decided(facts: Mapping[str, Any]) -> Iterator[str]:
    signed = facts.get("sign_off")
    decision = signed.get("decision") if isinstance(signed, dict) else None
    if decision in DECISIONS:
        yield in_all_languages(DECISIONS[decision])
    if (outcome := facts.get("outcome")) in OUTCOMES and isinstance(outcome, str):
        yield in_all_languages(OUTCOMES[outcome])


# Names as they were


def _people(organisation: UUID, bodies: Iterable[Body]) -> dict[str, list[tuple[datetime, bytes]]]:
    """The names of whoever acts, as commitments with the moments from which they held."""
    wanted = {body.get(part) for body in bodies for part in ("actor", "acting_for", "subject")}
    chains = Entry.objects.filter(
        organisation=organisation,
        subject__in=[one for one in wanted if one and one.startswith("person:")],
        kind__in=["person.created", "person.renamed"],
    )
    found: dict[str, list[tuple[datetime, bytes]]] = {}
    for one in chains.order_by("subject", "subject_seq"):
        name = _facts(json.loads(bytes(one.body))).get("name")
        if isinstance(name, dict):
            held = found.setdefault(one.subject, [])
            held.append((one.at, bytes.fromhex(name["commitment"])))
    return found


def _names(
    entry: Entry, body: Body, people: Mapping[str, list[tuple[datetime, bytes]]]
) -> Iterator[Said]:
    for place, person in (
        ("who", entry.actor),
        ("who", body.get("acting_for")),
        ("about", entry.subject),
    ):
        if person and (name := known_at(people.get(person, []), entry.at)):
            yield Said(place, opening=name)


# Texts that entries point at


def _documents(
    organisation: UUID, entries: Sequence[Entry], bodies: Mapping[UUID, Body]
) -> dict[UUID, list[str]]:
    """Plans and amendments as they were put forward, and the measures that tasks were made of."""
    found: dict[UUID, list[str]] = {}
    for kind, model in VERSIONS.items():
        asked = {
            str(document["id"]): entry.pk
            for entry in entries
            if entry.kind == kind
            and isinstance(document := _facts(bodies[entry.pk]).get("document"), dict)
        }
        versions = model._default_manager.filter(organisation=organisation, pk__in=list(asked))
        for pk, content in versions.values_list("pk", "content"):
            found[asked[str(pk)]] = list(_texts(json.loads(bytes(content))))
    return found | _measures(organisation, entries, bodies)


PROSE = frozenset(
    {"number", "title", "basis", "budget_note", "text", "heading", "clause", "reason"}
)


def _texts(value: Any, name: str = "") -> Iterator[str]:
    """What people wrote in a frozen document."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _texts(item, key)
        case list():
            for item in value:
                yield from _texts(item, name)
        case str() if name in PROSE and value:
            yield value


def _measures(
    organisation: UUID, entries: Sequence[Entry], bodies: Mapping[UUID, Body]
) -> dict[UUID, list[str]]:
    """Each new task's measure in the revision it was made of."""
    made = {
        entry.pk: (str(facts["measure"]), facts.get("measure_revision", 1))
        for entry in entries
        if entry.kind == "task.created" and (facts := _facts(bodies[entry.pk])).get("measure")
    }
    wanted = {measure for measure, _revision in made.values()}
    if not wanted:
        return {}
    texts = {
        (str(one.pk), one.revision): [one.number, one.heading, one.text]
        for one in Measure.objects.filter(organisation=organisation, pk__in=wanted)
    }
    for old in MeasureRevision.objects.filter(organisation=organisation, measure__pk__in=wanted):
        texts[str(old.measure_id), old.number] = [old.heading, old.text]
    return {pk: texts[place] for pk, place in made.items() if place in texts}


def _plans_of_tasks(organisation: UUID, entries: Iterable[Entry]) -> dict[str, UUID]:
    """The plans to which tasks belong, by the task's name in the ledger."""
    tasks = {one.subject.partition(":")[2] for one in entries if one.subject.startswith("task:")}
    found = Task._default_manager.filter(organisation=organisation, pk__in=tasks)
    return {f"task:{pk}": plan for pk, plan in found.order_by().values_list("pk", "plan")}
