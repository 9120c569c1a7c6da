"""Forms with which an administrator keeps the directory."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from directory.models import Organisation, Person, Post, Unit, UnitGroup
from directory.queries.holdings import appointments
from directory.sheets import MAX_BYTES


class Lines(forms.CharField):
    """A text area of short texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else "\n".join(value)

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines()]
        return [line for line in lines if line]

    def validate(self, value: Any) -> None:
        super().validate("\n".join(value))
        if any(len(line) > 100 for line in value):
            raise forms.ValidationError(_("Keep each line to 100 characters."))


class Day(forms.DateField):
    """A date with the browser's own picker."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of the active people, told apart by the units of their posts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Person.objects.none(), **kwargs)

    def offer(self, organisation_id: UUID, at: datetime, *, but: Person | None = None) -> None:
        running = Prefetch("appointments", queryset=appointments(at))
        people = Person.objects.filter(organisation=organisation_id, is_active=True)
        people = people.exclude(pk=but.pk) if but else people
        self.queryset = people.prefetch_related(running)

    def label_from_instance(self, person: Person) -> str:
        units = dict.fromkeys(one.post.unit.name for one in person.appointments.all())
        return " · ".join([person.name, *units])


class UnitForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    kind = forms.ChoiceField(label=_("Kind"), choices=Unit.Kind.choices)
    parent = forms.ModelChoiceField(
        label=_("Superior unit"), queryset=Unit.objects.none(), required=False
    )
    aliases = Lines(
        label=_("Other names"),
        required=False,
        help_text=_("One a line. Plans that use one of them find this unit."),
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = existing_units(organisation)  # type: ignore[attr-defined]


class GroupForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("As documents write it, such as 各街道.")
    )
    aliases = Lines(label=_("Other names"), required=False, help_text=_("One a line."))
    units = forms.ModelMultipleChoiceField(
        label=_("Members"),
        queryset=Unit.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["units"].queryset = existing_units(organisation)  # type: ignore[attr-defined]


class PostForm(forms.Form):
    title = forms.CharField(label=pgettext_lazy("of a post", "Title"), max_length=60)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Post.Role.choices,
        help_text=_("What the holder may do here. An administrator decides on nothing."),
    )


class AppointForm(forms.Form):
    person = PersonField(label=_("Person"))
    replace = forms.BooleanField(label=_("The present holder leaves this post now"), required=False)

    def __init__(
        self,
        *args: Any,
        organisation: Organisation,
        at: datetime,
        vacant: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        cast(PersonField, self.fields["person"]).offer(organisation.pk, at)
        if vacant:
            del self.fields["replace"]


class NewPersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60)
    username = forms.RegexField(
        r"[\w.@+-]+\Z",
        label=_("Account"),
        max_length=60,
        help_text=_("What they sign in with: letters, digits and . @ + - _"),
    )
    email = forms.EmailField(label=_("Mail address"), required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As their browser asks")), *Person.LANGUAGES],
    )


class PersonForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("What was signed before keeps the name it was signed under."),
    )
    email = forms.EmailField(label=_("Mail address"), required=False)


class GivenPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Hand it over in person; they change it themselves."),
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.person)
        return password


class CalendarDayForm(forms.Form):
    date = Day(label=_("Date"))
    is_working = forms.TypedChoiceField(
        label=_("This day is"),
        choices=[("no", _("free")), ("yes", _("worked"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    name = forms.CharField(label=_("Why"), max_length=60, required=False)


class SeedForm(forms.Form):
    year = forms.IntegerField(label=_("Year"), min_value=2000, max_value=2100)


class SheetForm(forms.Form):
    file = forms.FileField(
        label=_("Sheet"),
        help_text=_("An .xlsx or .csv file of at most 5 MB, one row a post."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv", "data-limit": MAX_BYTES}),
        allow_empty_file=True,
    )


class NothingToFillIn(forms.Form):
    """A question that pressing the button answers."""


class DelegationForm(forms.Form):
    delegate = PersonField(label=_("Who acts for you"))
    post = forms.ModelChoiceField(
        label=_("In which post"),
        queryset=Post.objects.none(),
        required=False,
        empty_label=_("All my posts"),
    )
    first = Day(label=_("From"))
    last = Day(label=_("To, that day included"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Such as leave or a business trip. It stands on the record."),
    )

    def __init__(self, *args: Any, person: Person, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Post.objects.filter(
            appointments__person=person, abolished_at=None, appointments__starts_at__lte=at
        ).exclude(appointments__ends_at__lte=at)
        delegate = cast(PersonField, self.fields["delegate"])
        delegate.offer(person.organisation_id, at, but=person)
        self.fields["post"].queryset = own.distinct()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day lies before the first."))
        return data


def existing_units(organisation: Organisation) -> Any:
    return Unit.objects.filter(organisation=organisation, abolished_at=None)


def initial_of(thing: Unit | UnitGroup) -> dict[str, Any]:
    """What a form about this unit or group shows at first."""
    shown = {"name": thing.name, "aliases": thing.aliases}
    if isinstance(thing, Unit):
        return shown | {"kind": thing.kind, "parent": thing.parent_id}
    return shown | {"units": [unit.pk for unit in thing.units.all()]}
