"""The second person: which passkeys wait for an administrator, and whether they have to."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.templatetags.ui import moment_long
from directory import actions, queries
from directory.forms.keeping import NothingToFillIn
from directory.forms.passkeys import ApprovalOfPasskeysForm, ReasonForm
from directory.models import Passkey
from directory.requests import PersonRequest
from directory.views.asking import Question, administrator_only, ask, posted


@administrator_only
def passkey_approvals(request: PersonRequest) -> HttpResponse:
    """Which passkeys wait, and the organisation's rule."""
    organisation = request.user.organisation
    form = ApprovalOfPasskeysForm(
        posted(request), initial={"wanted": "yes" if organisation.passkeys_need_approval else "no"}
    )
    if request.method == "POST" and form.is_valid():
        actions.ask_for_approval_of_passkeys(
            organisation_id=organisation.pk,
            actor=request.user,
            at=timezone.now(),
            **form.cleaned_data,
        )
        messages.success(request, _("The rule counts for every passkey set up from now on."))
        return redirect("passkey_approvals")
    context = {
        "awaiting": queries.passkeys_awaiting(organisation.pk),
        "needs_approval": organisation.passkeys_need_approval,
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "directory/passkey_approvals.html", context, status=status)


@administrator_only
def passkey_approve(request: PersonRequest, passkey_id: UUID) -> HttpResponse:
    passkey = get_object_or_404(Passkey.objects.for_user(request.user), pk=passkey_id)
    question = Question(
        title=_("Approve a passkey of %(person)s") % _about(passkey),
        what=_("“%(name)s”, set up on %(at)s from %(place)s") % _about(passkey),
        ask=_("Ask %(person)s, by voice, whether they did this") % _about(passkey),
        next=_("From now on it signs in and signs decisions as %(person)s") % _about(passkey),
        button=_("Approve passkey"),
        back=reverse("passkey_approvals"),
        done=_("The passkey has been approved."),
    )
    return ask(
        request,
        question,
        NothingToFillIn(posted(request)),
        lambda data: actions.approve_passkey(
            passkey_id=passkey.pk, actor=request.user, at=timezone.now()
        ),
    )


@administrator_only
def passkey_decline(request: PersonRequest, passkey_id: UUID) -> HttpResponse:
    passkey = get_object_or_404(Passkey.objects.for_user(request.user), pk=passkey_id)
    question = Question(
        title=_("Decline a passkey of %(person)s") % _about(passkey),
        what=_("“%(name)s”, set up on %(at)s from %(place)s") % _about(passkey),
        ask=_("Do this when %(person)s did not set it up, or should not have") % _about(passkey),
        next=_("It never counts; %(person)s is told, and can set up another") % _about(passkey),
        button=_("Decline passkey"),
        back=reverse("passkey_approvals"),
        done=_("The passkey has been declined."),
        grave=True,
    )
    told = _("%(person)s reads it, and it stands on the record.") % _about(passkey)
    return ask(
        request,
        question,
        ReasonForm(posted(request), help_text=told),
        lambda data: actions.decline_passkey(
            passkey_id=passkey.pk, actor=request.user, at=timezone.now(), **data
        ),
    )


def _about(passkey: Passkey) -> dict[str, object]:
    return {
        "person": passkey.person,
        "name": passkey.name,
        "at": moment_long(passkey.enrolled_at),
        "place": passkey.enrolled_from or "–",
    }
