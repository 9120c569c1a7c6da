"""The history of a task or a plan in sentences: every ledger entry of its chain, newest first."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import compress
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from approvals.models import Approval
from audit.models import Entry
from audit.queries import read_openings
from audit.templatetags.ui import day_long
from directory.models import Person, Unit
from directory.policy import may_read_everything
from directory.queries import Holding
from workflows.models import Plan, Priority, Task, TaskRequest

NEWEST = 200
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """What happened, as `includes/timeline.html` shows it; `kind` key, back or nothing."""

    text: str
    at: datetime
    kind: str = ""
    note: str = ""
    url: str = ""


def events(
    task: Task | Plan,
    held: Iterable[Holding],
    *,
    comments: bool = True,
    amendments: Collection[UUID] | None = None,
) -> list[Event]:
    """The newest events of a task or a plan, for somebody who holds `held`. Five queries.

    They lead to their entries for those who may read the ledger. Without `comments` it is told who
    decided and when, but not what they wrote. Of a plan's `amendments` only these are told of.
    """
    chain = Entry.objects.filter(organisation=task.organisation_id, subject=task.subject)
    entries = list(chain.order_by("-subject_seq")[:NEWEST])
    bodies = [json.loads(bytes(entry.body)) for entry in entries]
    if amendments is not None:
        told = [_amends(body["facts"]) in {None, *map(str, amendments)} for body in bodies]
        entries, bodies = list(compress(entries, told)), list(compress(bodies, told))
    if not comments:
        for body in bodies:
            (body["facts"].get("sign_off") or {}).pop("comment", None)
            for part in ("revocation", "intervention"):
                (body["facts"].get(part) or {}).pop("reason", None)
    names = _Names(task.organisation_id, bodies, requests=_requests(task))
    linked = bool(may_read_everything({one.role for one in held}))
    return [_event(entry, body, names, linked) for entry, body in zip(entries, bodies, strict=True)]


def told(root: Task | Plan, entries: Iterable[Entry]) -> list[Event]:
    """What these entries of the root's chain say, each leading to its entry. Four queries."""
    found = list(entries)
    bodies = [json.loads(bytes(entry.body)) for entry in found]
    names = _Names(root.organisation_id, bodies, requests=_requests(root))
    return [_event(entry, body, names, True) for entry, body in zip(found, bodies, strict=True)]


def sentences(
    organisation_id: UUID,
    entries: Iterable[Entry],
    bodies: Mapping[UUID, Mapping[str, Any]],
    kinds: Mapping[str, Any],
) -> dict[UUID, str]:
    """Who did what, by the id of an entry, for those who may read the whole ledger; four queries.

    What has no sentence of its own is said with the word for its kind.
    """
    found = list(entries)
    whole = [{"actor": None, "acting_for": None, "facts": {}, **bodies[one.pk]} for one in found]
    approvals = {str((body["facts"].get("approval") or {}).get("id", "")) for body in whole}
    asked = Approval.objects.filter(
        organisation=organisation_id, pk__in=approvals - {""}, subject_kind__in=CALLED
    )
    requests = {str(pk): str(CALLED[kind]) for pk, kind in asked.values_list("pk", "subject_kind")}
    names = _Names(organisation_id, whole, requests)
    return {
        entry.pk: _sentence(entry, body, names, kinds)
        for entry, body in zip(found, whole, strict=True)
    }


def _sentence(entry: Entry, body: dict[str, Any], names: "_Names", kinds: Mapping[str, Any]) -> str:
    if entry.kind in SENTENCES:
        try:
            return _event(entry, body, names, linked=False).text
        except (AttributeError, KeyError, TypeError, ValueError):
            pass  # older than the sentence, or tampered with: its kind is still known
    kind = str(kinds.get(entry.kind, entry.kind))
    return _("%(who)s: %(kind)s") % {"who": names.person(body["actor"]), "kind": kind}


def _amends(facts: Facts) -> str | None:
    """The amendment that an entry of a plan is about."""
    found: str | None = (facts.get("amendment") or {}).get("id")
    return found


def _requests(task: Task | Plan) -> dict[str, str]:
    """The approvals of a task that aren't about its completion, by id: what they are called."""
    if isinstance(task, Plan):
        return {}
    found = Approval.objects.filter(
        organisation=task.organisation_id,
        subject_kind__in=TaskRequest.Kind.values,
        subject_id=task.pk,
    )
    return {str(pk): str(CALLED[kind]) for pk, kind in found.values_list("pk", "subject_kind")}


CALLED = {
    TaskRequest.Kind.EXTENSION: gettext_lazy("Extension"),
    TaskRequest.Kind.REOPENING: gettext_lazy("Reopening"),
}


