"""Approving several things from the inbox: a page that shows all of them, then one by one."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods

from approvals.models import WorkItem
from approvals.refusals import NotAsShown
from directory.requests import PersonRequest
from workflows import together as several
from workflows.together import Given


@login_required
@require_http_methods(["GET", "POST"])
def together(request: PersonRequest) -> HttpResponse:
    """What was ticked, each with the sentence that is signed; then sign those that can be."""
    if request.method == "POST":
        return _approve(request)
    found = several.chosen(request.user, _ids(request.GET), timezone.now())
    context = {
        "ready": [one for one in found if not one.left_out],
        "left": [one for one in found if one.left_out],
        "section": "inbox",
    }
    return render(request, "workflows/together.html", context)


def _approve(request: PersonRequest) -> HttpResponse:
    try:
        done, left = several.approve(request.user, _given(request.POST), timezone.now())
    except WorkItem.DoesNotExist:
        raise NotAsShown from None
    if done:
        said = ngettext(
            "%(n)d approval signed and recorded.", "%(n)d approvals signed and recorded.", done
        )
        link = format_html(
            '<a href="{}">{}</a>', reverse("decisions"), pgettext("ledger", "Receipts")
        )
        messages.success(request, format_html("{} {}", said % {"n": done}, link))
    for one in left:
        words = {"title": one.title, "reason": one.reason}
        messages.warning(request, _("“%(title)s” was left out. %(reason)s") % words)
    return redirect("inbox")


def _ids(sent: QueryDict) -> list[UUID]:
    """Those of the values that are ids; an address may hold anything."""
    found = []
    for text in sent.getlist("item"):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _given(sent: QueryDict) -> list[Given]:
    """What the page carried for each. Raises NotAsShown."""
    try:
        return [
            Given(
                item,
                bytes.fromhex(str(sent[f"digest-{item}"])),
                str(sent[f"seen-{item}"]),
                UUID(str(sent[f"key-{item}"])),
            )
            for item in _ids(sent)
        ]
    except (KeyError, ValueError):
        raise NotAsShown from None
