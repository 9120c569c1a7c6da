"""What is asked when a signer asks others, and when a decision is taken back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals.actions.turns import NOTE_LIMIT
from directory.models import Person

WHEN = [
    ("before", _("before me: my turn comes back once they have decided")),
    ("after", _("after me: the stage goes on once they have decided, too")),
    ("parallel", _("beside me: both of us are asked at once")),
]


class AskForm(forms.Form):
    """Whom to ask and why; `q` finds people, `when` belongs to an added signer."""

    q = forms.CharField(label=_("Find somebody"), required=False, max_length=100)
    person = forms.ModelChoiceField(
        label=pgettext_lazy("asking", "Whom"),
        queryset=Person.objects.none(),
        error_messages={"required": _("Choose whom to ask.")},
    )
    when = forms.ChoiceField(
        label=pgettext_lazy("asking", "When"),
        choices=WHEN,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose when they are asked.")},
    )
    note = forms.CharField(
        label=_("Why"),
        help_text=_("They see it as written, and the record keeps it."),
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, verb: str, asker: Person, **more: Any) -> None:
        super().__init__(*args, **more)
        # The action says who may be asked; its refusal names the person.
        everybody = Person.objects.filter(organisation=asker.organisation_id)
        self.fields["person"].queryset = everybody  # type: ignore[attr-defined]
        if verb != "add_signer":
            del self.fields["when"]
        if verb == "consult":
            self.fields["note"].label = _("Your question")

    @property
    def given(self) -> dict[str, Any]:
        """What the action takes."""
        return {name: self.cleaned_data[name] for name in self.fields if name != "q"}


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The record keeps it beside the decision."),
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
