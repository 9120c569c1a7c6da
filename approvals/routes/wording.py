"""Routes in plain sentences: what a stage asks, what is wrong with it, what a version changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from approvals.routes.specs import (
    MOST_DAYS,
    MOST_SELECTORS,
    MOST_STAGES,
    Problem,
    Selector,
    StageSpec,
)
from audit.spacing import in_a_row
from directory.models import Post, Unit

Names = Mapping[str, str]
"""What units, people and plans are called, by id."""

PROBLEMS: dict[str, str | Promise] = {
    "no_stage": gettext_lazy("it has no stage."),
    "too_many_stages": gettext_lazy("it has more than %(stages)d stages."),
    "nobody_decides": gettext_lazy(
        "all stages ask for opinions only, so it would pass whatever they say."
    ),
    "all_conditional": gettext_lazy(
        "every stage has a condition, so there are cases in which nobody would be asked."
    ),
    "too_long": gettext_lazy("it names too many people and units for one record."),
    "stranger": gettext_lazy("it names a unit or a person that this organisation doesn't have."),
    "chosen_elsewhere": gettext_lazy(
        "the submitter chooses who signs, but neither substitutes nor whom else is asked when it "
        "is overdue."
    ),
    "no_name": gettext_lazy("give it a name of at most 60 characters."),
    "unknown_rule": gettext_lazy("it has an unknown rule."),
    "unknown_refusal": gettext_lazy("it has an unknown rule for returns."),
    "unknown_after_return": gettext_lazy("it doesn't say what follows a return."),
    "unknown_repeat_signer": gettext_lazy("it doesn't say whether somebody is asked again."),
    "unknown_evidence": gettext_lazy("it asks for an unknown proof."),
    "unknown_may": gettext_lazy("it gives its signers an unknown right."),
    "unknown_condition": gettext_lazy("its condition is incomplete."),
    "no_quorum": gettext_lazy("a vote needs either a number or a percentage."),
    "quorum_without_vote": gettext_lazy("only a vote has a number or a percentage."),
    "due_in": gettext_lazy("a deadline is a number of working days from 1 to %(days)d."),
    "escalates_never": gettext_lazy(
        "somebody is asked when it is overdue, but it has no deadline."
    ),
    "passes_by_itself": gettext_lazy(
        "opinions with a deadline can't be the last stage: it would pass by itself."
    ),
    "returns_forward": gettext_lazy("a stage can only be returned to an earlier one."),
    "asks_nobody": gettext_lazy("say who signs."),
    "too_many_selectors": gettext_lazy("it has more than %(selectors)d lines of signers."),
    "unknown_select": gettext_lazy("it selects its signers in an unknown way."),
    "role_without_say": gettext_lazy("it asks posts that sign nothing off."),
    "selects_nobody": gettext_lazy("it doesn't say whom it asks."),
    "weight": gettext_lazy("a weight is a whole number from 1 to 1000."),
    "levels": gettext_lazy("a unit is 1 to 9 levels above another."),
}


def problem(found: Problem, stages: Sequence[StageSpec]) -> str:
    """What keeps the route from being published, and at which stage."""
    words = complaint(found)
    if not found.position:
        return words
    return pgettext("a stage and what is wrong with it", "%(stage)s: %(problem)s") % {
        "stage": stage_name(found.position, stages[found.position - 1].name),
        "problem": words,
    }


def complaint(found: Problem) -> str:
    """What is wrong, for where it stands beside the stage itself."""
    return str(PROBLEMS[found.code]) % {
        "days": MOST_DAYS,
        "selectors": MOST_SELECTORS,
        "stages": MOST_STAGES,
    }


def stage_name(position: int, name: str) -> str:
    if not name.strip():
        return _("stage %(position)d") % {"position": position}
    return _("stage %(position)d “%(name)s”") % {"position": position, "name": name}


KINDS: dict[str, str | Promise] = {
    "task_completion": gettext_lazy("completion of a task"),
    "plan_countersign": gettext_lazy("countersigning a plan"),
    "plan_issue": gettext_lazy("issuing a plan"),
    "plan_amendment": gettext_lazy("amending a plan in force"),
    "task_extension": gettext_lazy("extension of a task"),
    "task_reopening": gettext_lazy("reopening of a task"),
    "route_publication": gettext_lazy("publication of a route"),
}


def kind(subject_kind: str) -> str:
    """What a route is for."""
    return str(KINDS.get(subject_kind, subject_kind))


def selector(one: Selector, names: Names) -> str:
    """Whom a selector asks, by name."""
    role = str(dict(Post.Role.choices).get(str(one.get("role")), ""))
    words = {"role": role, "unit": names.get(str(one.get("unit")), _("an unknown unit"))}
    match one.get("select"):
        case "post":
            said = _("%(role)s of %(unit)s") % words
        case "post_of_lead":
            said = _("%(role)s of the lead unit") % words
        case "post_of_each_cooperating":
            said = _("%(role)s of each cooperating unit") % words
        case "post_of_coordinating":
            said = _("%(role)s of the coordinating unit") % words
        case "post_of_reviewing":
            said = _("%(role)s of the reviewing office") % words
        case "post_of_superior":
            said = _superior(one, role)
        case "person":
            said = names.get(str(one.get("person")), _("an unknown person"))
        case _:
            among = selector(one.get("from", {"select": "person"}), names)
            said = _("whom the submitter chooses: %(who)s") % {"who": among}
    if one.get("weight", 1) == 1:
        return said
    return _("%(who)s, counting %(weight)s") % {"who": said, "weight": one["weight"]}


def _superior(one: Selector, role: str) -> str:
    levels = one.get("levels", 1)
    if levels == 1:
        return _("%(role)s of the unit above the lead unit") % {"role": role}
    return _("%(role)s of the unit %(levels)s levels above the lead unit") % {
        "role": role,
        "levels": levels,
    }


def selectors(found: Sequence[Selector], names: Names) -> str:
    return pgettext("between names", ", ").join(selector(one, names) for one in found)


def rule(spec: StageSpec) -> str:
    """What makes the stage pass, in one sentence."""
    if spec.refusal == "advice":
        return _("Only opinions are asked; the stage passes when all have spoken.")
    if spec.rule == "any":
        return _("One approval is enough.")
    if spec.rule == "all":
        return _("Everybody has to approve.")
    if spec.quorum_percent:
        return _("%(percent)s %% of the votes are needed.") % {"percent": spec.quorum_percent}
    number = spec.quorum_number or 0
    return ngettext("%(number)s vote is needed.", "%(number)s votes are needed.", number) % {
        "number": number or "?"
    }


def refusal(spec: StageSpec) -> str:
    return {
        "veto": _("One return ends the stage."),
        "vote": _("A return counts as a vote against."),
    }.get(spec.refusal, "")


PROOFS: dict[str, str | Promise] = {
    "password": gettext_lazy("Whoever signs enters their password again."),
    "passkey": gettext_lazy("Whoever signs uses their passkey."),
}
RIGHTS: dict[str, str | Promise] = {
    "add_signer": pgettext_lazy("what a signer may do", "add a signer"),
    "transfer": pgettext_lazy("what a signer may do", "transfer it to somebody else"),
    "consult": pgettext_lazy("what a signer may do", "ask for an opinion"),
}
PRIORITIES: dict[str, str | Promise] = {
    "high": pgettext_lazy("priority", "high"),
    "normal": pgettext_lazy("priority", "normal"),
    "low": pgettext_lazy("priority", "low"),
}


def notes(spec: StageSpec, stages: Sequence[StageSpec], names: Names) -> list[str]:
    """All else that a stage says, a sentence each, in the order in which it matters."""
    return [
        *_who_else(spec, names),
        *_when_returned(spec, stages),
        *_in_time(spec, names),
        *([str(PROOFS[spec.evidence])] if spec.evidence in PROOFS else []),
        *_rights(spec),
    ]


def condition(spec: StageSpec, names: Names) -> str:
    """When the stage applies at all; nothing where it always does."""
    asked = spec.condition or {}
    known: dict[str, tuple[str, Mapping[str, str | Promise]]] = {
        "plans": ("plan", {}),
        "unit_kinds": ("unit", dict(Unit.Kind.choices)),
        "priorities": ("priority", PRIORITIES),
    }
    said = []
    for name, (word, labels) in known.items():
        if values := asked.get(name):
            shown = [str(labels.get(one) or names.get(one, one)) for one in values]
            listed = pgettext("between names", ", ").join(shown)
            said.append(CONDITIONS[word] % {"values": listed})
    return in_a_row(said)


CONDITIONS: dict[str, Promise] = {
    "plan": gettext_lazy("Only for tasks of these plans: %(values)s."),
    "unit": gettext_lazy("Only where the lead unit is a %(values)s."),
    "priority": gettext_lazy("Only for this priority: %(values)s."),
}


def _who_else(spec: StageSpec, names: Names) -> Iterator[str]:
    if said := condition(spec, names):
        yield said
    if spec.sequential:
        yield _("They are asked one after the other.")
    if spec.fallback:
        yield _("If none of them can act: %(names)s.") % {"names": selectors(spec.fallback, names)}


def _when_returned(spec: StageSpec, stages: Sequence[StageSpec]) -> Iterator[str]:
    if spec.returns_to:
        places = [
            stage_name(target, stages[target - 1].name)
            for target in spec.returns_to
            if 0 < target <= len(stages)
        ]
        yield _("A return goes to the submitter, or to %(stages)s.") % {
            "stages": pgettext("between names", ", ").join(places)
        }
    if spec.after_return == "resume":
        yield _("After a return it goes on here if nothing but an answer was added.")
    if spec.repeat_signer == "carry":
        yield _("Whoever signed at an earlier stage isn't asked again.")


def _in_time(spec: StageSpec, names: Names) -> Iterator[str]:
    if spec.due_in is None:
        return
    yield ngettext(
        "Due within %(days)d working day.", "Due within %(days)d working days.", spec.due_in
    ) % {"days": spec.due_in}
    if spec.escalate_to:
        yield _("When overdue, these are asked as well: %(names)s.") % {
            "names": selectors(spec.escalate_to, names)
        }


def _rights(spec: StageSpec) -> Iterator[str]:
    rights = [str(RIGHTS[one]) for one in spec.may if one in RIGHTS]
    if rights:
        yield _("Signers may: %(rights)s.") % {
            "rights": pgettext("between names", ", ").join(rights)
        }


def in_words(stages: Sequence[StageSpec], names: Names) -> str:
    """The whole route in a few sentences: what a picture's description says."""
    said = [
        pgettext("stage: who and rule", "%(stage)s: %(who)s. %(rule)s")
        % {
            "stage": stage_name(position, spec.name),
            "who": selectors(spec.approvers, names) or _("nobody yet"),
            "rule": rule(spec),
        }
        for position, spec in enumerate(stages, 1)
    ]
    return in_a_row(said)


