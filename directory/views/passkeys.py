"""Everybody's own passkeys: the list, a new one, another name, the end of one."""

from typing import Any
from uuid import UUID

from axes.helpers import get_client_ip_address
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from audit.errors import Refused
from directory import actions, browsers, queries
from directory.forms.passkeys import (
    NewPasskeyAnswerForm,
    NewPasskeyForm,
    PasskeyNameForm,
    ReasonForm,
)
from directory.models import Passkey
from directory.passwords import is_locked, is_password_of
from directory.requests import PersonRequest
from directory.views.answers import NotUnderstood, in_json, nowhere, party_of
from directory.views.asking import Question, ask, is_administrator, posted, shown_or_sent
from directory.views.door import TriesUsedUp


class WrongPassword(Refused):
    """Not the password of whoever is signed in."""

    status = 422
    sentence = gettext_lazy("That is not your password. Nothing was changed.")


@login_required
@require_safe
def passkeys(request: PersonRequest) -> HttpResponse:
    context = {
        "passkeys": queries.passkeys_of(request.user),
        "form": NewPasskeyForm(),
        "needs_approval": request.user.organisation.passkeys_need_approval,
        "nowhere": nowhere(request),
    }
    return render(request, "directory/passkeys.html", context)


@login_required
@sensitive_post_parameters("password")
@require_POST
@in_json
def passkey_options(request: PersonRequest) -> dict[str, Any]:
    """What the browser is to ask its device for, once the password has been entered again."""
    party, form = party_of(request), NewPasskeyForm(request.POST)
    if not form.is_valid():
        raise NotUnderstood.of(form)
    if not is_password_of(request, form.cleaned_data["password"]):
        raise TriesUsedUp if is_locked(request) else WrongPassword
    options = actions.ask_for_passkey(
        person_id=request.user.pk, party=party, actor=request.user, at=timezone.now()
    )
    return {"options": options}


@login_required
@require_POST
@in_json
def passkey_enrol(request: PersonRequest) -> dict[str, Any]:
    """Keep the key that the device has made."""
    form = NewPasskeyAnswerForm(request.POST)
    if not form.is_valid():
        raise NotUnderstood.of(form)
    passkey = actions.enrol_passkey(
        person_id=request.user.pk,
        party=party_of(request),
        enrolled_from=_place(request),
        actor=request.user,
        at=timezone.now(),
        **form.cleaned_data,
    )
    messages.success(
        request,
        _("The passkey has been set up. It counts once an administrator has approved it.")
        if passkey.needs_approval
        else _("The passkey has been set up. You can sign in with it from now on."),
    )
    return {"next": reverse("passkeys")}


def _place(request: PersonRequest) -> str:
    user_agent = request.headers.get("User-Agent", "")
    return browsers.in_words(user_agent, get_client_ip_address(request) or "")


@login_required
@shown_or_sent
def passkey_rename(request: PersonRequest, passkey_id: UUID) -> HttpResponse:
    passkey = get_object_or_404(Passkey.objects.for_user(request.user), pk=passkey_id)
    if passkey.person_id != request.user.pk:
        raise actions.NotYours
    question = Question(
        title=_("Rename the passkey “%(name)s”") % {"name": passkey.name},
        what=_("What you know this passkey by"),
        ask=_("Give it a name that tells your devices apart"),
        next=_("Only the name changes; the passkey stays what it is"),
        button=_("Save name"),
        back=reverse("passkeys"),
        done=_("The passkey has a new name."),
    )
    return ask(
        request,
        question,
        PasskeyNameForm(posted(request), initial={"name": passkey.name}),
        lambda data: actions.rename_passkey(
            passkey_id=passkey.pk, actor=request.user, at=timezone.now(), **data
        ),
    )


@login_required
@shown_or_sent
def passkey_revoke(request: PersonRequest, passkey_id: UUID) -> HttpResponse:
    """The owner's page, and the administrator's, who has to say why."""
    passkey = get_object_or_404(Passkey.objects.for_user(request.user), pk=passkey_id)
    is_own = passkey.person_id == request.user.pk
    if not (is_own or is_administrator(request)):
        raise actions.NotYours
    form = ReasonForm(
        posted(request),
        required=not is_own,
        help_text=_("It stands on the record.")
        if is_own
        else _("%(person)s reads it, and it stands on the record.") % {"person": passkey.person},
    )
    question = Question(
        title=_("Revoke the passkey “%(name)s”") % {"name": passkey.name},
        what=_("Belongs to %(person)s, set up from %(place)s") % _about(passkey),
        ask=_("Do this when its device is lost, given away or no longer used"),
        next=_("It opens nothing and signs nothing any more; what it signed stays valid"),
        button=_("Revoke passkey"),
        back=reverse("passkeys") if is_own else reverse("person", args=[passkey.person_id]),
        done=_("The passkey has been revoked."),
        grave=True,
    )
    return ask(
        request,
        question,
        form,
        lambda data: actions.revoke_passkey(
            passkey_id=passkey.pk, actor=request.user, at=timezone.now(), **data
        ),
    )


def _about(passkey: Passkey) -> dict[str, object]:
    return {"person": passkey.person, "place": passkey.enrolled_from or "–"}
