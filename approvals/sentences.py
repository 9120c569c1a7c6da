"""The sentences that people sign and read. What stands in a statement is what the page showed."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from approvals.models import SignOff, Stage
from approvals.rules import Tally
from audit.spacing import apart, in_a_row
from directory.calendar import WorkingDays
from directory.models import Post

Decision = SignOff.Decision


def meaning(
    decision: str, *, subject: str, stage: str, round: int, capacity: str, lent: bool = False
) -> str:
    """What the decision says, as shown before it is signed and kept in the statement.

    No person is named: the statement stays for ever, and a name in it could never be erased.
    """
    words = {"subject": subject, "stage": stage, "round": round, "capacity": capacity}
    return str((FOR_SOMEBODY if lent else ONESELF)[Decision(decision)]) % words


ONESELF = {
    Decision.APPROVE: gettext_lazy(
        "As %(capacity)s, I approve “%(subject)s” at the stage “%(stage)s”, round %(round)s."
    ),
    Decision.RETURN: gettext_lazy(
        "As %(capacity)s, I return “%(subject)s” at the stage “%(stage)s”, round %(round)s, for the"
        " reason given."
    ),
    Decision.ABSTAIN: gettext_lazy(
        "As %(capacity)s, I abstain on “%(subject)s” at the stage “%(stage)s”, round %(round)s."
    ),
}
FOR_SOMEBODY = {
    Decision.APPROVE: gettext_lazy(
        "By delegation, as %(capacity)s, I approve “%(subject)s” at the stage “%(stage)s”,"
        " round %(round)s."
    ),
    Decision.RETURN: gettext_lazy(
        "By delegation, as %(capacity)s, I return “%(subject)s” at the stage “%(stage)s”,"
        " round %(round)s, for the reason given."
    ),
    Decision.ABSTAIN: gettext_lazy(
        "By delegation, as %(capacity)s, I abstain on “%(subject)s” at the stage “%(stage)s”,"
        " round %(round)s."
    ),
}


def did(decision: str, name: str, *, went_back: bool = True) -> str:
    """Who decided what, as a clause of its own; a return may have been outvoted, or just advice."""
    clauses = {
        Decision.APPROVE: _("%(name)s approved"),
        Decision.RETURN: _("%(name)s returned it")
        if went_back
        else _("%(name)s was for returning it"),
        Decision.ABSTAIN: _("%(name)s abstained"),
    }
    return clauses[Decision(decision)] % {"name": name}


def you_did(decision: str, date: str) -> str:
    """One's own decision, to go on after a colon."""
    clauses = {
        Decision.APPROVE: _("you approved on %(date)s."),
        Decision.RETURN: _("you decided to return it on %(date)s."),
        Decision.ABSTAIN: _("you abstained on %(date)s."),
    }
    return clauses[Decision(decision)] % {"date": date}


def actor_for(name: str, principal: str) -> str:
    """B for A: how a decision under a delegation names the two."""
    if not principal:
        return name
    return pgettext("delegation", "%(name)s for %(principal)s") % {
        "name": name,
        "principal": principal,
    }


def count(tally: Tally, outcome: str = "") -> str:
    """How far a stage has come, in a few words."""
    score = {"approved": tally.approved, "needed": tally.needed}
    if tally.result == "passed":
        return _("%(approved)s of %(needed)s: passed") % score
    if outcome or tally.result == "returned":
        return _("%(approved)s of %(needed)s: not passed") % score
    return _("%(approved)s of %(needed)s so far") % score


def heard(spoken: int, asked: int) -> str:
    """How far a stage has come that hears opinions and counts nothing."""
    score = {"spoken": spoken, "asked": asked}
    if spoken < asked:
        return _("%(spoken)s of %(asked)s have spoken so far") % score
    return _("%(spoken)s of %(asked)s have spoken") % score


def listed(names: Sequence[str]) -> str:
    """Names in a row."""
    return pgettext("between names", ", ").join(names)


def capacity(unit: str | None, title: str | None) -> str:
    """Unit and post in one; for somebody asked by name, just that."""
    if not title:
        return _("asked by name")
    return pgettext("unit and post", "%(unit)s, %(title)s") % {"unit": unit, "title": title}


def signs_as(unit: str | None, title: str | None) -> str:
    """In which capacity somebody signs, to go on after "as"."""
    return capacity(unit, title) if title else pgettext("as whom", "somebody asked by name")