def spoken(names: Names) -> Callable[[Sequence[StageSpec], int], dict[str, str]]:
    """What a stage says, by what it is about: for comparing two versions."""

    def said(stages: Sequence[StageSpec], position: int) -> dict[str, str]:
        spec = stages[position - 1]
        return {
            _("Name"): spec.name,
            _("Signs"): selectors(spec.approvers, names),
            _("Passes"): in_a_row([rule(spec), refusal(spec)]),
            _("Applies"): condition(spec, names),
            _("Returns"): in_a_row(_when_returned(spec, stages)),
            _("Deadline"): in_a_row(_in_time(spec, names)),
            _("Otherwise"): in_a_row(_otherwise(spec, names)),
        }

    return said


def _otherwise(spec: StageSpec, names: Names) -> Iterator[str]:
    if spec.sequential:
        yield _("They are asked one after the other.")
    if spec.fallback:
        yield _("If none of them can act: %(names)s.") % {"names": selectors(spec.fallback, names)}
    if spec.evidence in PROOFS:
        yield str(PROOFS[spec.evidence])
    yield from _rights(spec)


CHANGES: dict[str, Promise] = {
    "added": pgettext_lazy("stage", "new"),
    "removed": pgettext_lazy("stage", "gone"),
    "changed": pgettext_lazy("stage", "changed"),
    "moved": pgettext_lazy("stage", "moved"),
    "same": pgettext_lazy("stage", "as before"),
}
