"""What a row of the inbox says: the verb, the reasons, where it leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from approvals.models import WorkItem
from audit.templatetags.ui import day_long
from directory.queries import Holding
from workflows.lights import light
from workflows.models import Plan, PlanImport, Task, TaskRequest
from workflows.queries.errands import ADVISE, APPROVE_PASSKEY, CONFIRM, DECIDE, Known
from workflows.queries.inbox import Errand

VERBS: Mapping[str, Promise] = {
    "decide": pgettext_lazy("inbox", "Review"),
    "advise": pgettext_lazy("inbox", "Advise"),
    "accept": pgettext_lazy("inbox", "Receive"),
    "receive": pgettext_lazy("inbox", "Receive"),
    "report": pgettext_lazy("inbox", "Report"),
    "contribute": pgettext_lazy("inbox", "Contribute"),
    "close": pgettext_lazy("inbox", "Close"),
    "settle": pgettext_lazy("inbox", "Settle"),
    "receive_plan": pgettext_lazy("inbox", "Receive"),
    "draft_plan": pgettext_lazy("inbox", "Complete"),
    "revise_plan": pgettext_lazy("inbox", "Revise"),
    "draft_amendment": pgettext_lazy("inbox", "Complete"),
    "revise_amendment": pgettext_lazy("inbox", "Revise"),
    "revise_extension": pgettext_lazy("inbox", "Revise"),
    "revise_reopening": pgettext_lazy("inbox", "Revise"),
    "issue_plan": pgettext_lazy("inbox", "Issue"),
    "check_import": pgettext_lazy("inbox", "Check"),
    "confirm": pgettext_lazy("inbox", "Confirm"),
    "approve_passkey": pgettext_lazy("inbox", "Confirm"),
}
"""What is to be done, by kind of errand."""

CHOICES: Sequence[tuple[str, Promise, Sequence[str]]] = (
    ("review", VERBS["decide"], ("decide", "advise", "confirm", "approve_passkey")),
    ("receive", VERBS["accept"], ("accept", "receive", "receive_plan")),
    (
        "report",
        VERBS["report"],
        ("report", "contribute", "revise_extension", "revise_reopening"),
    ),
    ("close", pgettext_lazy("inbox", "Close or settle"), ("close", "settle")),
    (
        "plans",
        pgettext_lazy("inbox", "Drafts and imports"),
        (
            *("draft_plan", "revise_plan", "issue_plan", "check_import"),
            *("draft_amendment", "revise_amendment"),
        ),
    ),
)
"""How the list may be narrowed: value, label, kinds."""

GROUPS: Mapping[str, Promise] = {
    "overdue": pgettext_lazy("inbox", "Overdue"),
    "today": pgettext_lazy("inbox", "Due today"),
    "week": pgettext_lazy("inbox", "This week"),
    "later": pgettext_lazy("inbox", "Later"),
    "undated": pgettext_lazy("inbox", "Without a deadline"),
}


@dataclass(frozen=True)
class Row:
    """A row as `includes/row.html` takes it; `left` counts working days."""

    verb: str | Promise
    title: str
    url: str
    why: Sequence[str]
    number: str = ""
    light: str = ""
    left: int | None = None
    due: date | None = None
    decides: UUID | None = None
    """The turn, where a decision is asked."""


def row(errand: Errand, known: Known, stand_in: Holding | None, left: int | None) -> Row:
    """The row of one errand; `stand_in` is the delegated post in which it is done, if it is."""
    title, number = _title(errand, known)
    why = [*_why(errand, known), *([_for(stand_in)] if stand_in else [])]
    return Row(
        verb=_verb(errand, known),
        title=title,
        url=_url(errand, known),
        why=[reason for reason in why if reason],
        number=number,
        light=light(left, started=errand.kind != "accept") if errand.due_date else "",
        left=left,
        due=errand.due_date,
        decides=errand.item if errand.kind == DECIDE else None,
    )


def numbered(task: Task) -> str:
    """ "Measure 14"."""
    return _("Measure %(number)s") % {"number": task.measure.number} if task.measure.number else ""


def _verb(errand: Errand, known: Known) -> str | Promise:
    came_back = errand.kind == "report" and _task(errand, known).returned
    return VERBS["revise_plan" if came_back else errand.kind]


def _title(errand: Errand, known: Known) -> tuple[str, str]:
    if errand.kind == APPROVE_PASSKEY:
        words = {"name": known.passkeys[errand.item].name}
        return _("Passkey “%(name)s”") % words, ""
    if task := known.tasks.get(errand.subject):
        return task.title, numbered(task)
    if plan := known.plans.get(errand.subject):
        return plan.title or _("A plan without a title"), ""
    if other := known.others.get(errand.subject):
        return other.title, ""
    found = known.imports[errand.subject]
    return found.title or found.source_name, ""  # type: ignore[attr-defined]


def _url(errand: Errand, known: Known) -> str:
    if errand.kind == APPROVE_PASSKEY:
        return reverse("passkey_approvals")
    if errand.kind == CONFIRM:
        return reverse("intervention", args=[known.proposed[errand.item].approval_id])
    if errand.kind in (DECIDE, ADVISE):
        return reverse("review", args=[errand.item])
    if errand.kind == "check_import":
        return reverse("plan_review", args=[errand.subject])
    if errand.kind.endswith("_plan"):
        return reverse("plan", args=[errand.subject])
    return reverse(WHERE.get(errand.kind, "task"), args=[errand.subject])


WHERE = {
    "report": "report",
    "revise_extension": "extension",
    "revise_reopening": "reopening",
    "draft_amendment": "amendment",
    "revise_amendment": "amendment",
}
"""The addresses of what isn't done from the task's own page."""


def _task(errand: Errand, known: Known) -> Task:
    return known.tasks[errand.subject]


def _why(errand: Errand, known: Known) -> list[str]:
    """Why it is here: who sent it, what part one's unit has, how far others are."""
    if errand.kind == DECIDE:
        lead = known.tasks[errand.subject].lead_name if errand.subject in known.tasks else ""
        other = known.others.get(errand.subject)
        return [other.detail if other else lead, *_seat(known.seats[errand.item])]
    if errand.kind == CONFIRM:
        words = {"name": known.proposed[errand.item].proposed_by.name}
        return [_("%(name)s proposes a way on for a stuck approval") % words]
    if errand.kind == APPROVE_PASSKEY:
        words = {"name": known.passkeys[errand.item].person.name}
        return [_("%(name)s set it up, and a second person has to approve it") % words]
    if errand.kind == ADVISE:
        return [_question(known.seats[errand.item], known)]
    if task := known.tasks.get(errand.subject):
        return [_part(errand.kind, task), task.plan.number or task.plan.title]
    if plan := known.plans.get(errand.subject):
        return [_plan(errand.kind, plan), plan.number]
    if other := known.others.get(errand.subject):
        return [_drafted(errand.kind), other.detail]
    return [_import(known.imports[errand.subject])]