def signed_as(row: SignOff, post: Post | None) -> str:
    """The capacity of a sign-off: as it was called then, in the language that is spoken now.

    What is kept joins unit and post as the signer's language does. `post` is the seat's, with its
    unit; None where somebody was asked by name.
    """
    if post is None:
        return capacity(None, None)
    now = capacity(post.unit.name, post.title)
    return now if _letters(row.capacity) == _letters(now) else row.capacity


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def then(decision: str, tally: Tally, ahead: str) -> str:
    """What follows from a decision at this moment."""
    score = {"approved": tally.approved, "needed": tally.needed, "stage": ahead}
    if tally.result == "passed":
        if ahead:
            return (
                _("%(approved)s of %(needed)s: the stage passes and goes to “%(stage)s”.") % score
            )
        return _("%(approved)s of %(needed)s: the last stage passes and the approval ends.") % score
    if decision == Decision.APPROVE:
        return _("%(approved)s of %(needed)s: the stage goes on with the others.") % score
    if decision == Decision.RETURN:
        return _("Your return is counted; the stage goes on with the others.")
    return _("Recorded without a say; the stage goes on with the others.")


def advised(tally: Tally, ahead: str) -> str:
    """What follows from an opinion, whichever it is."""
    if tally.result != "passed":
        return _("Recorded as your opinion; the others are still asked.")
    if ahead:
        return _("Recorded as your opinion; all have spoken, and it goes to “%(stage)s”.") % {
            "stage": ahead
        }
    return _("Recorded as your opinion; all have spoken, and the approval ends.")


def comes_back(*, chosen: bool, resumes: bool) -> str:
    """What follows from a return that ends the stage."""
    if chosen:
        return _("It goes back with your reason, to where you choose below.")
    if resumes:
        return _(
            "It goes back to the submitter with your reason, and comes back to this stage directly"
            " if nothing that was read before changes."
        )
    return _("It goes back to the submitter with your reason, and all stages are asked again.")


def back_to_submitter(name: str, *, resumes: bool) -> str:
    """Where a return to the submitter leads."""
    if resumes:
        text = _(
            "back to %(name)s, who submitted it; it comes back to this stage directly if nothing"
            " that was read before changes"
        )
        return text % {"name": name}
    return _("back to %(name)s, who submitted it; all stages are asked again") % {"name": name}


def back_to(stage: str, first: int, last: int, *, resumes: bool) -> str:
    """Where a return to an earlier stage leads."""
    words = {"stage": stage, "first": first, "last": last}
    if resumes:
        text = _("back to the stage “%(stage)s”; it comes back to this stage directly afterwards")
        return text % words
    return _("back to the stage “%(stage)s”; stages %(first)s to %(last)s are asked again") % words


def asked_by(origin: str, name: str, note: str, *, moved: bool = False) -> str:
    """How somebody came to be asked beside the route."""
    words = {"name": name, "note": note}
    if not note and moved:
        return _("handed on by %(name)s") % words
    if not note:
        return (_("added by %(name)s") if origin == "added" else _("asked by %(name)s")) % words
    if moved:
        return _("handed on by %(name)s: “%(note)s”") % words
    if origin == "consulted":
        return _("asked for an opinion by %(name)s: “%(note)s”") % words
    return _("added by %(name)s: “%(note)s”") % words


def lasted(start: datetime, end: datetime, days: WorkingDays) -> str:
    """How long something took: hours within a day, working days beyond."""
    passed = days.between(localdate(start), localdate(end))
    if passed > 0:
        return ngettext("%(n)d working day", "%(n)d working days", passed) % {"n": passed}
    hours = (end - start) // timedelta(hours=1)
    if hours < 1:
        return _("less than an hour")
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}


def took(start: datetime, end: datetime | None, now: datetime, days: WorkingDays) -> str:
    """The time that a step took, or has taken so far."""
    if end:
        return apart(_("took %(time)s") % {"time": lasted(start, end, days)})
    return apart(_("%(time)s so far") % {"time": lasted(start, max(start, now), days)})


def carried(stage: str) -> str:
    return _("carried over from the stage “%(stage)s”") % {"stage": stage}


def turn_after(name: str) -> str:
    """When it is the turn of somebody who is to decide after another."""
    return _("%(name)s decides first; then it is your turn.") % {"name": name}


def given(name: str) -> str:
    """How somebody came to a seat that an intervention gave to them."""
    return _("given the seat by an intervention that %(name)s proposed") % {"name": name}


def handed_on(name: str) -> str:
    return _("handed on to %(name)s") % {"name": name}


def taken_back(reason: str) -> str:
    if not reason:
        return _("taken back")
    return _("taken back: “%(reason)s”") % {"reason": reason}


def more(number: int) -> str:
    return ngettext("%(number)s more", "%(number)s more", number) % {"number": number}


def vacant(post: str) -> str:
    return _("%(post)s (vacant)") % {"post": post}


