"""What narrows a list: every answer is optional, and one that makes no sense is passed over."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.templatetags.ui import LIGHTS, STATES
from directory.models import Person, Unit
from directory.queries import Holding
from workflows.models import Plan, Priority, Task
from workflows.queries.lists import plans_to_choose, units_to_choose

LONGEST = 100
LONGEST_LABEL = 30


class Words(forms.CharField):
    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=LONGEST,
            widget=forms.TextInput(
                attrs={
                    "type": "search",
                    "autocomplete": "off",
                    "placeholder": _("Title, unit or document number"),
                }
            ),
            label=pgettext_lazy("filter", "Words"),
        )


class SearchForm(forms.Form):
    q = Words()


class PlanChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Plan) -> str:
        """Its number, which is short and known; a plan without one has only its title."""
        return obj.number or Truncator(obj.title).chars(LONGEST_LABEL)


class TaskFilter(forms.Form):
    """Narrows the list of tasks to what the person asks for."""

    q = Words()
    state = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("filter", "State"),
        choices=[
            ("", pgettext_lazy("filter", "Not closed yet")),
            *((state, STATES[state]) for state in Task.State.values),
            ("all", pgettext_lazy("filter", "All states")),
        ],
    )
    light = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("filter", "On time"),
        choices=[
            ("", pgettext_lazy("filter", "Any")),
            *((light, LIGHTS[light][0]) for light in ("overdue", "due_soon", "on_track")),
        ],
    )
    priority = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("filter", "Priority"),
        choices=[("", pgettext_lazy("filter", "Any")), *Priority.choices],
    )
    plan = PlanChoice(
        queryset=Plan.objects.none(),
        required=False,
        label=pgettext_lazy("filter", "Plan"),
        empty_label=pgettext_lazy("filter", "All plans"),
    )
    unit = forms.ModelChoiceField(
        queryset=Unit.objects.none(),
        required=False,
        label=pgettext_lazy("filter", "Unit"),
        empty_label=pgettext_lazy("filter", "All units"),
    )

    def __init__(self, *args: Any, person: Person, held: Sequence[Holding], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].queryset = plans_to_choose(person, held)  # type: ignore[attr-defined]
        self.fields["unit"].queryset = units_to_choose(person)  # type: ignore[attr-defined]

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked for and makes sense."""
        self.is_valid()
        return self.cleaned_data
