"""What narrows a list: every answer is optional, and one that makes no sense is passed over."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals.models import SignOff
from approvals.queries.mine import Wanted
from approvals.routes import wording
from audit.templatetags.ui import LIGHTS, STATES
from directory.models import Person, Unit
from directory.queries import Holding
from workflows.models import Plan, Priority, Task
from workflows.queries.lists import plans_to_choose, units_to_choose

LONGEST = 100
LONGEST_LABEL = 30


class Day(forms.DateField):
    """A day of our time: the browser's own calendar, which wants it as ISO 8601 has it."""

    def __init__(self, label: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            validators=[MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(2999, 1, 1))],
        )


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


class DecisionFilter(forms.Form):
    """Narrows a person's own decisions; `kinds` are those that they decided on at all."""

    decision = forms.ChoiceField(
        required=False,
        label=_("Decision"),
        choices=[("", pgettext_lazy("filter", "Any")), *SignOff.Decision.choices],
    )
    kind = forms.ChoiceField(required=False, label=pgettext_lazy("filter", "About"))
    since = Day(_("From"))
    until = Day(pgettext_lazy("filter", "Until"))

    def __init__(self, *args: Any, kinds: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(kind, wording.kind(kind)) for kind in kinds]
        self.fields["kind"].choices = [("", pgettext_lazy("filter", "Any")), *known]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        """What was asked for and makes sense."""
        self.is_valid()
        return Wanted(**{name: value for name, value in self.cleaned_data.items() if value})
