"""The forms of an import."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from workflows.answering import Given

LONGEST_TEXT = 2_000_000


class UploadForm(forms.Form):
    """A file, or text pasted."""

    file = forms.FileField(
        label=_("Document"),
        required=False,
        allow_empty_file=True,
        help_text=_("A Word document (.docx), a web page (.html) or plain text (.txt)."),
    )
    text = forms.CharField(
        label=_("Or paste the text"),
        required=False,
        strip=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("The whole document with its number and title."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        file, text = data.get("file"), (data.get("text") or "").strip()
        if not self.errors and bool(file) == bool(text):
            self.add_error("file", _("Choose a file, or paste the text: one of the two."))
        return data


class DocumentForm(forms.Form):
    """What belongs to the plan as a whole."""

    title = forms.CharField(label=_("Title"), max_length=300)
    number = forms.CharField(label=_("Document number"), max_length=100, required=False)
    due_date = forms.DateField(
        label=_("Due date of measures without one"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    overseer = forms.ChoiceField(
        label=_("Office that oversees"),
        required=False,
        help_text=_("It reviews and closes the tasks that your own unit leads."),
    )
    addressees = forms.MultipleChoiceField(
        label=_("Addressees"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, units: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["overseer"].choices = [("", "–"), *units]  # type: ignore[attr-defined]
        self.fields["addressees"].choices = units  # type: ignore[attr-defined]

    def fields_given(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "title": data["title"],
            "number": data["number"],
            "due_date": data["due_date"].isoformat() if data["due_date"] else None,
            "overseer": data["overseer"] or None,
            "addressees": data["addressees"],
        }


class AnswerForm(forms.Form):
    """Whatever an answer may hold; the action judges whether it fits the question."""

    choice = forms.CharField(required=False, max_length=100)
    unit = forms.CharField(required=False, max_length=40)
    group = forms.CharField(required=False, max_length=40)
    lead = forms.CharField(required=False, max_length=40)
    date = forms.CharField(required=False, max_length=10)
    year = forms.CharField(required=False, max_length=4)
    number = forms.CharField(required=False, max_length=100)

    def given(self, units: Iterable[str]) -> Given:
        self.is_valid()
        return Given(**self.cleaned_data, units=tuple(units))