def _seat(seat: WorkItem) -> list[str]:
    reasons = [_sent(seat), _("Stage “%(stage)s”") % {"stage": seat.opening.stage.name}]
    asked: int = seat.asked  # type: ignore[attr-defined]
    if asked > 1:
        decided = seat.decided or 0  # type: ignore[attr-defined]
        words = ngettext(
            "%(decided)d of %(asked)d has decided", "%(decided)d of %(asked)d have decided", decided
        )
        reasons.append(words % {"decided": decided, "asked": asked})
    return reasons


def _sent(seat: WorkItem) -> str:
    words = {"name": seat.opening.round.submitter.name}
    match seat.approval.subject_kind:
        case TaskRequest.Kind.EXTENSION:
            until = day_long(seat.until)  # type: ignore[attr-defined]
            return _("%(name)s asks for an extension until %(due)s") % (words | {"due": until})
        case TaskRequest.Kind.REOPENING:
            return _("%(name)s asks for the task to be reopened") % words
    version = seat.version  # type: ignore[attr-defined]
    return _("%(name)s submitted version %(version)s") % (words | {"version": version})


def asked_for(kind: str, until: date | None = None) -> str:
    """What a request is called, in the row of something that was done."""
    if kind == TaskRequest.Kind.REOPENING:
        return pgettext("request", "reopening of the task")
    if until is None:
        return pgettext("request", "extension of the due date")
    return pgettext("request", "extension until %(due)s") % {"due": day_long(until)}


def _question(seat: WorkItem, known: Known) -> str:
    text = known.questions.get(bytes(seat.note or b"")) or _("(erased)")
    return _("%(name)s asks: “%(question)s”") % {"name": seat.asked_by, "question": text}


def _part(kind: str, task: Task) -> str:
    lead = {"unit": task.lead_name}
    match kind:
        case "accept":
            return _("Your unit leads this task")
        case "receive":
            return _("Your unit takes part; %(unit)s leads") % lead
        case "report" if task.returned:
            return _("The report came back to be revised")
        case "report":
            return _("Your unit leads this task")
        case "contribute":
            return _("%(unit)s needs your unit's part for its report") % lead
        case "revise_extension":
            return _("The request for an extension came back")
        case "revise_reopening":
            return _("The request for reopening came back")
        case "close":
            return _("The report of %(unit)s has passed its approval") % lead
        case _:
            return _("%(unit)s says that the task isn't its own") % lead


def _plan(kind: str, plan: Plan) -> str:
    if kind == "receive_plan":
        return _("Sent to your unit by %(unit)s") % {"unit": plan.coordinator.name}
    return _drafted(kind)


def _drafted(kind: str) -> str:
    """How far a plan or an amendment has come that isn't in force."""
    match kind:
        case "draft_plan" | "draft_amendment":
            return _("A draft; nobody has been told of it yet")
        case "revise_plan" | "revise_amendment":
            return _("Came back to be revised")
        case _:
            return _("Approved; issuing it makes its tasks")


def _import(found: PlanImport) -> str:
    words = pgettext("import", "An import from “%(file)s” that waits to be checked and stored")
    return words % {"file": found.source_name}


def _for(stand_in: Holding) -> str:
    name = stand_in.acting_for.name if stand_in.acting_for else ""
    return _("For %(name)s, %(unit)s %(post)s") % {
        "name": name,
        "unit": stand_in.unit.name,
        "post": stand_in.post.title,
    }


def kinds_of(choice: str) -> Sequence[str]:
    """The kinds behind a choice of the filter; none for anything else, which means all."""
    return next((kinds for value, _label, kinds in CHOICES if value == choice), ())
