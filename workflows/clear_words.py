"""What an entry's body says in clear, in words: for people who hold a form and have no account.

Names, titles of tasks, comments and texts stand behind commitments and are left out; so is
everything that only looking up would explain. Pure but for the labels of the models' choices.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import sentences
from approvals.models import Approval, Opening, SignOff
from audit.templatetags.ui import STATES, short_code
from workflows.models import Task

Body = Mapping[str, Any]
Line = tuple[str, str]


def clear(body: Body) -> list[Line]:
    """Labels and words, in the order in which people ask."""
    facts: Body = body.get("facts") or {}
    return [*_who(body), *_signed(facts), *_approval(facts), *_task(facts), *_report(facts)]


def _who(body: Body) -> Iterator[Line]:
    if held := body.get("capacity"):
        yield _("Capacity"), sentences.capacity(held["unit_name"], held["title"])
    if body.get("acting_for"):
        yield _("Acting for"), _("somebody else, by delegation")


def _signed(facts: Body) -> Iterator[Line]:
    if not (signed := facts.get("sign_off")):
        return
    yield _("Decision"), str(SignOff.Decision(signed["decision"]).label)
    if signed["decision"] == SignOff.Decision.RETURN:
        target = signed.get("target")
        to = _("stage %(number)s") % {"number": target} if target else _("the submitter")
        yield _("Returned to"), to
    personally = signed.get("evidence") == "passkey"
    yield _("Proved by"), _("personally signed") if personally else _("server-attested")
    yield _("Short code of the statement"), str(short_code(signed["statement"]))
    yield _("Comment"), _("yes; its words are not public") if signed["comment"] else _("none")


def _approval(facts: Body) -> Iterator[Line]:
    if closed := facts.get("closed"):
        yield _("The stage"), str(Opening.Outcome(closed["outcome"]).label)
    if moved := facts.get("approval"):
        yield _("Round"), str(moved["round"])
        yield _("The approval"), str(Approval.State(moved["state"]).label)


def _task(facts: Body) -> Iterator[Line]:
    state = str((facts.get("state") or {}).get("to"))
    if state in STATES:
        yield pgettext("of a task, from then on", "The task"), str(STATES[state])
    if outcome := facts.get("outcome"):
        yield _("Outcome"), str(Task.Outcome(outcome).label)
    due = facts.get("due_date")
    if isinstance(due, Mapping):
        due = due.get("to")
    if due:
        yield _("Deadline"), date_format(date.fromisoformat(due), pgettext("date format", "j M Y"))


def _report(facts: Body) -> Iterator[Line]:
    if "percent" in facts and "version" in facts:
        yield _("Version of the report"), str(facts["version"])
        yield _("Progress"), f"{facts['percent']} %"
        yield _("Files"), str(len(facts.get("evidence", ())))
