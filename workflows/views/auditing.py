"""The auditor's room: a task or a plan as of a moment, and two moments side by side."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.auditors import for_auditors, organisation_of
from directory.requests import PersonRequest, held
from workflows.comparing import compared
from workflows.forms.auditing import MomentForm, MomentsForm, SubjectForm
from workflows.models import Plan, Task
from workflows.past_pages import then
from workflows.queries.lists import search
from workflows.queries.past import Chain, chain, recent


@require_safe
@for_auditors
def timeline(request: PersonRequest) -> HttpResponse:
    """A task or a plan as it stood after one of its entries, or at a moment; else how to choose."""
    root = _root(request)
    if root is None:
        return render(request, "workflows/timeline.html", _choosing(request, "timeline"))
    entries = chain(root)
    form = MomentForm(request.GET if "day" in request.GET else None)
    at = form.moment
    seq = entries.seq_at(at) if at else _number(request, "seq", entries)
    context: dict[str, Any] = {"root": root, "form": form, "tab": "timeline", "section": "audit"}
    if seq:
        context["then"] = then(root, seq, at, all_of=entries)
    else:
        context["first"] = entries.entries[0]
    if not form.is_bound:
        shown = timezone.localtime(at or entries.entries[max(seq, 1) - 1].at)
        context["form"] = MomentForm(initial=_initial(shown))
    return render(request, "workflows/timeline.html", context)


@require_safe
@for_auditors
def comparison(request: PersonRequest) -> HttpResponse:
    """What changed on a task or a plan between two of its entries, or two moments."""
    root = _root(request)
    if root is None:
        return render(request, "workflows/comparison.html", _choosing(request, "comparison"))
    entries = chain(root)
    form = MomentsForm(request.GET if "day" in request.GET else None)
    moments = form.moments
    context: dict[str, Any] = {"root": root, "form": form, "tab": "comparison", "section": "audit"}
    if moments:
        first, second = (entries.seq_at(one) for one in moments)
    else:
        last = len(entries.entries)
        second = _number(request, "to", entries)
        first = min(_number(request, "from", entries, default=max(second - 1, 1)), last)
        first, second = min(first, second), max(first, second)
    if not second:
        context["first"] = entries.entries[0]
    else:
        early, late = moments or (None, None)
        # What wasn't there yet is compared as it began.
        context["found"] = compared(
            then(root, max(first, 1), early if first else None, all_of=entries),
            then(root, second, late, all_of=entries),
        )
        context["from_nothing"] = first == 0
    if not form.is_bound:
        context["form"] = MomentsForm(
            initial={
                **_initial(timezone.localtime(entries.entries[max(first, 1) - 1].at)),
                **{
                    f"until_{name}": value
                    for name, value in _initial(
                        timezone.localtime(entries.entries[max(second, 1) - 1].at)
                    ).items()
                },
            }
        )
    return render(request, "workflows/comparison.html", context)


def _choosing(request: PersonRequest, tab: str) -> dict[str, Any]:
    form = SubjectForm(request.GET)
    words = form.cleaned_data["q"].strip() if form.is_valid() else ""
    found = search(request.user, held(request), words)
    subjects = (
        [(one.subject, str(one), one.number) for one in found.plans]
        + [(one.subject, f"{one.measure.number} {one}", one.plan.number) for one in found.tasks]
        if words
        else recent(organisation_of(request))
    )
    return {
        "subject_form": form,
        "subjects": subjects,
        "more": found.more,
        "words": words,
        "tab": tab,
        "section": "audit",
    }


def _root(request: PersonRequest) -> Task | Plan | None:
    """The task or plan that the address names; None where it names none. Raises Http404."""
    kind, _colon, key = request.GET.get("subject", "").partition(":")
    if not key:
        return None
    try:
        pk = UUID(key)
    except ValueError:
        raise Http404 from None
    organisation = organisation_of(request)
    found: Task | Plan | None = None
    if kind == "task":
        tasks = Task._default_manager.select_related("measure", "plan")
        found = tasks.filter(organisation=organisation, pk=pk).first()
    elif kind == "plan":
        found = Plan._default_manager.filter(organisation=organisation, pk=pk).first()
    if found is None or not found.chain_length:
        raise Http404
    return found


def _number(request: PersonRequest, name: str, entries: Chain, default: int | None = None) -> int:
    """The number of an entry; whatever is none stands for the last."""
    last = len(entries.entries)
    text = request.GET.get(name, "")
    if text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= last:
        return int(text[:9])
    return last if default is None else default


def _initial(at: Any) -> dict[str, Any]:
    return {"day": at.date().isoformat(), "time": at.time().isoformat("seconds")}
