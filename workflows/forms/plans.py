"""The forms of a plan."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class PlanForm(forms.Form):
    """A draft's head."""

    title = forms.CharField(label=_("Title"), max_length=300)
    number = forms.CharField(label=_("Document number"), max_length=100, required=False)
    overseer = forms.ChoiceField(
        label=_("Office that oversees"),
        required=False,
        help_text=_("It reviews and closes the tasks that your own unit leads."),
    )
    basis = forms.CharField(
        label=_("Basis"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    budget_note = forms.CharField(
        label=_("Budget note"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    addressees = forms.MultipleChoiceField(
        label=_("Addressees"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, units: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["overseer"].choices = [("", "–"), *units]  # type: ignore[attr-defined]
        self.fields["addressees"].choices = units  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why something ends early."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is kept with the record and shown to those concerned."),
    )
