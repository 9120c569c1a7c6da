"""Forms about a task. Who may and whether it is in order, the actions ask."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals.forms.choosing import ChoosingForm
from directory.models import Person, Unit
from workflows.models import Priority, Task

LONGEST_REASON = 2000


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It is kept with the record and shown to those concerned."),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ConfirmForm(forms.Form):
    """Nothing to fill in: the page says what follows, the button does it."""


class NamingForm(forms.Form):
    """Who handles the task in the unit, and which deputy is in charge."""

    handler = forms.ModelChoiceField(
        Person.objects.none(),
        label=_("Handler"),
        help_text=_("Reminders go to this person. Empty: whoever holds the unit's handler post."),
        required=False,
        empty_label=_("The unit's handler"),
    )
    deputy = forms.ModelChoiceField(
        Person.objects.none(),
        label=_("Deputy in charge"),
        help_text=_("Signs the report first. Empty: whoever holds the unit's deputy post."),
        required=False,
        empty_label=_("The unit's deputy"),
    )

    def __init__(self, *args: Any, colleagues: Iterable[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Person.objects.filter(pk__in=[one.pk for one in colleagues])
        for name in ("handler", "deputy"):
            self.fields[name].queryset = people  # type: ignore[attr-defined]

    def chosen(self, name: str) -> UUID | None:
        person: Person | None = self.cleaned_data[name]
        return person.pk if person else None


class CloseForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Outcome"), choices=Task.Outcome.choices, widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label=_("Comment"),
        help_text=_("Needed unless the outcome is verified."),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DueDateForm(ReasonForm):
    due_date = forms.DateField(
        label=_("Due date"),
        required=False,
        help_text=_("Empty: no deadline."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    field_order = ("due_date", "reason")


class AskForm(ChoosingForm, ReasonForm):
    """A request: its reason, and who signs where the route lets choose."""

    @property
    def words(self) -> dict[str, Any]:
        """What the action takes besides the signers."""
        return {"reason": self.cleaned_data["reason"]}


class ExtensionForm(AskForm):
    due_date = forms.DateField(
        label=_("New due date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    field_order = ("due_date", "reason")

    @property
    def words(self) -> dict[str, Any]:
        return super().words | {"due_date": self.cleaned_data["due_date"]}


class PriorityForm(ReasonForm):
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority, widget=forms.RadioSelect)
    field_order = ("priority", "reason")


class ReassignForm(ReasonForm):
    lead = forms.ModelChoiceField(Unit.objects.none(), label=_("Lead unit"))
    cooperating = forms.ModelMultipleChoiceField(
        Unit.objects.none(),
        label=_("Cooperating units"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("lead", "cooperating", "reason")

    def __init__(self, *args: Any, organisation_id: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.filter(organisation=organisation_id, abolished_at=None)
        for name in ("lead", "cooperating"):
            self.fields[name].queryset = units  # type: ignore[attr-defined]
