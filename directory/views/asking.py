"""What the pages with a form have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from audit.errors import Refused
from directory import actions, policy
from directory.requests import PersonRequest, held

View = Callable[..., HttpResponse]

shown_or_sent = require_http_methods(["GET", "HEAD", "POST"])
"""A page with a form knows no other method."""


def administrator_only(view: View) -> View:
    """Let only an administrator in; everybody else reads why not. Raises NotAdministrator."""

    @login_required
    @shown_or_sent
    @wraps(view)
    def checked(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_administrator(request):
            raise actions.NotAdministrator
        return view(request, *args, **kwargs)

    return checked


def is_administrator(request: PersonRequest) -> bool:
    return bool(policy.may_administer([holding.role for holding in held(request)]))


def posted(request: PersonRequest) -> QueryDict | None:
    """What a form is bound to: an empty answer is an answer, a first look is none."""
    return request.POST if request.method == "POST" else None


@dataclass(frozen=True)
class Question:
    """A page with one form: its title, the three answers of every page, and its button."""

    title: str
    what: str
    ask: str
    next: str
    button: str
    back: str
    """Where the page leads back to, and where one arrives afterwards."""
    done: str
    grave: bool = False


def ask(
    request: PersonRequest, question: Question, form: Form, act: Callable[[dict[str, Any]], object]
) -> HttpResponse:
    """Show the form; act on a good answer. A refusal comes back beside what was written."""
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, question.done)
            return redirect(question.back)
    context = {"form": form, "question": question}
    return render(request, "directory/form.html", context, status=422 if form.errors else 200)
