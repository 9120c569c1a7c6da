"""The page on which an administrator has texts of a person erased."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import erasing
from directory import actions
from directory.actions.erasure import MOST
from directory.forms.erasure import ErasureForm
from directory.models import Person
from directory.requests import PersonRequest
from directory.views.asking import Question, administrator_only, ask, posted


@administrator_only
def person_erase(request: PersonRequest, person_id: UUID) -> HttpResponse:
    person = get_object_or_404(Person.objects.for_user(request.user), pk=person_id)
    texts = erasing.texts_of(person.subject, person.organisation_id, limit=MOST)
    question = Question(
        title=_("Erase texts of %(person)s") % {"person": person},
        what=_("Names, comments, reasons and files that this person wrote or that are about them"),
        ask=_("Choose what has to go by law or because it should never have been written"),
        next=_(
            "It is gone for good within a minute, files too; what was signed stays provable, and "
            "the record says who asked and why. Backups keep it until they are deleted"
        ),
        button=_("Erase for good"),
        back=reverse("person", args=[person.pk]),
        done=_("It will be gone within a minute."),
        grave=True,
    )
    return ask(
        request,
        question,
        ErasureForm(posted(request), texts=texts),
        lambda data: actions.request_erasure(
            person_id=person.pk,
            digests=[bytes.fromhex(one) for one in data["texts"]],
            reason=data["reason"],
            actor=request.user,
            at=timezone.now(),
        ),
    )