class _Names:
    """The names and words that bodies only point at, each kind read at once."""

    def __init__(
        self,
        organisation_id: UUID,
        bodies: Iterable[dict[str, Any]],
        requests: Mapping[str, str],
    ) -> None:
        found = list(bodies)
        self._requests = requests
        actors = {body[key] for body in found for key in ("actor", "acting_for") if body[key]}
        ids = [actor.removeprefix("person:") for actor in actors if actor.startswith("person:")]
        self._people = {f"person:{one.pk}": one.name for one in Person.objects.filter(pk__in=ids)}
        units = {unit for body in found for unit in _units(body["facts"])}
        self._units: dict[str, str] = {
            str(one.pk): one.name for one in Unit.objects.filter(pk__in=units)
        }
        digests = [bytes.fromhex(one) for body in found for one in _commitments(body["facts"])]
        self._words = read_openings(organisation_id, digests)

    def person(self, actor: str | None) -> str:
        known = self._people.get(actor or "") or ACTORS.get(actor or "")
        return str(known or _("Somebody"))

    def unit(self, unit: str | None) -> str:
        return self._units.get(unit or "", _("a unit"))

    def request(self, facts: Facts) -> str:
        """The request for the task that an entry is about, if it is about one."""
        return self._requests.get((facts.get("approval") or {}).get("id", ""), "")

    def words(self, commitment: Any) -> str:
        if not commitment:
            return ""
        found = self._words.get(bytes.fromhex(commitment["commitment"]))
        return _("(erased)") if found is None else found


ACTORS = {
    "operator": gettext_lazy("The operator"),
    "worker": gettext_lazy("Duban"),
    "engine": gettext_lazy("Duban"),
}


def _units(facts: Facts) -> list[str]:
    parts = facts.get("parts", {}).values()
    own = [facts["unit"]] if "unit" in facts else []
    return [*own, *(one for units in parts for one in units)]


def _commitments(facts: Facts) -> list[str]:
    """The commitments of reasons and comments; a report's words are read where it is shown."""
    signed, taken_back = facts.get("sign_off") or {}, facts.get("revocation") or {}
    moved = facts.get("intervention") or {}
    found = [facts.get("reason"), facts.get("comment"), signed.get("comment")]
    found += [taken_back.get("reason"), moved.get("reason")]
    return [one["commitment"] for one in found if isinstance(one, dict)]


def _event(entry: Entry, body: dict[str, Any], names: _Names, linked: bool) -> Event:
    facts, kind = body["facts"], entry.kind
    who = names.person(body["actor"])
    if body["acting_for"]:
        who = pgettext("delegation", "%(name)s for %(principal)s") % {
            "name": who,
            "principal": names.person(body["acting_for"]),
        }
    sentence = SENTENCES.get(kind)
    text = sentence(who, facts, names) if sentence else f"{who}: {kind}"
    if (about := names.request(facts)) and kind.startswith("approval."):
        text = pgettext("what somebody did", "%(about)s: %(did)s") % {"about": about, "did": text}
    url = _entry_url(entry) if linked else ""
    return Event(text, entry.at, _weight(kind, facts), _note(facts), url)


def _weight(kind: str, facts: Facts) -> str:
    decision = (facts.get("sign_off") or {}).get("decision")
    if decision == "return" or kind in {"task.declined", "task.withdrawn", "task.reopened"}:
        return "back"
    if _passed(facts):
        return "key"
    state = (facts.get("state") or {}).get("to")
    return "key" if state in {"reviewed", "closed", "cancelled"} else ""


def _passed(facts: Facts) -> bool:
    return (facts.get("approval") or {}).get("state") == Approval.State.PASSED


def _note(facts: Facts) -> str:
    if (facts.get("amendment") or {}).get("state") == "applied":
        return _("The amendment “%(title)s” is in force") % {"title": facts["amendment"]["title"]}
    if skipped := facts.get("skipped_step"):
        return str(SKIPPED[skipped["reason"]])
    if (facts.get("step") or {}).get("from") == "countersign" and facts.get("also"):
        return _("All who were asked have countersigned; the approval of its issuing has begun")
    state = (facts.get("state") or {}).get("to")
    moved = facts.get("due_date")
    if _passed(facts) and isinstance(moved, dict):
        return _("The due date is %(due)s now") % {"due": _day(moved["to"])}
    if _passed(facts) and state == Task.State.IN_PROGRESS:
        return _("The task is in progress again")
    if facts.get("sign_off") and state == Task.State.REVIEWED:
        return _("The route is through")
    if facts.get("sign_off") and state == Task.State.IN_PROGRESS:
        return _("Back with the lead unit")
    return ""