def closed_account(name: str) -> str:
    return _("%(name)s (account closed)") % {"name": name}


def decide_at(stage: str, names: Sequence[str]) -> str:
    """Who is next, at which stage."""
    return ngettext(
        "%(names)s decides at “%(stage)s”", "%(names)s decide at “%(stage)s”", len(names)
    ) % {"names": listed(names), "stage": stage}


def erased() -> str:
    return _("(erased)")


def rule(stage: Stage) -> str:
    """What makes a stage pass, what a return does, and in which order; in a sentence each."""
    sentences = {
        "any": _("One approval is enough."),
        "all": _("Everybody has to approve."),
        "quorum": _("%(percent)s %% of the votes are needed.") % {"percent": stage.quorum_percent}
        if stage.quorum_percent
        else ngettext(
            "%(number)s vote is needed.", "%(number)s votes are needed.", stage.quorum_number or 0
        )
        % {"number": stage.quorum_number},
    }
    refusal = {
        "veto": _("One return ends the stage."),
        "vote": _("A return counts as a vote against."),
        "advice": _("Only opinions are asked; the stage passes when all have spoken."),
    }
    said = [refusal[stage.refusal]]
    if stage.refusal != "advice":
        said.insert(0, sentences[stage.rule])
    if stage.sequential:
        said.append(_("They are asked one after the other."))
    return in_a_row(said)


def selector(one: Mapping[str, Any], units: Mapping[str, str]) -> str:
    """Whom a selector asks, in plain words."""
    role = Post.Role(one["role"]).label if "role" in one else ""
    words = {"role": role, "unit": units.get(str(one.get("unit")), ""), "levels": one.get("levels")}
    by_kind = {
        "post": _("%(role)s of %(unit)s"),
        "post_of_lead": _("%(role)s of the lead unit"),
        "post_of_each_cooperating": _("%(role)s of each cooperating unit"),
        "post_of_coordinating": _("%(role)s of the coordinating unit"),
        "post_of_reviewing": _("%(role)s of the reviewing office"),
        "post_of_superior": _("%(role)s of the unit above the lead unit"),
        "person": _("a person asked by name"),
    }
    if "from" in one:
        return _("whom the submitter chooses: %(who)s") % {"who": selector(one["from"], units)}
    return by_kind[one["select"]] % words


def skipped(reason: str, condition: str = "") -> str:
    """Why a stage was left out; `condition` is the sentence that says when it applies."""
    if reason == "condition" and condition:
        return in_a_row([condition, _("That doesn't hold here, so nobody was asked.")])
    known = {
        "no_cooperating_unit": _("No unit cooperates, so nobody was asked."),
        "condition": _("Its condition doesn't hold here, so nobody was asked."),
    }
    return known.get(reason, reason)


def circumstance(reason: str) -> str:
    """What was out of the ordinary about an opening; empty where nothing was."""
    known = {
        "fallback": _("Nobody whom the route names could act, so its substitutes were asked."),
        "carried": _("It passed as it opened, with approvals carried over."),
        "time_is_up": _("Its time was up; nobody is said to have decided."),
        "intervention": _("An intervention ended it undecided."),
    }
    return known.get(reason, "")


def ended(outcome: str) -> str:
    """What became of an opening."""
    return {
        "passed": _("passed"),
        "returned": _("returned"),
        "skipped": _("skipped"),
        "withdrawn": _("ended undecided: withdrawn"),
        "cancelled": _("ended undecided: cancelled"),
    }[outcome]


def stuck(stage: str, reason: str, vacant: Sequence[str]) -> str:
    """Why a stage waits, for those who can do nothing about it; `vacant`: posts nobody holds."""
    words = {"stage": stage, "posts": listed(vacant)}
    return {
        "no_post": _("“%(stage)s” waits: no post fits it yet"),
        "vacant": _("“%(stage)s” waits until somebody is appointed: nobody holds %(posts)s now"),
        "excluded": _(
            "“%(stage)s” waits until somebody else is appointed: those who are asked wrote or"
            " submitted it, or have had their say"
        ),
        "out_of_reach": _(
            "“%(stage)s” can only be returned: it asks fewer people than it needs approvals"
        ),
    }[reason] % words


def why_blocked(reason: str) -> str:
    """Why nobody can move a stage, and what would help."""
    return {
        "no_post": _("No post fits this stage. Create one and appoint somebody."),
        "vacant": _("Nobody holds a post that is asked. Appoint somebody."),
        "excluded": _(
            "Those who are asked wrote or submitted it, or have had their say. "
            "Appoint somebody else."
        ),
        "out_of_reach": _("Fewer people are asked than approvals are needed. Somebody returns it."),
    }[reason]
