"""The administrator's forms: units, groups, posts, appointments, people."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from directory import actions, queries
from directory.forms.keeping import (
    AppointForm,
    GivenPasswordForm,
    GroupForm,
    NewPersonForm,
    NothingToFillIn,
    PersonForm,
    PostForm,
    UnitForm,
    initial_of,
)
from directory.models import Appointment, Person, Post, Unit, UnitGroup
from directory.requests import PersonRequest
from directory.views.asking import Question, administrator_only, ask, posted


@administrator_only
def unit_new(request: PersonRequest) -> HttpResponse:
    organisation = request.user.organisation
    form = UnitForm(posted(request), organisation=organisation)
    question = Question(
        title=_("New unit"),
        what=_("An organ, office or street office that can be given tasks"),
        ask=_("Give its name as documents print it"),
        next=_("You add its posts; plans find it from now on"),
        button=_("Add unit"),
        back=reverse("directory"),
        done=_("The unit has been added."),
    )
    return ask(
        request,
        question,
        form,
        lambda data: actions.create_unit(
            organisation=organisation, actor=request.user, at=timezone.now(), **data
        ),
    )


@administrator_only
def unit_change(request: PersonRequest, unit_id: UUID) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.for_user(request.user), pk=unit_id)
    form = UnitForm(posted(request), organisation=unit.organisation, initial=initial_of(unit))
    question = Question(
        title=_("Change %(unit)s") % {"unit": unit},
        what=_("The unit’s name, kind and place"),
        ask=_("Change what is no longer right"),
        next=_("Pages show the new name; documents and records keep the old one"),
        button=_("Save changes"),
        back=reverse("unit", args=[unit.pk]),
        done=_("The unit has been changed."),
    )
    return ask(
        request,
        question,
        form,
        lambda data: actions.change_unit(
            unit_id=unit.pk, actor=request.user, at=timezone.now(), **data
        ),
    )


@administrator_only
def unit_abolish(request: PersonRequest, unit_id: UUID) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.for_user(request.user), pk=unit_id)
    question = Question(
        title=_("Abolish %(unit)s") % {"unit": unit},
        what=_("The unit ends, with its posts and appointments"),
        ask=_("Make sure that its open tasks have been given to others"),
        next=_("It can’t be given tasks any more; its history stays"),
        button=_("Abolish unit"),
        back=reverse("directory"),
        done=_("The unit has been abolished."),
        grave=True,
    )
    return ask(
        request,
        question,
        NothingToFillIn(posted(request)),
        lambda data: actions.abolish_unit(unit_id=unit.pk, actor=request.user, at=timezone.now()),
    )


@administrator_only
def group_new(request: PersonRequest) -> HttpResponse:
    organisation = request.user.organisation
    form = GroupForm(posted(request), organisation=organisation)
    question = _about_group(_("New group"), _("Add group"), _("The group has been added."))
    return ask(
        request,
        question,
        form,
        lambda data: actions.create_group(
            organisation=organisation, actor=request.user, at=timezone.now(), **data
        ),
    )


@administrator_only
def group_change(request: PersonRequest, group_id: UUID) -> HttpResponse:
    group = get_object_or_404(UnitGroup.objects.for_user(request.user), pk=group_id)
    form = GroupForm(posted(request), organisation=group.organisation, initial=initial_of(group))
    title = _("Change %(group)s") % {"group": group}
    question = _about_group(title, _("Save changes"), _("The group has been changed."))
    return ask(
        request,
        question,
        form,
        lambda data: actions.change_group(
            group_id=group.pk, actor=request.user, at=timezone.now(), **data
        ),
    )


def _about_group(title: str, button: str, done: str) -> Question:
    return Question(
        title=title,
        what=_("A collective name that documents use; never a unit itself"),
        ask=_("Say which units it stands for"),
        next=_("The next import asks about it with these members; plans in force keep theirs"),
        button=button,
        back=reverse("directory"),
        done=done,
    )


@administrator_only
def post_new(request: PersonRequest, unit_id: UUID) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.for_user(request.user), pk=unit_id)
    question = Question(
        title=_("New post in %(unit)s") % {"unit": unit},
        what=_("A seat with a role; work belongs to posts, posts to people"),
        ask=_("Give its title and choose its role"),
        next=_("You appoint somebody to it"),
        button=_("Add post"),
        back=reverse("unit", args=[unit.pk]),
        done=_("The post has been added."),
    )
    return ask(
        request,
        question,
        PostForm(posted(request)),
        lambda data: actions.create_post(unit=unit, actor=request.user, at=timezone.now(), **data),
    )


@administrator_only
def post_abolish(request: PersonRequest, post_id: UUID) -> HttpResponse:
    post = get_object_or_404(Post.objects.for_user(request.user), pk=post_id)
    question = Question(
        title=_("Abolish the post %(post)s") % {"post": post},
        what=_("The post ends, and with it the appointment of its holder"),
        ask=_("Make sure that no approval waits for this post"),
        next=_("Nobody can hold it any more; what was signed in it stays"),
        button=_("Abolish post"),
        back=reverse("unit", args=[post.unit_id]),
        done=_("The post has been abolished."),
        grave=True,
    )
    return ask(
        request,
        question,
        NothingToFillIn(posted(request)),
        lambda data: actions.abolish_post(post_id=post.pk, actor=request.user, at=timezone.now()),
    )


@administrator_only
def appoint(request: PersonRequest, post_id: UUID) -> HttpResponse:
    post = get_object_or_404(Post.objects.for_user(request.user), pk=post_id)
    at = timezone.now()
    holder = queries.holder(post, at)
    form = AppointForm(
        posted(request), organisation=post.organisation, at=at, vacant=holder is None
    )
    names = {"post": post, "unit": post.unit, "holder": holder}
    question = Question(
        title=_("Appoint to %(post)s, %(unit)s") % names,
        what=_("%(holder)s holds this post now") % names if holder else _("The post is vacant"),
        ask=_("Choose who holds it from now on"),
        next=_("They find the post’s open work in their inbox at once"),
        button=_("Appoint"),
        back=reverse("unit", args=[post.unit_id]),
        done=_("The appointment has been made."),
    )
    return ask(
        request,
        question,
        form,
        lambda data: actions.appoint(post=post, actor=request.user, at=timezone.now(), **data),
    )


@administrator_only
def dismiss(request: PersonRequest, appointment_id: UUID) -> HttpResponse:
    found = Appointment.objects.for_user(request.user)
    appointment = get_object_or_404(found, pk=appointment_id)
    names = {"person": appointment.person, "post": appointment.post}
    question = Question(
        title=_("End the appointment of %(person)s") % names,
        what=_("%(person)s holds the post %(post)s") % names,
        ask=_("Say that this ends now"),
        next=_("The post is vacant; its open work waits for the next holder"),
        button=_("End appointment"),
        back=reverse("unit", args=[appointment.post.unit_id]),
        done=_("The appointment has ended."),
        grave=True,
    )
    return ask(
        request,
        question,
        NothingToFillIn(posted(request)),
        lambda data: actions.dismiss(
            appointment_id=appointment.pk, actor=request.user, at=timezone.now()
        ),
    )


@administrator_only
def person_new(request: PersonRequest) -> HttpResponse:
    organisation = request.user.organisation
    question = Question(
        title=_("New person"),
        what=_("An account for somebody who works here"),
        ask=_("Give name and account"),
        next=_("You give them a password and appoint them to a post"),
        button=_("Add person"),
        back=reverse("people"),
        done=_("The account has been made. Nobody can sign in to it before it has a password."),
    )
    return ask(
        request,
        question,
        NewPersonForm(posted(request)),
        lambda data: actions.create_person(
            organisation=organisation, actor=request.user, at=timezone.now(), **data
        ),
    )


@administrator_only
def person_change(request: PersonRequest, person_id: UUID) -> HttpResponse:
    person = get_object_or_404(Person.objects.for_user(request.user), pk=person_id)
    form = PersonForm(posted(request), initial={"name": person.name, "email": person.email})
    question = _about_person(
        person,
        title=_("Change %(person)s") % {"person": person},
        what=_("Name and mail address"),
        ask=_("Change what is no longer right"),
        next=_("Pages show the new name; what was signed keeps the old one"),
        button=_("Save changes"),
        done=_("The changes have been saved."),
    )
    return ask(
        request,
        question,
        form,
        lambda data: actions.change_person(
            person_id=person.pk, actor=request.user, at=timezone.now(), **data
        ),
    )


@administrator_only
def person_password(request: PersonRequest, person_id: UUID) -> HttpResponse:
    person = get_object_or_404(Person.objects.for_user(request.user), pk=person_id)
    question = _about_person(
        person,
        title=_("A new password for %(person)s") % {"person": person},
        what=_("For somebody who is new or forgot theirs"),
        ask=_("Think of a password and hand it over in person"),
        next=_("Their old password and open sessions end; the record says that you did this"),
        button=_("Set password"),
        done=_("The new password counts from now on."),
    )
    form = GivenPasswordForm(posted(request), person=person)
    return ask(
        request,
        question,
        form,
        lambda data: actions.set_password(
            person_id=person.pk, actor=request.user, at=timezone.now(), **data
        ),
    )


@administrator_only
def person_deactivate(request: PersonRequest, person_id: UUID) -> HttpResponse:
    person = get_object_or_404(Person.objects.for_user(request.user), pk=person_id)
    question = _about_person(
        person,
        title=_("Deactivate %(person)s") % {"person": person},
        what=_("The account is closed, its appointments and delegations end"),
        ask=_("Do this when somebody leaves"),
        next=_("Their posts are vacant and keep their open work; everything signed stays"),
        button=_("Deactivate account"),
        done=_("The account has been deactivated."),
        grave=True,
    )
    return ask(
        request,
        question,
        NothingToFillIn(posted(request)),
        lambda data: actions.deactivate_person(
            person_id=person.pk, actor=request.user, at=timezone.now()
        ),
    )


@administrator_only
def person_reactivate(request: PersonRequest, person_id: UUID) -> HttpResponse:
    person = get_object_or_404(Person.objects.for_user(request.user), pk=person_id)
    question = _about_person(
        person,
        title=_("Open the account of %(person)s again") % {"person": person},
        what=_("The account was closed"),
        ask=_("Do this when somebody comes back"),
        next=_("They can sign in with their old password; you appoint them to posts"),
        button=_("Open account again"),
        done=_("The account is open again."),
    )
    return ask(
        request,
        question,
        NothingToFillIn(posted(request)),
        lambda data: actions.reactivate_person(
            person_id=person.pk, actor=request.user, at=timezone.now()
        ),
    )


def _about_person(person: Person, **answers: Any) -> Question:
    return Question(back=reverse("person", args=[person.pk]), **answers)