SKIPPED = {
    "no_route": gettext_lazy("Not countersigned: no route for it is in force"),
    "no_unit": gettext_lazy("Not countersigned: no other unit is concerned"),
}
"""Why the countersigning of a plan was passed over."""


def _entry_url(entry: Entry) -> str:
    try:
        return reverse("entry", args=[entry.pk])
    except NoReverseMatch:  # a deployment without the audit pages
        return ""


def _with_reason(sentence: str, reason: str) -> str:
    return _("%(sentence)s: %(reason)s") % {"sentence": sentence, "reason": reason}


def _created(who: str, facts: Facts, names: _Names) -> str:
    lead = names.unit(facts["parts"]["lead"][0])
    return _("%(who)s issued the task to %(unit)s") % {"who": who, "unit": lead}


def _accepted(who: str, facts: Facts, names: _Names) -> str:
    unit = names.unit(facts["unit"])
    return _("%(who)s accepted the task for %(unit)s") % {"who": who, "unit": unit}


def _received(who: str, facts: Facts, names: _Names) -> str:
    unit = names.unit(facts["unit"])
    return _("%(who)s received the task for %(unit)s") % {"who": who, "unit": unit}


def _plan_received(who: str, facts: Facts, names: _Names) -> str:
    unit = names.unit(facts["unit"])
    return _("%(who)s received the plan for %(unit)s") % {"who": who, "unit": unit}


def _named(who: str, facts: Facts, names: _Names) -> str:
    unit = names.unit(facts["unit"])
    return _("%(who)s named who handles the task in %(unit)s") % {"who": who, "unit": unit}


def _contributed(who: str, facts: Facts, names: _Names) -> str:
    return _("%(who)s sent the part of %(unit)s, version %(version)s") % {
        "who": who,
        "unit": names.unit(facts["unit"]),
        "version": facts["version"],
    }


def _submitted(who: str, facts: Facts, names: _Names) -> str:
    version = facts["version"]
    return _("%(who)s submitted version %(version)s") % {"who": who, "version": version}


def _signed(who: str, facts: Facts, names: _Names) -> str:
    row = facts["sign_off"]
    done = {
        "approve": _("%(who)s approved"),
        "return": _("%(who)s returned it"),
        "abstain": _("%(who)s abstained"),
    }[row["decision"]] % {"who": who}
    comment = names.words(row.get("comment"))
    return _with_reason(done, comment) if comment else done


def _closed(who: str, facts: Facts, names: _Names) -> str:
    outcome = Task.Outcome(facts["outcome"]).label
    done = _("%(who)s closed the task as %(outcome)s") % {"who": who, "outcome": outcome}
    comment = names.words(facts.get("comment"))
    return _with_reason(done, comment) if comment else done


def _reassigned(who: str, facts: Facts, names: _Names) -> str:
    lead = names.unit(facts["parts"]["lead"][0])
    done = _("%(who)s gave the task to %(unit)s") % {"who": who, "unit": lead}
    return _with_reason(done, names.words(facts.get("reason")))


def _day(text: str) -> str:
    return day_long(date.fromisoformat(text))


def _extension(who: str, facts: Facts, names: _Names) -> str:
    due = _day(facts["request"]["due_date"])
    done = _("%(who)s asked for an extension until %(due)s") % {"who": who, "due": due}
    return _with_reason(done, names.words(facts["reason"]))


def _due(who: str, facts: Facts, names: _Names) -> str:
    before, after = facts["due_date"].get("from"), facts["due_date"]["to"]
    if before and after:
        words = {"who": who, "due": _day(after), "before": _day(before)}
        done = _("%(who)s moved the due date from %(before)s to %(due)s") % words
    elif after:
        done = _("%(who)s set the due date to %(due)s") % {"who": who, "due": _day(after)}
    else:
        done = _("%(who)s took the due date away") % {"who": who}
    return _with_reason(done, names.words(facts.get("reason")))


def _priority(who: str, facts: Facts, names: _Names) -> str:
    priority = Priority(facts["priority"]["to"]).label
    done = _("%(who)s set the priority to %(priority)s") % {"who": who, "priority": priority}
    return _with_reason(done, names.words(facts.get("reason")))


def _about(part: str, sentence: Any) -> Callable[[str, Facts, _Names], str]:
    """A sentence with a person in it, and the reason that stands in one part of the facts."""

    def say(who: str, facts: Facts, names: _Names) -> str:
        reason = names.words((facts.get(part) or {}).get("reason"))
        done = str(sentence) % {"who": who}
        return _with_reason(done, reason) if reason else done

    return say


