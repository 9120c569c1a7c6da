"""Who takes part in a measure, as typed in a form."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from directory.models import Organisation, Unit
from workflows.models import Priority
from workflows.parties import Parties


def units_of(organisation: Organisation) -> list[tuple[str, str]]:
    """The units that exist, as choices in the order of the directory."""
    units = Unit.objects.filter(organisation=organisation, abolished_at=None)
    return [(str(pk), name) for pk, name in units.values_list("pk", "name")]


class MeasureForm(forms.Form):
    """A measure's heading, deadline, priority and units."""

    heading = forms.CharField(label=_("Heading"), max_length=300)
    due_date = forms.DateField(
        label=_("Due date"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority)
    lead = forms.ChoiceField(label=_("Lead unit"), required=False)
    cooperating = forms.MultipleChoiceField(
        label=_("Cooperating units"), required=False, widget=forms.CheckboxSelectMultiple
    )
    each = forms.MultipleChoiceField(
        label=_("Units with a task of their own"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each of them leads a task of the same text."),
    )
    assessors = forms.MultipleChoiceField(
        label=_("Assessing units"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("They assess the work and do none of it."),
    )
    no_task = forms.BooleanField(
        label=_("This is no task, only text"),
        required=False,
        help_text=_("It stays in the plan and nobody has to report on it."),
    )

    def __init__(self, *args: Any, units: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nobody = ("", pgettext_lazy("lead unit", "nobody"))
        self.fields["lead"].choices = [nobody, *units]  # type: ignore[attr-defined]
        for name in ("cooperating", "each", "assessors"):
            self.fields[name].choices = units  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        leads, tasks = data.get("lead"), data.get("each")
        if data.get("no_task"):
            if leads or tasks or data.get("cooperating"):
                self.add_error("no_task", _("Take the units away, or let it be a task."))
        elif not leads and not tasks and "lead" not in self.errors:
            self.add_error("lead", _("Name the unit that leads, or units with their own task."))
        elif data.get("cooperating") and not leads:
            self.add_error("lead", _("Name the unit that the others cooperate with."))
        return data

    def parties(self, group: str = "") -> Parties:
        """What was chosen; `group` is the printed name of those with a task of their own."""
        data = self.cleaned_data
        each = {group: data["each"]} if data["each"] else {}
        return Parties(
            data["lead"] or None, data["cooperating"], data["assessors"], each, data["no_task"]
        )


def initial_of(
    heading: str, due_date: str | None, parties: Parties, priority: str
) -> dict[str, Any]:
    """A measure as the form shows it at first."""
    return {
        "heading": heading,
        "due_date": due_date,
        "priority": priority,
        "lead": parties.lead,
        "cooperating": parties.cooperating,
        "each": [unit for members in parties.each.values() for unit in members],
        "assessors": parties.assessors,
        "no_task": parties.no_task,
    }