def _amendment(sentence: Any) -> Callable[[str, Facts, _Names], str]:
    """A sentence with a person in it, the amendment's title, and the reason if there is one."""

    def say(who: str, facts: Facts, names: _Names) -> str:
        done = f"{str(sentence) % {'who': who}} “{facts['amendment']['title']}”"
        reason = names.words(facts.get("reason"))
        return _with_reason(done, reason) if reason else done

    return say


def _plainly(sentence: Any) -> Callable[[str, Facts, _Names], str]:
    """A sentence with nothing but a person in it, and the reason if there is one."""

    def say(who: str, facts: Facts, names: _Names) -> str:
        reason = names.words(facts.get("reason"))
        done = str(sentence) % {"who": who}
        return _with_reason(done, reason) if reason else done

    return say


SENTENCES: Mapping[str, Callable[[str, Facts, _Names], str]] = {
    "task.created": _created,
    "task.accepted": _accepted,
    "task.received": _received,
    "task.handlers_named": _named,
    "task.declined": _plainly(gettext_lazy("%(who)s declined the task")),
    "task.insisted": _plainly(gettext_lazy("%(who)s left the task where it is")),
    "contribution.sent": _contributed,
    "task.submitted": _submitted,
    "task.withdrawn": _plainly(gettext_lazy("%(who)s took the report back")),
    "approval.signed_off": _signed,
    "approval.revoked": _about("revocation", gettext_lazy("%(who)s took the decision back")),
    "approval.signer_added": _plainly(gettext_lazy("%(who)s asked for one more signature")),
    "approval.transferred": _plainly(gettext_lazy("%(who)s handed the decision on")),
    "approval.consulted": _plainly(gettext_lazy("%(who)s asked for an opinion")),
    "approval.opinion_given": _plainly(gettext_lazy("%(who)s gave an opinion")),
    "approval.asked_again": _plainly(gettext_lazy("Somebody fits the stage now and is asked")),
    "approval.escalated": _plainly(gettext_lazy("Others are asked too: the stage is overdue")),
    "approval.time_is_up": _plainly(gettext_lazy("The time for opinions is up")),
    "approval.intervention_proposed": _about(
        "intervention", gettext_lazy("%(who)s proposed an intervention in the approval")
    ),
    "approval.intervention_confirmed": _plainly(gettext_lazy("%(who)s confirmed the intervention")),
    "approval.intervention_declined": _plainly(gettext_lazy("%(who)s declined the intervention")),
    "extension.requested": _extension,
    "extension.withdrawn": _plainly(gettext_lazy("%(who)s took the request for an extension back")),
    "extension.ended": _plainly(gettext_lazy("The request for an extension ended")),
    "reopening.requested": _plainly(gettext_lazy("%(who)s asked for the task to be reopened")),
    "reopening.withdrawn": _plainly(gettext_lazy("%(who)s took the request for reopening back")),
    "reopening.ended": _plainly(gettext_lazy("The request for reopening ended")),
    "task.closed": _closed,
    "task.reopened": _plainly(gettext_lazy("%(who)s reopened the task")),
    "task.reassigned": _reassigned,
    "task.cancelled": _plainly(gettext_lazy("%(who)s cancelled the task")),
    "task.due_date_set": _due,
    "task.priority_set": _priority,
    "task.amended": _plainly(gettext_lazy("An amendment of the plan has changed this task")),
    "amendment.drafted": _amendment(gettext_lazy("%(who)s drafted an amendment")),
    "amendment.revised": _amendment(gettext_lazy("%(who)s revised the draft amendment")),
    "amendment.submitted": _amendment(gettext_lazy("%(who)s put an amendment forward")),
    "amendment.withdrawn": _amendment(gettext_lazy("%(who)s took the amendment back")),
    "amendment.abandoned": _amendment(gettext_lazy("%(who)s abandoned the amendment")),
    "plan.drafted": _plainly(gettext_lazy("%(who)s stored the draft")),
    "plan.revised": _plainly(gettext_lazy("%(who)s revised the draft")),
    "plan.approval_opened": _plainly(gettext_lazy("%(who)s put the plan forward for approval")),
    "plan.withdrawn": _plainly(gettext_lazy("%(who)s took the plan back")),
    "plan.issued": _plainly(gettext_lazy("%(who)s issued the plan")),
    "plan.received": _plan_received,
    "plan.in_force": _plainly(
        gettext_lazy("Every addressee has received the plan: it is in force")
    ),
    "plan.completed": _plainly(gettext_lazy("All tasks are over: the plan is completed")),
    "plan.cancelled": _plainly(gettext_lazy("%(who)s cancelled the plan")),
}
